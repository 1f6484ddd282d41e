"""docs/gate.md names what there is, and nothing that there is not."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from efface.gate.rules import RULES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gate.md").read_text()


@pytest.mark.parametrize("rule", RULES)
def test_the_page_explains_the_rule_and_every_setting_of(rule):
    assert f"| `{rule}` |" in PAGE
    missing = [f.name for f in fields(RULES[rule].settings) if f"`{f.name}" not in PAGE]
    assert missing == []


def test_every_test_that_the_page_promises_exists():
    promised = set(re.findall(r"`(test_\w+)`", PAGE))
    sources = (Path(__file__).parent / "test_must_block.py").read_text()
    assert len(promised) >= 20
    assert promised - set(re.findall(r"def (test_\w+)\(", sources)) == set()


def test_every_file_that_the_page_names_exists():
    named = re.findall(r"`((?:src|tests|examples)/[\w/.]+)`", PAGE)
    assert [path for path in named if not (ROOT / path).exists()] == []
