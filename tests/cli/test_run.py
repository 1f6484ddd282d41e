"""efface run: order, resumption, and settling whatever happens; the steps themselves are faked."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from efface.cli import main
from efface.cli.state import only_process
from efface.errors import InfrastructureError, InputError, TrainingError
from efface.gate.verdict import Verdict, write_verdict

STEPS = ("intake", "shard", "unlearn", "evaluate", "merge", "audit", "gate", "explain")
ENDS = ("register", "refuse", "settle")


@pytest.fixture
def faked(monkeypatch):
    """Steps that note their name; ``answers`` says what they give, or raise."""
    calls, answers = [], {"intake": 1, "shard": ["forget-00000", "holdout-00000"], "gate": True}
    answers |= {"register": "7", "refuse": "run-of-mlflow"}

    def fake(name):
        def run(**given):
            calls.append((name, given))
            answer = answers.get(name)
            if isinstance(answer, BaseException):
                raise answer
            if name == "gate":
                blank = {"policy_sha256": "", "report_sha256": "", "before": "", "after": ""}
                verdict = Verdict(passed=answer, reasons=[], checks=[], **blank)
                write_verdict(given["out"], verdict)
            return answer

        return run

    for name in (*STEPS, *ENDS):
        monkeypatch.setattr(importlib.import_module(f"efface.steps.{name}"), "run", fake(name))
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)
    answers["policy"] = "1" * 64
    read = lambda path: SimpleNamespace(sha256=answers["policy"])  # noqa: E731
    monkeypatch.setattr("efface.gate.reading.read_policy", read)
    monkeypatch.setattr("efface.registry.find_in_service", lambda name, registry: f"{name}/1")
    return calls, answers


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("my-tickets", "my-dataset"):
        (tmp_path / name).mkdir()
    (tmp_path / "my-dataset" / "manifest.parquet").write_bytes(b"rows")

    def command(*more):
        words = ["tickets", "dataset", "policy", "name"]
        given = [word for name in words for word in (f"--{name}", f"my-{name}")]
        given += ["--model", "models:/mine@champion"]
        place = ["--workdir", str(tmp_path / "work"), "--registry", "sqlite:////nowhere.db"]
        return main(["run", *given, *place, *more])

    return command


def names(calls):
    return [name for name, _ in calls]


def test_a_passing_model_is_registered_and_the_run_settled(faked, run):
    calls, _ = faked
    assert run() == 0
    both = ["evaluate", "evaluate"]
    assert names(calls) == [
        "intake", "shard", "unlearn", *both, "merge", "audit", "gate", "explain", "register",
        "settle",
    ]  # fmt: skip


def test_a_blocked_model_is_refused_with_exit_code_3(faked, run, capsys):
    calls, answers = faked
    answers["gate"] = False
    assert run() == 3
    assert "refuse" in names(calls)
    assert "register" not in names(calls)
    assert "BLOCKED" in capsys.readouterr().out


def test_nothing_due_ends_well_at_once_and_settles(faked, run):
    calls, answers = faked
    answers["intake"] = 0
    assert run() == 0
    assert names(calls) == ["intake", "settle"]


def test_an_error_settles_the_run_and_is_the_one_told(faked, run, capsys):
    calls, answers = faked
    answers["unlearn"] = InfrastructureError("disk full")
    assert run() == 4
    assert names(calls)[-1] == "settle"
    assert "disk full" in capsys.readouterr().err


def test_a_training_that_broke_down_hands_its_reason_to_the_tickets(faked, run):
    calls, answers = faked
    answers["unlearn"] = TrainingError("the loss is not finite")
    assert run() == 4
    assert names(calls) == ["intake", "shard", "unlearn", "settle"]
    assert calls[-1][1]["error"] == "the loss is not finite"


def test_an_error_of_settle_does_not_hide_the_first_one(faked, run, capsys):
    _, answers = faked
    answers["unlearn"] = InfrastructureError("disk full")
    answers["settle"] = InfrastructureError("no answer")
    assert run() == 4
    assert "efface run: disk full" in capsys.readouterr().err


def test_ctrl_c_settles_and_ends_with_130(faked, run):
    calls, answers = faked
    answers["evaluate"] = KeyboardInterrupt()
    assert run() == 130


@pytest.fixture
def killed(faked, run, tmp_path):
    """The state of a run "night-1" that was killed after unlearn; call it to change its fields."""
    calls, _ = faked
    run("--run-id", "night-1")
    results = {"intake": 1, "shard": ["forget-00000", "holdout-00000"], "unlearn": {}}
    arguments = {f: f"my-{f}" for f in ("tickets", "dataset", "policy", "name")}
    arguments |= {"model": "models:/mine@champion", "policy_sha256": "1" * 64}
    arguments |= {"registry": "sqlite:////nowhere.db", "method": {}, "sharding": {}}
    state = {"version": 1, "run_id": "night-1", "arguments": arguments, "results": results}
    path = tmp_path / "work" / "state.json"

    def put(**changes):
        path.write_text(json.dumps({**state, **changes}))
        return path

    put()
    calls.clear()
    return put


def test_a_killed_run_goes_on_where_it_was_under_its_old_name(faked, run, killed):
    calls, _ = faked
    assert run() == 0
    assert names(calls)[:2] == ["evaluate", "evaluate"]
    assert {given["run_id"] for _, given in calls if "run_id" in given} == {"night-1"}


def test_a_killed_run_is_not_taken_up_with_other_arguments(faked, run, tmp_path, capsys):
    (tmp_path / "work").mkdir()
    state = {
        "version": 1,
        "run_id": "night-1",
        "arguments": {"method": {"steps": 5}},
        "results": {},
    }
    (tmp_path / "work" / "state.json").write_text(json.dumps(state))
    assert run() == 2
    assert "night-1" in capsys.readouterr().err


def test_a_killed_run_does_not_go_on_with_another_policy_of_the_same_name(
    faked, run, killed, capsys
):
    calls, answers = faked
    answers["policy"] = "2" * 64
    assert run() == 2
    assert calls == []
    assert "night-1 in" in (told := capsys.readouterr().err)
    assert "differs in policy_sha256" in told


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": ""},
        {"run_id": "../../x"},
        {"run_id": 5},
        {"arguments": []},
        {"results": []},
        {"results": {"shard": []}},
        {"results": {"shard": {"a": 1}}},
        {"results": {"gate": "no"}},
        {"results": {"magic": 1}},
    ],
    ids=str,
)
def test_a_damaged_state_is_refused_and_stays(faked, run, killed, changes, capsys):
    calls, _ = faked
    path = killed(**changes)
    assert run() == 2
    assert calls == []
    assert "is damaged, " in (told := capsys.readouterr().err)
    assert "restore it, or end the run by `efface settle`" in told
    assert path.exists()


@pytest.mark.parametrize("broken", [InfrastructureError("no answer"), KeyError("x")], ids=str)
def test_a_failed_run_that_was_not_settled_is_settled_by_the_next_command(
    faked, run, broken, tmp_path
):
    calls, answers = faked
    answers["unlearn"] = InfrastructureError("disk full")
    answers["settle"] = broken
    assert run("--run-id", "night-1") == 4
    assert (tmp_path / "work" / "state.json").exists()
    del answers["unlearn"], answers["settle"]
    calls.clear()
    assert run("--run-id", "night-1") == 0
    assert names(calls)[:2] == ["settle", "intake"]
    assert (calls[0][1]["run_id"], calls[0][1]["error"]) == ("night-1", "disk full")
    assert not (tmp_path / "work" / "state.json").exists()


def test_runs_of_the_same_second_have_names_of_their_own(faked, run, monkeypatch):
    calls, _ = faked
    monkeypatch.setattr("time.strftime", lambda form, *_: "run-20261127-100259")
    run()
    run()
    found = {given["run_id"] for name, given in calls if name == "settle"}
    assert len(found) == 2
    assert {name[:20] for name in found} == {"run-20261127-100259-"}


def test_a_settled_run_leaves_no_state_so_the_next_is_a_new_one(faked, run, tmp_path):
    calls, _ = faked
    run("--run-id", "night-1")
    run("--run-id", "night-2")
    assert names(calls).count("intake") == 2
    assert not (tmp_path / "work" / "state.json").exists()


def test_two_runs_in_one_folder_are_refused(faked, run, tmp_path, capsys):
    with only_process(tmp_path / "work"):
        assert run() == 2
    assert "another process works in" in capsys.readouterr().err


def test_settings_of_the_method_and_of_the_sets_reach_their_steps(faked, run):
    calls, _ = faked
    run("--method", "max-loss", "--set", "steps=5", "--sharding", "neighbours=9")
    given = dict(calls)
    assert given["unlearn"]["method"] == {"name": "max-loss", "steps": 5}
    assert given["shard"]["settings"] == {"neighbours": 9}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "stesp=5"), "unknown"),
        (("--sharding", "shard=9"), "unknown"),
        (("--method", "magic"), "method 'magic' unknown: use one of"),
        (("--method", "max-loss", "--set", "target=noise"), "cannot take target 'noise'"),
        (("--model", "nowhere"), "neither a folder nor models:/NAME@champion"),
        (("--tickets", "nowhere"), "ticket folder nowhere does not exist"),
        (("--tickets", "ftp://x/y"), "ftp://x/y"),
        (("--dataset", "nowhere"), "nowhere"),
        (("--run-id", "../../x"), "run id '../../x' cannot name a folder"),
        (("--name", "@champion"), "model name '@champion' (9 characters) cannot be registered"),
    ],
    ids=[
        "setting",
        "sharding",
        "method",
        "target",
        "model",
        "tickets",
        "address",
        "dataset",
        "id",
        "name",
    ],
)
def test_wrong_input_is_refused_before_a_ticket_is_claimed(faked, run, words, said, capsys):
    calls, _ = faked
    assert run(*words) == 2
    assert calls == []
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sets", ()),
        ("before", ()),
        ("after", ()),
        ("before", ("--model", "WORK/before")),
        ("sets", ("--dataset", "WORK/sets/data")),
        ("after", ("--sharding", "proxy=WORK/after")),
    ],
)
def test_a_workdir_that_holds_what_no_run_wrote_is_refused_and_stays(
    faked, run, tmp_path, capsys, name, words
):
    place = tmp_path / "work" / name
    (place / "data").mkdir(parents=True)
    (place / "mine.txt").write_text("mine")
    if words:  # what is there looks like an earlier output, but is read
        for marker in ("sets.json", "efface.json"):
            (place / marker).write_text("{}")
    work = str(tmp_path / "work")
    assert run(*(word.replace("WORK", work) for word in words)) == 2
    assert faked[0] == []
    assert f"cannot write to {place}: " in capsys.readouterr().err
    assert (place / "mine.txt").read_text() == "mine"


def test_a_workdir_with_the_folders_of_an_earlier_run_is_taken(faked, run, tmp_path):
    for name, marker in (
        ("sets", "sets.json"),
        ("before", "efface.json"),
        ("after", "efface.json"),
    ):
        (tmp_path / "work" / name).mkdir(parents=True)
        (tmp_path / "work" / name / marker).write_text("{}")
    assert run() == 0


@pytest.mark.parametrize("name", ["report.json", "evidence.html", "statistics"])
def test_a_workdir_with_files_of_somebody_else_is_refused_until_a_run_was_there(
    faked, run, tmp_path, capsys, name
):
    mine = tmp_path / "work" / name
    mine.parent.mkdir()
    if name == "statistics":
        mine.mkdir()
        mine = mine / "mine.csv"
    mine.write_text("mine")
    assert run() == 2
    assert faked[0] == []
    assert f"cannot write to {tmp_path / 'work' / name}: it is there" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    (tmp_path / "work" / "lock").touch()
    assert run() == 0


def test_a_model_that_is_not_in_the_registry_is_refused_before_a_ticket_is_claimed(
    faked, run, monkeypatch, capsys
):
    def absent(name, registry):
        raise InputError(f"model {name!r} is not in the registry {registry}")

    monkeypatch.setattr("efface.registry.find_in_service", absent)
    assert run() == 2
    assert faked[0] == []
    assert "'models:/mine@champion' is not in the registry sqlite" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(faked, run, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run("--workdir", str(tmp_path / "file" / "work")) == 4
    assert "give another --workdir" in capsys.readouterr().err


def test_the_registered_version_and_the_files_are_told(faked, run, tmp_path, capsys):
    assert run() == 0
    told = capsys.readouterr().out
    assert "models:/my-name/7" in told
    assert str(Path("work") / "evidence.html") in told.replace("\n", "")
