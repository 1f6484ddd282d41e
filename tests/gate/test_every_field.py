"""Every field of a report, when edited, blocks; what cannot be told from the report is listed."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest

from efface.evaluation.recipe import recipe_key
from efface.evaluation.report import Report, Score, read_report, write_report
from efface.gate.decide import decide
from efface.gate.verdict import Verdict
from tests.gate.evaluated import asked, its_audit, merged
from tests.gate.reports import swapped

SHA = "d" * 64
GOOD = merged()
AUDIT = its_audit(GOOD)
POLICY = asked()
NAMED = ("n", "clusters", "value", "standard_error", "degrees", "low", "high")
"""Fields of a score whose edit is told by their name; that of another by what is then missing."""


def judged(report: Report, audit=AUDIT) -> Verdict:
    return decide(report, POLICY, SHA, audit, "e" * 64)


def edits(value: Any) -> list[Any]:
    """Other values of the same kind, by little and by much, and none at all."""
    if isinstance(value, bool):
        return [not value, int(value), None]
    if isinstance(value, int):
        return [value + 1, value - 1, 0, float(value) + 0.5, str(value), None]
    if isinstance(value, float):
        return [value * 1.01 + 1e-6, value * 0.99 - 1e-6, -value - 1, 1e9, str(value), None]
    if isinstance(value, str):
        return [f"{value}x", value[1:] if value else " ", 0, None]
    raise AssertionError(f"no edits for {value!r}")


def survivors(report: Report, reason: str = "") -> bool:
    """Whether an edited report passes, or blocks without a word of the field."""
    verdict = judged(report)
    return verdict.passed or not re.search(rf"\b{re.escape(reason)}\b", " ".join(verdict.reasons))


def kinds() -> dict[str, Score]:
    """One score of each kind: those that rules use, and those that none does."""
    found = {}
    for s in GOOD.scores:
        part = "subject" if s.subject else "ticket" if s.ticket else "set"
        found.setdefault(f"{s.metric} of {s.set}, {part}, {s.region}, {s.side}", s)
    return found


KINDS = kinds()


def test_the_report_passes_also_as_it_is_read_from_its_file(tmp_path):
    assert judged(GOOD).passed, judged(GOOD).reasons
    write_report(tmp_path / "report.json", GOOD)
    assert judged(read_report(tmp_path / "report.json")).checks == judged(GOOD).checks
    assert len(KINDS) == 3 * 2 * ((3 + 3) + (1 + 3))


@pytest.mark.parametrize("field", [f.name for f in fields(Score)])
def test_a_score_that_was_edited_blocks(field):
    passed = [
        (kind, value)
        for kind, score in KINDS.items()
        for value in edits(getattr(score, field))
        if survivors(
            swapped(GOOD, score, replace(score, **{field: value})), field if field in NAMED else ""
        )
    ]
    assert passed == []


@pytest.mark.parametrize("kind", ["lost", "doubled"])
def test_a_score_that_is_lost_or_doubled_blocks(kind):
    new = {"lost": [], "doubled": [0, 0]}[kind]
    assert [k for k, s in KINDS.items() if survivors(swapped(GOOD, s, *[s for _ in new]))] == []


@pytest.mark.parametrize(
    "gone", [NAMED[3:], NAMED[2:]], ids=["its interval", "its value and interval"]
)
def test_a_score_that_lost_several_numbers_contradicts_the_other_two(gone):
    none = dict.fromkeys(gone)
    for score in KINDS.values():
        edited = swapped(GOOD, score, replace(score, **none))
        assert not survivors(edited, f"{score.side} {gone[0]} = None")


@pytest.mark.parametrize("field", next(iter(GOOD.recipes.values())))
def test_a_recipe_that_was_edited_blocks_and_the_field_is_named(field):
    passed = [
        (key, value)
        for key, recipe in GOOD.recipes.items()
        for value in edits(recipe[field])
        if survivors(replace(GOOD, recipes={**GOOD.recipes, key: {**recipe, field: value}}), field)
    ]
    assert passed == []


def test_a_recipe_with_a_field_less_or_more_blocks():
    for key, recipe in GOOD.recipes.items():
        others = [{k: v for k, v in recipe.items() if k != field} for field in recipe]
        for other in (*others, {**recipe, "crop": 3}):
            assert not judged(replace(GOOD, recipes={**GOOD.recipes, key: other})).passed


def test_a_recipe_under_another_name_or_of_no_score_blocks():
    (key, recipe), *others = GOOD.recipes.items()
    assert not survivors(replace(GOOD, recipes={**dict(others), f"{key}x": recipe}))
    unused = {**recipe, "mask": "centre:2x2"}
    with_one_more = replace(GOOD, recipes={**GOOD.recipes, recipe_key(unused): unused})
    assert not survivors(with_one_more, f"Recipe {recipe_key(unused)} is that of no score")


@pytest.mark.parametrize("field", ["before", "after"])
def test_a_fingerprint_of_a_model_that_was_edited_blocks(field):
    for value in edits(getattr(GOOD, field)):
        assert not survivors(replace(GOOD, **{field: value}), field)


@pytest.mark.parametrize(
    "sets",
    [
        {**GOOD.sets, "forget": "9" * 64},
        {**GOOD.sets, "more": "9" * 64},
        {"forget": GOOD.sets["forget"]},
        {},
    ],
    ids=["another fingerprint", "one more", "one less", "none"],
)
def test_sets_that_were_edited_block(sets):
    assert not survivors(replace(GOOD, sets=sets), "sets")


TICKETS = GOOD.tickets


@pytest.mark.parametrize(
    "tickets",
    [
        {"brand": TICKETS["brand"]},
        {"person": TICKETS["person"]},
        {**TICKETS, "more": ["bag-0"]},
        {"brands": TICKETS["brand"], "person": TICKETS["person"]},
        {**TICKETS, "brand": TICKETS["brand"][1:]},
        {**TICKETS, "brand": [*TICKETS["brand"], "bag-3"]},
        {**TICKETS, "brand": [*TICKETS["brand"], "bag-1"]},
        {**TICKETS, "person": ["bag-0"]},
        {**TICKETS, "person": []},
    ],
    ids=str,
)
def test_tickets_that_were_edited_block(tickets):
    assert not survivors(replace(GOOD, tickets=tickets))


@pytest.mark.parametrize("field", list(vars(GOOD.hygiene)))
def test_a_tensor_that_was_added_to_the_comparison_blocks(field):
    assert not survivors(replace(GOOD, hygiene=replace(GOOD.hygiene, **{field: ["some.weight"]})))


def of(report: Report, **wanted: str) -> list[Score]:
    return report.find(**{"metric": "kid", "set": "holdout", "region": "full", **wanted})


def without_a_measurement() -> Report:
    gone = {id(score) for score in of(GOOD)}
    return replace(GOOD, scores=[score for score in GOOD.scores if id(score) not in gone])


def shifted_together() -> Report:
    """A KID that no rule uses, all three numbers and their intervals moved to fit each other."""
    (after,), (change,) = of(GOOD, side="after"), of(GOOD, side="change")
    report = GOOD
    for score in (after, change):
        moved = {name: getattr(score, name) + 0.1 for name in ("value", "low", "high")}
        report = swapped(report, score, replace(score, **moved))
    return report


EXCEPTIONS = {
    "notes: text for people": replace(GOOD, notes=["all is well"]),
    "the order of scores, tickets and subjects says nothing": replace(
        GOOD,
        scores=GOOD.scores[::-1],
        tickets={ticket: names[::-1] for ticket, names in TICKETS.items()},
    ),
    "a measurement that no rule asks for is not missed": without_a_measurement(),
    "numbers that were computed again together": shifted_together(),
}
"""Edits that no look at the report can tell, as docs/gate.md says."""


@pytest.mark.parametrize("why", EXCEPTIONS)
def test_what_the_report_alone_cannot_show_passes_and_the_hash_tells_it(why):
    assert EXCEPTIONS[why] != GOOD
    assert judged(EXCEPTIONS[why]).passed, judged(EXCEPTIONS[why]).reasons


def test_a_comparison_that_was_emptied_passes_for_the_gate_does_not_read_the_weights():
    moved = replace(GOOD, hygiene=replace(GOOD.hygiene, moved_outside_encoder=["decoder.weight"]))
    assert not judged(moved).passed
    assert judged(replace(moved, hygiene=GOOD.hygiene)).passed


@pytest.mark.parametrize("field", ["before", "sets"])
def test_without_an_audit_these_are_the_reports_own_word(field):
    other = {"before": "9" * 64, "sets": {name: "9" * 64 for name in GOOD.sets}}[field]
    assert judged(replace(GOOD, **{field: other}), audit=None).passed
