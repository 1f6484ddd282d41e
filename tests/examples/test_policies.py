from pathlib import Path

import pytest

from efface.audit.settings import ATTACKS
from efface.gate.reading import read_policy
from efface.gate.rules import RULES

FOLDER = Path(__file__).parents[2] / "examples" / "fashion"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("policy*.yaml")), ids=lambda path: path.stem)
def test_a_policy_that_comes_with_the_demo_is_one(path):
    assert read_policy(path).rules


def test_the_audit_policy_has_every_attack_and_the_demo_policys_demands():
    whole, demo = (read_policy(FOLDER / f"{name}.yaml") for name in ("policy-audit", "policy"))
    assert set(whole.audit.attacks) == set(ATTACKS)
    assert set(whole.rules) == set(RULES)
    assert demo.rules == {name: whole.rules[name] for name in demo.rules}
