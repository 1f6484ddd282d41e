import json
from dataclasses import asdict

import pytest

from efface.audit.record import write_audit
from efface.audit.settings import AuditSettings
from efface.errors import BlockedError, InputError
from efface.evaluation.report import read_report
from efface.files import sha256_file
from efface.models.checkpoint import RECORD, save_model
from efface.registry.connection import connected
from efface.steps import refuse, register
from efface.steps.gate import judge
from tests.audit.given import good_audit
from tests.finished_run import FinishedRun, edit_verdict, finished_run
from tests.tiny import tiny_mae

OTHER = {"ticket_id": "ticket-1", "status": "in_progress", "samples": 6}


@pytest.fixture
def passed(tmp_path):
    return finished_run(tmp_path / "run")


def refused(run: FinishedRun, registry: str, why: str) -> None:
    with pytest.raises(BlockedError, match=why):
        register.run(**run.paths, name="demo", registry=registry)
    with connected(registry) as client:
        assert not client.search_registered_models()


def test_a_passed_model_is_registered_and_the_workspace_says_so(passed, registry):
    version = register.run(**passed.paths, name="demo", registry=registry)
    record = json.loads((passed.folder / "workspace" / "run-1" / "registered.json").read_text())
    assert record["version"] == 1
    assert (record["name"], record["model_version"]) == ("demo", version)
    assert record["uri"] == f"models:/demo/{version}"


def test_the_run_of_the_pipeline_server_is_resumed(passed, registry, monkeypatch, tmp_path):
    with connected(registry) as client:
        given = client.create_run(client.create_experiment("kfp", str(tmp_path))).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", given)
    register.run(**passed.paths, name="demo", registry=registry)
    record = json.loads((passed.folder / "workspace" / "run-1" / "registered.json").read_text())
    assert record["mlflow_run_id"] == given


def test_a_blocked_model_is_refused(tmp_path, registry):
    refused(finished_run(tmp_path / "run", passed=False), registry, "the gate blocked this model")


def test_a_report_edited_after_the_verdict_is_refused(passed, registry):
    report = passed.paths["report"]
    report.write_text(report.read_text().replace("0.3", "0.4"))
    refused(passed, registry, "report.json is not the one that passed")


@pytest.mark.parametrize("part", ["tickets", "sets"])
def test_a_report_of_fewer_tickets_or_other_sets_is_refused(passed, registry, part):
    path = passed.folder / "sets" / "sets.json"
    plan = json.loads(path.read_text())
    if part == "tickets":
        plan["tickets"]["ticket-2"] = ["55" * 8]  # whose scores the report has nothing of
    else:
        plan["sets"]["retain"]["fingerprint"] = "7" * 64
    path.write_text(json.dumps(plan))
    refused(passed, registry, "report.json is not about the tickets and sets of")


def test_a_policy_edited_after_the_verdict_is_refused(passed, registry):
    with open(passed.paths["policy"], "a") as policy:
        policy.write("# looser\n")
    refused(passed, registry, "policy is not the one that passed")


def test_other_weights_than_those_judged_are_refused(passed, registry):
    save_model(tiny_mae(5), passed.folder / "after", {})
    refused(passed, registry, "after is not the one that passed")


def test_other_settings_than_those_judged_are_refused(passed, registry):
    settings = passed.folder / "after" / "preprocessor_config.json"
    settings.write_text(settings.read_text().replace("0.5", "0.4"))
    refused(passed, registry, "after is not the one that passed")


@pytest.mark.parametrize("masks", [["centre:2x2", "outpaint:2x2"], ["random:0.5"]])
def test_a_model_that_was_trained_with_other_masks_than_the_policys_is_refused(
    passed, registry, masks
):
    path = passed.folder / "after" / RECORD
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "lineage": {**record["lineage"], "masks": masks}}))
    refused(passed, registry, f"the gate blocks this model: It was trained with .*{masks[0]}")


def test_a_verdict_edited_to_passed_is_refused(tmp_path, registry):
    run = finished_run(tmp_path / "run", passed=False)
    edit_verdict(run, passed=True, reasons=[])
    refused(run, registry, "it was edited")


def test_a_blocked_run_is_recorded_by_refuse(tmp_path, registry):
    run = finished_run(tmp_path / "run", passed=False)
    paths = {key: value for key, value in run.paths.items() if key != "after"}
    mlflow_run = refuse.run(**paths, name="demo", registry=registry)
    with connected(registry) as client:
        assert client.get_run(mlflow_run).data.tags["gate"] == "blocked"
        assert not client.search_registered_models()


def test_refuse_does_not_take_a_passed_verdict(passed, registry):
    paths = {key: value for key, value in passed.paths.items() if key != "after"}
    with pytest.raises(InputError, match="is passed"):
        refuse.run(**paths, name="demo", registry=registry)


def test_an_audit_that_the_verdict_is_not_about_is_refused(passed, registry):
    audit = passed.folder / "audit.json"
    write_audit(audit, good_audit(AuditSettings(), {}))
    with pytest.raises(BlockedError, match="audit.json is not the one that passed"):
        register.run(**passed.paths, name="demo", registry=registry, audit=audit)


def test_an_audit_that_passed_is_kept_with_the_evidence(passed, registry):
    audit = passed.folder / "audit.json"
    report = read_report(passed.paths["report"])
    about = {name: getattr(report, name) for name in ("before", "after", "sets")}
    write_audit(audit, good_audit(AuditSettings(), {}, **about))
    verdict = judge(passed.paths["report"], passed.paths["policy"], passed.paths["after"], audit)
    edit_verdict(passed, **asdict(verdict))
    register.run(**passed.paths, name="demo", registry=registry, audit=audit)
    record = json.loads((passed.folder / "workspace" / "run-1" / "registered.json").read_text())
    with connected(registry) as client:
        kept = {one.path for one in client.list_artifacts(record["mlflow_run_id"], "evidence")}
    assert "evidence/audit.json" in kept


def test_an_audit_that_was_left_out_after_the_verdict_is_refused(passed, registry):
    edit_verdict(passed, audit_sha256="a" * 64)
    refused(passed, registry, "none given. is not the one that passed")


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": []},
        {"before": "0" * 64},
        {"reasons": ["Everything is fine."]},
        {"checks": [{"rule": "hygiene", "passed": True, "reason": "Fine.", "blocking": True}]},
    ],
    ids=["no checks", "another base", "a reason", "another check"],
)
def test_a_verdict_that_is_not_word_for_word_the_gates_is_refused(passed, registry, changes):
    edit_verdict(passed, **changes)
    refused(passed, registry, "word for word")


@pytest.mark.parametrize(
    "changes",
    [{"run_id": "run-77"}, {"tickets": []}, {"tickets": [{**OTHER, "ticket_id": "ticket-9"}]}],
    ids=["another run", "no ticket", "another ticket"],
)
def test_a_batch_of_another_run_is_refused(passed, registry, changes):
    path = passed.paths["batch"]
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(InputError, match="give the batch of this run"):
        register.run(**passed.paths, name="demo", registry=registry)


@pytest.mark.parametrize("page", ["", "<p>the page of run 999</p>", "of another verdict"])
def test_a_page_that_does_not_show_the_verdict_is_refused(passed, registry, page):
    shown = passed.paths["page"].read_text()
    other = shown.replace(sha256_file(passed.paths["verdict"]), "0" * 64)
    passed.paths["page"].write_text(other if page == "of another verdict" else page)
    with pytest.raises(InputError, match="make it again with `efface explain`"):
        register.run(**passed.paths, name="demo", registry=registry)
