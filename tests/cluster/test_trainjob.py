from copy import deepcopy

import pytest
from kubeflow_trainer_api import models

from efface.cluster import trainjob
from efface.training.spread import Spread
from tests.cluster.fake_trainer import OWN

SPREADS = {
    "cpu": Spread(nodes=2),
    "gpu": Spread(nodes=4, node_gpus=8, queue="gpu-queue", node_memory="200Gi"),
}


def built(spread=SPREADS["gpu"], run_id="run-1", identity="abc"):
    own = trainjob.own_of(OWN)
    return trainjob.build(run_id, identity, "s3://bucket/run-1/exchange", spread, own)


@pytest.mark.parametrize("name", SPREADS)
def test_the_published_model_of_the_api_knows_every_field(name):
    content = built(SPREADS[name])
    assert models.TrainerV1alpha1TrainJob.from_dict(content).to_dict() == content


def test_a_field_that_the_api_does_not_know_would_be_noticed():
    content = built()
    content["spec"]["trainer"]["nodes"] = 2
    assert models.TrainerV1alpha1TrainJob.from_dict(content).to_dict() != content


def test_nodes_processes_and_gpus_are_those_that_were_asked_for():
    trainer = built()["spec"]["trainer"]
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (4, 8)
    assert trainer["resourcesPerNode"]["limits"] == {"memory": "200Gi", "nvidia.com/gpu": "8"}


def test_the_command_is_what_the_runtime_starts_on_every_node():
    trainer = built()["spec"]["trainer"]
    words = [*trainer["command"], *trainer["args"]]
    assert " ".join(words) == (
        "python -m torch.distributed.run -m efface.training.worker s3://bucket/run-1/exchange"
    )


def test_the_nodes_get_image_and_settings_of_the_launcher_and_nothing_else_of_it():
    trainer = built()["spec"]["trainer"]
    assert trainer["image"] == "efface-gpu:0.1.0"
    assert [entry["name"] for entry in trainer["env"]] == ["AWS_ENDPOINT_URL", "EFFACE_SUBJECT_KEY"]
    assert "value" not in trainer["env"][1]


@pytest.mark.parametrize(
    "identity",
    [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ],
)
def test_the_nodes_are_left_to_get_a_workload_identity_of_their_own(identity):
    pod = deepcopy(OWN)
    env = pod["spec"]["containers"][1]["env"]
    env += [{"name": name, "value": "x"} for name in (*identity, "AWS_REGION")]
    given = {variable["name"] for variable in trainjob.own_of(pod).env}
    assert given == {"AWS_ENDPOINT_URL", "AWS_REGION", "EFFACE_SUBJECT_KEY"}


def patched():
    (patch,) = built()["spec"]["runtimePatches"]
    (job,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    assert job["name"] == "node"
    return job["template"]["spec"]["template"]["spec"]


def test_the_pods_go_where_the_launcher_goes():
    pod = patched()
    assert pod["nodeSelector"] == {"pool": "gpu"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert pod["serviceAccountName"] == "pipeline-runner"


def test_the_pods_are_as_restricted_as_pod_security_asks():
    pod = patched()
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_it_goes_with_the_run_and_not_with_the_pod_that_launched_it():
    (owner,) = built()["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Workflow", "u-1")
    assert not {"controller", "blockOwnerDeletion"} & owner.keys()  # those need more rights


def test_a_queue_is_a_label_and_no_queue_is_none():
    assert built()["metadata"]["labels"][trainjob.QUEUE] == "gpu-queue"
    assert trainjob.QUEUE not in built(SPREADS["cpu"])["metadata"]["labels"]


def test_a_run_has_one_name_that_leaves_room_for_those_of_its_pods():
    names = {trainjob.name_of(run_id) for run_id in ("run-1", "run-1", "x" * 128)}
    assert len(names) == 2
    assert all(len(f"{name}-node-0-0-abcde") <= 63 for name in names)


@pytest.mark.parametrize(
    ("change", "ours"),
    [({}, True), ({"identity": "other"}, False), ({"run_id": "run-2"}, False)],
    ids=["the-same", "other-settings", "another-run"],
)
def test_a_trainjob_is_ours_when_run_and_work_are(change, ours):
    assert trainjob.is_ours(built(**change), built()) is ours


def test_what_ended_badly_says_what_kubernetes_says():
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimit", "message": "node died"}
    found = {**built(), "status": {"conditions": [failed]}}
    assert "BackoffLimit: node died" in str(trainjob.failure_of(found))
    assert not trainjob.is_complete(found)
    assert trainjob.failure_of(built()) is None
