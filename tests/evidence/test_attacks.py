from dataclasses import replace

from efface.audit.record import AttackResult, Finding
from efface.audit.settings import ATTACKS, AuditSettings
from efface.evidence.attacks import MEANING, TITLES, attack_tables
from tests.audit.given import good_audit


def test_every_attack_has_a_title_and_a_meaning():
    assert set(TITLES) == set(MEANING) == set(ATTACKS)


def test_each_attack_is_a_table_of_its_findings():
    tables = attack_tables(good_audit(AuditSettings(), {"mask": "centre:4x4"}))
    assert {table.title for table in tables} == set(TITLES.values())
    first = tables[0].rows[0]
    assert (first.case, first.n) == ("as scored", "80")
    assert first.value.startswith("+0.3")
    assert " to " in first.interval


def test_a_search_that_was_given_up_says_so_and_no_value_is_a_dash():
    audit = good_audit(AuditSettings(), {})
    empty = {"unit": "steps", "n": 4, "clusters": 2}
    findings = [
        Finding(case="forget", value=60.0, at_least=True, **empty),
        Finding(case="control", value=None, note="too few", **empty),
    ]
    result = AttackResult(attack="relearning", seed=0, recipe={}, findings=findings)
    rows = attack_tables(replace(audit, results=[result]))[0].rows
    assert [(row.value, row.interval) for row in rows] == [("≥ 60.00", ""), ("–", "")]
    assert rows[1].note == "too few"
