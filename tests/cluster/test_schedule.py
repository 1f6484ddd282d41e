"""``efface schedule`` against a server that speaks KFP's API."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from efface.cli import main
from tests.cluster import fake_kfp
from tests.cluster.fake_kfp import FakeKfp
from tests.cluster.given import GIVEN

NIGHTLY = ["schedule", "--cron", "0 0 2 * * *", *GIVEN]
LIST = "GET /apis/v2beta1/recurringruns"
DELETE = "DELETE /apis/v2beta1/recurringruns"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)


@pytest.fixture
def kfp(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKfp]:
    with fake_kfp.serving() as fake:
        monkeypatch.setenv("EFFACE_KFP_HOST", fake.url)
        yield fake


def crons(kfp: FakeKfp) -> list[str]:
    return [run["trigger"]["cron_schedule"]["cron"] for run in kfp.recurring()]


def test_a_schedule_runs_one_at_a_time_and_catches_nothing_up(kfp):
    assert main(NIGHTLY) == 0
    (made,) = kfp.recurring()
    assert (made["max_concurrency"], made["no_catchup"], made["mode"]) == ("1", True, "ENABLE")
    assert made["trigger"] == {"cron_schedule": {"cron": "0 0 2 * * *"}}
    reference = made["pipeline_version_reference"]
    assert reference["pipeline_version_id"] == kfp.versions[0]["pipeline_version_id"]


def test_applying_twice_changes_nothing(kfp, capsys):
    main(NIGHTLY)
    before = list(kfp.recurring())
    assert main(NIGHTLY) == 0
    assert kfp.recurring() == before
    assert "unchanged" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--cron", "0 30 3 * * *"], id="cron"),
        pytest.param(["--set", "name=other"], id="parameter"),
        pytest.param(["--core-image", "r/efface-core:2"], id="image"),
        pytest.param(["--service-account", "efface"], id="service account"),
    ],
)
def test_what_differs_takes_the_place_of_the_old_one(kfp, capsys, words):
    main(NIGHTLY)
    (old,) = kfp.recurring()
    assert main([*NIGHTLY, *words]) == 0
    (new,) = kfp.recurring()
    assert new["recurring_run_id"] != old["recurring_run_id"]
    assert "replaced" in capsys.readouterr().out


def test_the_old_one_goes_after_the_new_one_is_there_and_leaves_its_runs(kfp):
    main(NIGHTLY)
    kfp.asked.clear()
    main([*NIGHTLY, "--set", "name=other"])
    changes = [line for line in kfp.asked if "recurringruns" in line and "GET" not in line]
    assert changes[0].startswith("POST")
    assert changes[1].endswith("?propagation_policy=ORPHAN")


def test_a_new_one_that_kfp_refuses_leaves_the_old_one_at_work(kfp):
    main(NIGHTLY)
    kfp.broken["POST /apis/v2beta1/recurringruns"] = 500
    assert main([*NIGHTLY, "--set", "name=other"]) == 4
    assert [run["status"] for run in kfp.recurring()] == ["ENABLED"]


def test_an_old_one_that_stayed_is_deleted_by_the_next_apply(kfp, capsys):
    main(NIGHTLY)
    kfp.broken[DELETE] = 503
    changed = [*NIGHTLY, "--cron", "0 30 3 * * *"]
    assert main(changed) == 4
    assert "Give the same command again" in capsys.readouterr().err
    kfp.broken.clear()
    assert main(changed) == 0
    assert crons(kfp) == ["0 30 3 * * *"]


def test_applied_by_several_at_once_it_is_there_once(kfp):
    main(["schedule", "--list"])  # so that threads import nothing
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(main, [NIGHTLY] * 4))
    assert codes == [0, 0, 0, 0]
    assert len(kfp.recurring()) == len(kfp.things["pipelines"]) == len(kfp.uploads) == 1


def test_whoever_is_overtaken_by_another_change_is_told(kfp, capsys, monkeypatch):
    main(NIGHTLY)
    created = fake_kfp.created

    def two(fake, kind, content):
        if kind == "recurringruns":
            later = {**content, "description": f"efface-schedule 99 {'a' * 16}"}
            created(fake, kind, later)
        return created(fake, kind, content)

    monkeypatch.setattr(fake_kfp, "created", two)
    assert main([*NIGHTLY, "--set", "name=other"]) == 2
    assert "changed by someone else" in capsys.readouterr().err
    assert [run["description"][:18] for run in kfp.recurring()] == ["efface-schedule 99"]


def test_one_that_was_switched_off_stays_off(kfp, capsys):
    main(NIGHTLY)
    kfp.recurring()[0] |= {"status": "DISABLED", "mode": "DISABLE"}
    main([*NIGHTLY, "--set", "name=other"])
    assert [run["mode"] for run in kfp.recurring()] == ["DISABLE"]
    assert "switched off" in capsys.readouterr().out


def test_a_recurring_run_of_someone_else_is_not_touched(kfp, capsys):
    foreign = {"display_name": "efface", "mode": "ENABLE", "description": "by hand"}
    fake_kfp.created(kfp, "recurringruns", foreign)
    assert main(NIGHTLY) == 2
    assert "was not made by efface" in capsys.readouterr().err
    assert len(kfp.recurring()) == 1


def test_deleting_takes_the_named_one_only(kfp, capsys):
    main(NIGHTLY)
    main([*NIGHTLY, "--name", "other"])
    assert main(["schedule", "--delete", "efface"]) == 0
    assert [run["display_name"] for run in kfp.recurring()] == ["other"]
    assert main(["schedule", "--delete", "efface"]) == 2
    assert "there are: other" in capsys.readouterr().err


def test_the_list_has_those_of_efface_on_every_page(kfp, capsys, monkeypatch):
    monkeypatch.setattr("efface.cluster.kfp_api.PAGE", 2)
    for name in ("one", "two", "three"):
        main([*NIGHTLY, "--name", name])
    fake_kfp.created(kfp, "recurringruns", {"display_name": "foreign", "mode": "ENABLE"})
    capsys.readouterr()
    assert main(["schedule", "--list"]) == 0
    out = capsys.readouterr().out
    assert [name in out for name in ("one", "two", "three", "foreign")] == [True, True, True, False]


@pytest.mark.parametrize("cron", ["0 2 * * *", "0 0 25 * * *", "0 0 2 * * * *", "@daily"])
def test_a_wrong_cron_is_refused_before_kfp_is_asked(kfp, capsys, cron):
    assert main(["schedule", "--cron", cron, *GIVEN]) == 2
    assert f"cron {cron!r}" in capsys.readouterr().err
    assert kfp.asked == []


@pytest.mark.parametrize("name", ["", "a\nb", " night", "x" * 129])
def test_a_name_that_cannot_be_shown_is_refused_before_anything_is_made(kfp, capsys, name):
    assert main([*NIGHTLY, "--name", name]) == 2
    assert "use 1 to 128 on one line" in capsys.readouterr().err
    assert not kfp.asked


def test_deleting_a_schedule_without_a_name_deletes_none(kfp, capsys):
    main(NIGHTLY)
    assert main(["schedule", "--delete", ""]) == 2
    assert "there are: efface" in capsys.readouterr().err
    assert len(kfp.recurring()) == 1
