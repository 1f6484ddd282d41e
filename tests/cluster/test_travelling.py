"""What is packed for the nodes, without a cluster."""

from dataclasses import replace

import pytest
import yaml

from efface.cluster.travelling import send_job
from efface.errors import ConfigError
from efface.files import sha256_file
from efface.gate.reading import read_policy
from efface.metrics.extractors.loading import check_extractor
from efface.storage import open_store
from efface.training.job import Job
from efface.training.settings import read_settings
from tests.steps.unlearn_run import QUICK, write_unlearn_run


@pytest.fixture
def job(tmp_path):
    given = write_unlearn_run(tmp_path)
    return Job(
        sets=str(given["sets"]),
        policy=given["policy"],
        before=given["model"],
        after=str(given["after"]),
        state=str(tmp_path / "state"),
        settings=read_settings({**QUICK, "probe_every": 2}),
        lineage={},
    )


def put_extractors(folder, *uris):
    policy = yaml.safe_load((folder / "policy.yaml").read_text())
    extractors = {}
    for name, uri in zip(("distance", "fid"), uris, strict=True):
        weights = folder / uri.partition("@")[2]
        weights.write_bytes(name.encode())
        extractors[name] = {"uri": uri.replace("@", ""), "sha256": sha256_file(weights)}
    policy["extractors"] = extractors
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy))


@pytest.mark.parametrize("absolute", [False, True])
def test_an_architecture_and_the_name_of_its_weights_travel_with_the_policy(
    job, absolute, tmp_path
):
    head = f"{tmp_path}/" if absolute else ""
    put_extractors(tmp_path, f"open-clip:ViT-H-14:{head}@clip.safetensors", "inception:@inc.pth")
    send_job(job, open_store(str(tmp_path / "exchange")))
    policy = read_policy(tmp_path / "exchange" / "policy" / "policy.yaml")
    uris = {name: spec.uri for name, spec in policy.extractors.items()}
    assert uris == {
        "distance": "open-clip:ViT-H-14:distance/clip.safetensors",
        "fid": "inception:fid/inc.pth",
    }
    for spec in policy.extractors.values():
        check_extractor(spec, policy.folder)


def test_an_extractor_that_cannot_travel_is_refused_before_anything_is_sent(job, tmp_path):
    put_extractors(tmp_path, "inception:@inc:1.pth", "inception:@inc.pth")
    with pytest.raises(ConfigError, match="holds a colon; rename it"):
        send_job(job, open_store(str(tmp_path / "exchange")))
    assert not (tmp_path / "exchange").exists()


def test_without_probes_no_extractor_travels(job, tmp_path):
    quiet = replace(job, settings=replace(job.settings, probe_every=0))
    send_job(quiet, open_store(str(tmp_path / "exchange")))
    names = [path.name for path in (tmp_path / "exchange" / "policy").iterdir()]
    assert names == ["policy.yaml"]
