import json
from dataclasses import replace
from pathlib import Path

import pytest

from efface.errors import BlockedError, InfrastructureError, InputError
from efface.gate.reading import read_policy
from efface.models.stored_tensors import hash_tensors
from efface.registry import Evidence, candidate, import_base, record_refusal, register_candidate
from efface.registry.connection import connected
from efface.steps.register import make_evidence
from tests.finished_run import FinishedRun, finished_run


def evidence_of(run: FinishedRun) -> Evidence:
    paths = {key: run.paths[key] for key in ("verdict", "report", "page", "batch", "sets")}
    return make_evidence(**paths, policy=read_policy(run.paths["policy"]), run_id=run.run_id)


def register(
    run: FinishedRun, registry: str, mlflow_run_id: str = "", name: str = "demo"
) -> dict[str, str]:
    return register_candidate(
        evidence_of(run),
        model=run.folder / "after",
        name=name,
        registry=registry,
        mask="centre:2x2",
        mlflow_run_id=mlflow_run_id,
    )


@pytest.fixture
def passed(tmp_path: Path) -> FinishedRun:
    return finished_run(tmp_path / "run")


@pytest.fixture
def blocked(tmp_path: Path) -> FinishedRun:
    return finished_run(tmp_path / "run", passed=False)


def test_a_passed_model_becomes_the_candidate_and_the_champion_stays(passed, registry):
    import_base(passed.folder / "before", name="demo", registry=registry)
    made = register(passed, registry)
    with connected(registry) as client:
        aliases = client.get_registered_model("demo").aliases
    assert {name: str(version) for name, version in aliases.items()} == {
        "champion": "1",
        "candidate": made["version"],
    }


def test_tags_of_the_version_tie_it_to_its_evidence(passed, registry):
    made = register(passed, registry)
    verdict = json.loads(passed.paths["verdict"].read_text())
    with connected(registry) as client:
        tags = client.get_model_version("demo", made["version"]).tags
    assert tags["gate"] == "passed"
    assert tags["tickets"] == "1"
    assert tags["model_fingerprint"] == verdict["after"]
    assert tags["weights_fingerprint"] == hash_tensors(passed.folder / "after")
    assert tags["base_fingerprint"] == verdict["before"]
    assert tags["report_sha256"] == verdict["report_sha256"]
    assert tags["policy_sha256"] == verdict["policy_sha256"]
    assert len(tags["verdict_sha256"]) == len(tags["data_fingerprint"]) == 64


def test_evidence_and_headline_scores_are_in_the_run(passed, registry):
    made = register(passed, registry)
    with connected(registry) as client:
        run = client.get_run(made["mlflow_run_id"])
        files = {item.path for item in client.list_artifacts(run.info.run_id, "evidence")}
    assert files == {"evidence/report.json", "evidence/verdict.json", "evidence/page.html"}
    assert run.data.metrics["distance.forget.centre-2x2.hole.change"] == pytest.approx(0.3)
    assert run.data.metrics["fid.holdout.centre-2x2.full.before"] == pytest.approx(10)
    assert run.info.status == "FINISHED"


def test_registering_a_run_again_gives_the_same_version(passed, registry):
    assert register(passed, registry) == register(passed, registry)


def test_a_run_that_the_pipeline_server_started_is_resumed(passed, registry, tmp_path):
    with connected(registry) as client:
        given = client.create_run(client.create_experiment("kfp", str(tmp_path))).info.run_id
    assert register(passed, registry, mlflow_run_id=given)["mlflow_run_id"] == given


def test_a_run_to_resume_that_is_not_there_is_named(passed, registry):
    with pytest.raises(InputError, match="MLFLOW_RUN_ID"):
        register(passed, registry, mlflow_run_id="0" * 32)


def test_a_blocked_verdict_registers_nothing(blocked, registry):
    with pytest.raises(BlockedError):
        register(blocked, registry)
    with connected(registry) as client:
        assert not client.search_registered_models()


def test_a_blocked_run_leaves_its_reasons_and_no_version(blocked, registry):
    mlflow_run = record_refusal(evidence_of(blocked), name="demo", registry=registry)
    with connected(registry) as client:
        run = client.get_run(mlflow_run)
        assert not client.search_registered_models()
        files = {item.path for item in client.list_artifacts(mlflow_run, "evidence")}
    assert run.data.tags["gate"] == "blocked"
    assert "forget-distance-rises" in run.data.tags["reasons"]
    assert "Blocked" in run.data.tags["mlflow.note.content"]
    assert "evidence/verdict.json" in files


def test_a_report_that_cannot_be_read_is_still_recorded_as_refused(blocked, registry):
    blocked.paths["report"].write_text("{")
    mlflow_run = record_refusal(evidence_of(blocked), name="demo", registry=registry)
    with connected(registry) as client:
        assert client.get_run(mlflow_run).data.tags["gate"] == "blocked"


def test_a_page_with_forget_pictures_goes_nowhere_unless_the_policy_allows(passed, registry):
    page = passed.paths["page"]
    page.write_text(page.read_text().replace("withheld", "shown"))
    with pytest.raises(BlockedError, match="shows forget images"):
        register(passed, registry)
    with connected(registry) as client:
        assert not client.search_registered_models()


def test_a_page_with_forget_pictures_is_kept_where_the_policy_allows(tmp_path, registry):
    run = finished_run(tmp_path / "run", forget_pictures=True)
    made = register(run, registry)
    with connected(registry) as client:
        files = {item.path for item in client.list_artifacts(made["mlflow_run_id"], "evidence")}
    assert "evidence/page.html" in files


def test_files_are_named_by_what_they_are_wherever_the_pipeline_kept_them(passed):
    evidence = evidence_of(passed)
    moved = {name: passed.folder / name for name in ("verdict", "report", "page")}
    for name, place in moved.items():  # artifacts of a pipeline have no suffix
        getattr(evidence, name).rename(place)
    found = replace(evidence, **moved).files()
    assert found == {
        "verdict.json": moved["verdict"],
        "report.json": moved["report"],
        "page.html": moved["page"],
    }


def test_a_failure_while_packing_leaves_no_version_and_a_failed_run(passed, registry, monkeypatch):
    def disk_full(*_: object, **__: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(candidate, "log_painter", disk_full)
    with pytest.raises(InfrastructureError, match="disk full"):
        register(passed, registry)
    with connected(registry) as client:
        assert not client.search_registered_models()
        experiment = client.get_experiment_by_name("efface/demo").experiment_id
        (run,) = client.search_runs([experiment])
    assert run.info.status == "FAILED"


@pytest.mark.parametrize(
    "name",
    ["", "x" * 3000, "half \ud800", "@champion", "a@b", "a/b", "a:b", "a?b", "it's", "a\nb", "a\n"]
    + ["a\u2028b", "\x7f", " a", "a "],
    ids=ascii,
)
def test_a_name_that_no_registry_stores_is_a_users_mistake(passed, blocked, registry, name):
    with pytest.raises(InputError, match="cannot be registered: use 1 to 250"):
        register(passed, registry, name=name)
    with pytest.raises(InputError, match="cannot be registered: use 1 to 250"):
        record_refusal(evidence_of(blocked), name=name, registry=registry)
