"""Intake, settle and purge where tickets, dataset, workspace and copies are all in a bucket."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from efface.evidence.purge import purge, will_write
from efface.steps import intake, settle
from efface.storage import open_store
from efface.tickets.claims import Claimant, claim_due
from tests.given import KEY, put_manifest, put_ticket
from tests.s3 import s3_client

BUCKET = "forgetting"


@pytest.fixture
def client(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a server with one empty, versioned bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("EFFACE_SUBJECT_KEY", KEY)
    made = s3_client()
    made.create_bucket(Bucket=BUCKET)
    made.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield made
    open_store(f"s3://{BUCKET}").delete_all("")
    made.delete_bucket(Bucket=BUCKET)


def everything(client: Any) -> list[str]:
    """Every version of every object."""
    answer = client.list_object_versions(Bucket=BUCKET)
    return [item["Key"] for item in answer.get("Versions", [])]


def test_a_ticket_goes_all_the_way(client: Any, tmp_path: Path) -> None:
    run = {"tickets": f"s3://{BUCKET}/tickets", "workspace": f"s3://{BUCKET}/runs"}
    put_ticket(run["tickets"], "t-1", "dress-5")
    dataset = f"s3://{BUCKET}/dataset"
    put_manifest(dataset, [("s-1", "dress-5", "brand-dress", "train")])
    assert intake.run(**run, dataset=dataset, run_id="one", out=tmp_path / "out") == 1
    will_write(run["workspace"], "one", f"/minio/{BUCKET}/artifacts/sets")
    open_store(f"s3://{BUCKET}/artifacts").write("sets/00000.tar", b"0" * 100)
    open_store(run["workspace"]).write("one/outcome.json", b'{"passed": true, "reasons": []}')
    open_store(run["workspace"]).write("one/registered.json", b'{"version": 1}')
    found = settle.run(**run, run_id="one")
    assert found["tickets"][0]["state"] == "completed"
    assert {entry["place"]: entry["bytes"] for entry in found["purged"]}[
        f"minio://{BUCKET}/artifacts/sets"
    ] == 100
    assert [key for key in everything(client) if key.startswith("artifacts/")] == []


def test_a_purge_takes_old_versions_and_leaves_neighbours(client: Any) -> None:
    store = open_store(f"s3://{BUCKET}/artifacts")
    for key in ("sets", "sets/a", "sets/b", "sets2/a", "sets.json"):
        store.write(key, b"first")
        store.write(key, b"second!")
    store.delete("sets/b")
    will_write(f"s3://{BUCKET}/runs", "one", f"s3://{BUCKET}/artifacts/sets")
    [purged] = purge(f"s3://{BUCKET}/runs", "one").purged
    assert (purged.files, purged.bytes) == (3, 14)
    left = [key for key in everything(client) if key.startswith("artifacts/")]
    assert sorted(set(left)) == ["artifacts/sets.json", "artifacts/sets2/a"]


def test_of_many_runs_at_once_one_takes_each_ticket(client: Any) -> None:
    place = f"s3://{BUCKET}/tickets"
    for number in range(4):
        put_ticket(place, f"t-{number}")

    def claim(run_id: str) -> list[str]:
        claimant = Claimant(run_id=run_id, key=b"key", duration=timedelta(hours=1))
        taken = claim_due(open_store(place), claimant, datetime.now(UTC)).tickets
        return [ticket.ticket_id for ticket in taken]

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(claim, ["one", "two", "three", "four"]))
    assert sorted(sum(taken, [])) == ["t-0", "t-1", "t-2", "t-3"]
