import re
from dataclasses import replace
from pathlib import Path

import pytest

from efface.evidence.page import Asked, Contents, contents_to_html, shows_forget_pictures
from efface.evidence.pictures import Gallery, Strip
from efface.gate.decide import decide
from efface.gate.reading import read_policy
from efface.gate.verdict import Check
from tests.finished_run import POLICY, SUBJECTS, TICKET, make_report


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    (tmp_path / "policy.yaml").write_text(POLICY % ("a" * 64, "b" * 64, "false"))
    policy = read_policy(tmp_path / "policy.yaml")
    report = make_report("1" * 64, "2" * 64, rise=0.3)
    return Contents(
        verdict=decide(report, policy, "c" * 64),
        verdict_sha256="e" * 64,
        policy=policy,
        report=report,
        asked=[Asked(ticket=TICKET, subjects=2, images=1234)],
        set_sizes={"forget": 1234, "holdout": 2000},
    )


def gallery(name: str) -> Gallery:
    strips = [Strip(title="original", pictures=["data:image/png;base64,AA=="])]
    return Gallery(set=name, title=name, meaning="some", strips=strips, size=16)


def test_the_verdict_comes_first_with_every_reason(contents):
    verdict = replace(contents.verdict, passed=False, reasons=["retain-fid: too high", "odd <b>"])
    page = contents_to_html(replace(contents, verdict=verdict))
    first = page[page.index("<h1>") : page.index("<h2>")]
    assert "Blocked" in first
    assert "<b>retain-fid</b> too high" in first
    assert "odd &lt;b&gt;" in first


def test_the_page_asks_for_nothing_from_outside_and_runs_no_script(contents):
    page = contents_to_html(contents)
    assert not re.findall(r"<(?:script|link|iframe|form|object)|@import|url\(\s*['\"]?http", page)
    assert not re.findall(r"(?:src|xlink:href|href)=\"(?!data:|#)", page)
    assert "default-src 'none'" in page


def test_tickets_scores_subjects_checks_and_hashes_are_shown(contents):
    page = contents_to_html(contents)
    for shown in (TICKET, "1,234", "+0.300", "cosine distance (fashion-tower)", "retain-fid"):
        assert shown in page
    for shown in (*[subject[:10] for subject in SUBJECTS], "1" * 64, "2" * 64, "c" * 64):
        assert shown in page
    assert contents.policy.sha256 in page
    assert "CLIP" not in page


@pytest.mark.parametrize(("passed", "told"), [(True, "Held."), (False, "Did not hold.")])
def test_a_check_that_only_reports_is_shown_as_such_and_not_counted(contents, passed, told):
    kept = Check(rule="retain-fid", passed=True, reason="It stayed.")
    check = Check(rule="membership", passed=passed, reason="Found 0.2.", blocking=False)
    verdict = replace(contents.verdict, passed=True, checks=[kept, check])
    page = contents_to_html(replace(contents, verdict=verdict))
    assert f'<span class="reports">reports</span></td><td>{told} Found 0.2.</td>' in page
    assert "1 of 1 checks passed; 1 more only reports." in page


def test_a_page_says_whether_it_shows_forget_images(contents, tmp_path):
    privacy = replace(contents.policy.privacy, forget_pictures=True)
    allowed = replace(contents, policy=replace(contents.policy, privacy=privacy))
    for galleries, shown in (([gallery("holdout")], False), ([gallery("forget")], True)):
        path = tmp_path / "page.html"
        path.write_text(contents_to_html(replace(allowed, galleries=galleries)))
        assert shows_forget_pictures(path) is shown


def test_forget_pictures_are_refused_where_the_policy_keeps_them_out(contents):
    with pytest.raises(ValueError, match="keeps them out"):
        contents_to_html(replace(contents, galleries=[gallery("forget")]))


def test_a_page_that_does_not_say_counts_as_one_that_shows_them(tmp_path):
    (tmp_path / "page.html").write_text("<html></html>")
    assert shows_forget_pictures(tmp_path / "page.html")


def test_the_same_contents_give_the_same_page(contents):
    assert contents_to_html(contents) == contents_to_html(contents)
