import base64
import re
from pathlib import Path

import pyarrow as pa
import pytest

from efface.audit.record import write_audit
from efface.audit.settings import AuditSettings
from efface.data.reading import read_images
from efface.errors import InputError
from efface.evidence.page import page_verdict, shows_forget_pictures
from efface.evidence.pictures import array_to_data_uri
from efface.files import sha256_file
from efface.models.checkpoint import save_model
from efface.steps import explain
from tests.audit.given import good_audit
from tests.finished_run import FinishedRun, finished_run
from tests.tiny import tiny_mae


def explained(run: FinishedRun, **more: Path) -> str:
    paths = {name: run.paths[name] for name in ("report", "verdict", "sets", "after", "policy")}
    out = run.folder / "page.html"
    explain.run(**paths, before=run.folder / "before", out=out, **more)
    return out.read_text()


def forget_pictures(run: FinishedRun) -> list[str]:
    images, _ = read_images(run.folder / "sets" / "forget", size=16, channels=1)
    return [array_to_data_uri(image) for image in images]


def test_the_page_has_four_pictures_of_each_image(tmp_path):
    page = explained(finished_run(tmp_path / "run"))
    assert len(re.findall(r"<img ", page)) == 4 * (6 + 6)  # neighbours and holdout


def test_forget_images_are_not_on_the_page_and_a_sentence_says_why(tmp_path):
    run = finished_run(tmp_path / "run")
    page = explained(run)
    assert not [picture for picture in forget_pictures(run) if picture in page]
    assert "Pictures of the forget set are not here" in page
    assert not shows_forget_pictures(run.folder / "page.html")


def test_forget_images_are_on_the_page_where_the_policy_allows(tmp_path):
    run = finished_run(tmp_path / "run", forget_pictures=True)
    page = explained(run)
    assert all(picture in page for picture in forget_pictures(run))
    assert shows_forget_pictures(run.folder / "page.html")


def test_a_report_that_cannot_be_read_still_gives_a_page(tmp_path):
    run = finished_run(tmp_path / "run", passed=False)
    run.paths["report"].unlink()
    page = explained(run)
    assert "Blocked" in page
    assert "no report that could be read" in page


def test_pictures_are_of_as_many_subjects_as_there_are():
    manifest = pa.table({"rank": [0, 1, 2, 3, 4], "subject_id": ["a", "a", "a", "b", "c"]})
    assert explain.spread_rows(manifest, 3) == [0, 3, 4]


@pytest.mark.parametrize("number", [0, 3])
def test_pictures_are_png_of_the_size_of_the_image(tmp_path, number):
    run = finished_run(tmp_path / "run")
    head = base64.b64decode(forget_pictures(run)[number].removeprefix("data:image/png;base64,"))
    assert head[:4] == b"\x89PNG"


def test_the_page_shows_what_attacks_found_where_there_was_an_audit(tmp_path):
    run = finished_run(tmp_path / "run")
    assert "Attacks and controls" not in explained(run)
    audit = tmp_path / "audit.json"
    write_audit(audit, good_audit(AuditSettings(), {"mask": "centre:2x2"}))
    page = explained(run, audit=audit)
    assert "Attacks and controls" in page
    assert "jpeg:30" in page


def test_a_damaged_audit_does_not_take_the_page_along(tmp_path):
    audit = tmp_path / "audit.json"
    audit.write_text("{")
    page = explained(finished_run(tmp_path / "run"), audit=audit)
    assert "Attacks and controls" not in page


@pytest.mark.parametrize("side", ["before", "after"])
def test_beside_a_passed_verdict_there_are_no_pictures_of_another_model(tmp_path, side):
    run = finished_run(tmp_path / "run")
    save_model(tiny_mae(7), run.folder / side, {})
    with pytest.raises(InputError, match=f"is not the {side} that passed"):
        explained(run)


def test_beside_a_passed_verdict_there_are_no_pictures_of_other_sets(tmp_path):
    run = finished_run(tmp_path / "run")
    path = run.folder / "sets" / "sets.json"
    path.write_text(path.read_text().replace('"5555', '"6555'))
    with pytest.raises(InputError, match="not those that were scored"):
        explained(run)


def test_beside_a_passed_verdict_there_is_no_other_report(tmp_path):
    run = finished_run(tmp_path / "run")
    run.paths["report"].unlink()
    with pytest.raises(InputError, match="the report is not the one that passed"):
        explained(run)


def test_the_page_says_which_verdict_it_shows(tmp_path):
    run = finished_run(tmp_path / "run")
    explained(run)
    assert page_verdict(run.folder / "page.html") == sha256_file(run.paths["verdict"])
