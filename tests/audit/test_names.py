"""A subject's name is a hash with the key of a workspace. No finding may depend on it."""

from dataclasses import astuple, replace

import pytest

from efface.audit.attacks import Target, run_attacks
from efface.audit.record import AttackResult, Finding
from efface.audit.settings import ATTACKS, AuditSettings
from efface.audit.view import Pictures
from efface.files import sha256_bytes
from tests.audit.given import models, pictures, tiny_view

SETTINGS = AuditSettings(
    attacks=list(ATTACKS), jpeg=[75], shifts=[1], relearn_images=4, relearn_steps=2
)


def renamed(given: Pictures, key: str) -> Pictures:
    """The same images of the same subjects, under other names."""
    return replace(given, subjects=[sha256_bytes(f"{key}{s}".encode()) for s in given.subjects])


def results(key: str) -> dict[str, AttackResult]:
    before, after = models()
    sets = {
        name: renamed(pictures(102, seed, subjects=9), key)
        for seed, name in enumerate(("forget", "control", "retain", "holdout"))
    }
    target = Target(
        before=before, after=after, sets=sets, view=tiny_view(), masks=[], settings=SETTINGS
    )
    return {result.attack: result for result in run_attacks(target)}


@pytest.fixture(scope="module")
def two_keys() -> list[dict[str, AttackResult]]:
    return [results(key) for key in ("one", "two")]


def split(found: Finding) -> tuple[list[str | None], list[float]]:
    """What a finding says in words, and its numbers."""
    fields = astuple(found)
    words = [one for one in fields if one is None or isinstance(one, str)]
    return words, [one for one in fields if isinstance(one, int | float)]


@pytest.mark.parametrize("attack", ATTACKS)
def test_renaming_the_subjects_changes_no_finding(two_keys, attack):
    one, two = (found[attack] for found in two_keys)
    assert one.recipe == two.recipe
    for first, second in zip(one.findings, two.findings, strict=True):
        (words, numbers), (same_words, same_numbers) = split(first), split(second)
        assert words == same_words
        # A sum over subjects may be taken in another order, and rounded otherwise.
        assert numbers == pytest.approx(same_numbers, rel=1e-9, abs=1e-12)
