import json
import re
import shutil
import subprocess
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from tests.infra.modules import (
    FOLDERS,
    TERRAFORM,
    blocks,
    gpu_taint,
    name_of,
    plan,
    resource,
)

needs_terraform = pytest.mark.skipif(
    not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not installed"
)
SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|-----BEGIN|\b(secret|password|token)\s*=\s*\"[^\"$]+\"",
    re.IGNORECASE,
)
GIVEN = {
    "modules/eks": {"name": "efface", "subnet_ids": ["subnet-a", "subnet-b"]},
    "modules/gke": {
        "name": "efface",
        "project": "my-project",
        "location": "europe-west4",
        "network": "default",
        "subnetwork": "default",
    },
    "modules/bucket-s3": {"name": "my-efface"},
    "modules/bucket-gcs": {"name": "my-efface", "project": "p", "location": "europe-west4"},
    "modules/registry-ecr": {},
    "modules/registry-artifacts": {"project": "my-project", "region": "europe-west4"},
    "modules/identity-eks": {
        "name": "efface-pods",
        "cluster_name": "efface",
        "bucket_arns": ["arn:aws:s3:::my-efface"],
    },
    "modules/identity-gke": {
        "name": "efface-pods",
        "project": "my-project",
        "workload_pool": "my-project.svc.id.goog",
        "buckets": ["my-efface"],
    },
    "environments/eks": {
        "region": "eu-central-1",
        "bucket": "my-efface",
        "subnet_ids": ["subnet-a", "subnet-b"],
    },
    "environments/gke": {
        "project": "my-project",
        "region": "europe-west4",
        "bucket": "my-efface",
        "network": "default",
        "subnetwork": "default",
    },
}
"""Variables that must be given, with values that fit."""

WRONG = {
    "modules/eks": (
        {
            "subnet_ids": ["a", "a"],
            "gpu_nodes": {"capacity_type": "CHEAP", "max": 0, "disk_gib": 20},
            "cpu_nodes": {"min": 3, "max": 2},
            "kubernetes_version": "1.29",
            "public_access_cidrs": ["0.0.0.0/0"],
        },
        [
            "at least two subnets",
            "SPOT or ON_DEMAND",
            "from 1 on",
            "100 GiB or more",
            "1 <= min <= max",
            "from 1.32 on",
            "not open the API to everybody",
        ],
    ),
    "modules/gke": (
        {
            "location": "Europe",
            "gpu_nodes": {"count": 3, "max": 0.5},
            "authorized_networks": {"all": "0.0.0.0/0"},
        },
        ["europe-west4", "1, 2, 4, 8 or 16", "from 1 on", "not open the API"],
    ),
    "modules/bucket-s3": (
        {
            "name": "My.Bucket",
            "noncurrent_days": 90,
            "workspace_prefix": "/",
            "workspace_days": 1,
            "kms_key_arn": "my-key",
        },
        ["3 to 63 lower-case", "deleted pictures stay", "end with a slash", "from 2 on", "the ARN"],
    ),
    "modules/bucket-gcs": (
        {"noncurrent_days": 0, "kms_key_name": "my-key"},
        ["deleted pictures stay", "projects/P/locations/L"],
    ),
    "modules/registry-ecr": ({"prefix": "a/b", "images": []}, ["without a slash", "at least one"]),
    "modules/registry-artifacts": ({"region": "eu"}, ["europe-west4"]),
    "modules/identity-eks": (
        {"service_accounts": ["*/*"], "bucket_arns": ["*"]},
        ["without wildcards", "ARNs of whole buckets"],
    ),
    "modules/identity-gke": (
        {"workload_pool": "my-project", "service_accounts": []},
        ["svc.id.goog", "at least one"],
    ),
    "environments/eks": (
        {"region": "Frankfurt", "gpu_capacity_type": "spot"},
        ["eu-central-1", "SPOT or ON_DEMAND"],
    ),
    "environments/gke": ({"region": "Europe"}, ["europe-west4"]),
}
"""Variables that cannot work, and words of the messages that say what can."""


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_every_variable_says_what_it_is_and_of_which_type(folder):
    wanting = [
        name
        for name, block in blocks(folder, "variable")
        if not block.get("description") or not block.get("type")
    ]
    assert wanting == []


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_every_output_says_what_it_is(folder):
    assert [name for name, block in blocks(folder, "output") if not block.get("description")] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_the_versions_of_terraform_and_its_providers_are_bounded(folder):
    settings = (folder / "versions.tf").read_text()
    assert 'required_version = ">= 1.9"' in settings
    assert re.search(r'version = "~> \d+\.\d+"', settings)


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_nothing_looks_like_a_credential(folder):
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    assert {
        name: SECRET.search(text)[0] for name, text in texts.items() if SECRET.search(text)
    } == {}


def test_the_tables_of_the_readmes_are_those_of_the_code():
    spec = spec_from_file_location("tables", TERRAFORM / "tables.py")
    tables = module_from_spec(spec)
    spec.loader.exec_module(tables)
    assert tables.stale() == []


def test_the_environments_give_only_variables_that_their_modules_have():
    for folder in FOLDERS:
        for name, call in blocks(folder, "module"):
            known = {label for label, _ in blocks(folder / call["source"], "variable")}
            given = {key for key in call if not key.startswith("__")} - {"source"}
            assert given <= known, f"{name_of(folder)} {name}"


@pytest.mark.parametrize(
    ("module", "label"),
    [("eks", "aws_eks_node_group.gpu"), ("gke", "google_container_node_pool.gpu")],
)
def test_gpu_nodes_carry_the_taint_that_the_pipeline_tolerates(module, label):
    group = resource(module, label)
    taint = group.get("node_config", [group])[0]["taint"][0]
    assert taint["key"] == "${local.gpu_taint.key}"
    assert gpu_taint(module)["key"] == "nvidia.com/gpu"


def test_the_gpu_nodes_of_eks_are_of_one_size_that_holds_a_task_as_it_comes():
    variables = dict(blocks(TERRAFORM / "environments" / "eks", "variable"))
    sizes = {name.partition(".")[2] for name in variables["gpu_instance_types"]["default"]}
    assert sizes == {"2xlarge"}  # 8 cores and 32 GiB, of which a task asks for 4 and 16


@pytest.mark.parametrize("environment", ["eks", "gke"])
def test_runs_get_the_images_of_the_registry_that_was_made(environment):
    outputs = dict(blocks(TERRAFORM / "environments" / environment, "output"))
    parameters = outputs["parameters"]["value"]
    for class_ in ("core", "gpu"):
        given = re.search(rf"{class_}_image\W+(\S.*?local\.tag)", parameters)
        assert given and "module.registry." in given[1] and f"efface-{class_}" in given[1]


def test_there_are_no_gpu_nodes_until_a_task_asks_for_one():
    eks = resource("eks", "aws_eks_node_group.gpu")["scaling_config"][0]
    gke = resource("gke", "google_container_node_pool.gpu")
    assert (eks["min_size"], eks["desired_size"]) == (0, 0)
    assert (gke["autoscaling"][0]["min_node_count"], gke["initial_node_count"]) == (0, 0)


def test_what_is_deleted_in_s3_goes_for_good():
    rules = resource("bucket-s3", "aws_s3_bucket_lifecycle_configuration.this")["rule"]
    everything = next(rule for rule in rules if not rule["filter"][0].get("prefix"))
    assert everything["status"] == "Enabled"
    assert everything["noncurrent_version_expiration"][0]["noncurrent_days"]
    assert everything["expiration"][0]["expired_object_delete_marker"] is True
    assert everything["abort_incomplete_multipart_upload"][0]["days_after_initiation"] == 1
    bucket = resource("bucket-s3", "aws_s3_bucket.this")
    assert bucket["object_lock_enabled"] is False


def test_what_is_deleted_in_gcs_goes_for_good():
    bucket = resource("bucket-gcs", "google_storage_bucket.this")
    assert bucket["soft_delete_policy"][0]["retention_duration_seconds"] == 0
    rules = {rule["action"][0]["type"]: rule["condition"][0] for rule in bucket["lifecycle_rule"]}
    assert rules["AbortIncompleteMultipartUpload"]["age"] == 1
    old = [
        rule["condition"][0].get("days_since_noncurrent_time") for rule in bucket["lifecycle_rule"]
    ]
    assert any(old)


def test_no_bucket_is_public_or_in_the_clear():
    block = resource("bucket-s3", "aws_s3_bucket_public_access_block.this")
    settings = {
        key: value
        for key, value in block.items()
        if key.startswith(("block", "ignore", "restrict"))
    }
    assert settings and all(value is True for value in settings.values())
    assert resource("bucket-s3", "aws_s3_bucket_server_side_encryption_configuration.this")["rule"]
    gcs = resource("bucket-gcs", "google_storage_bucket.this")
    assert gcs["public_access_prevention"] == "enforced"
    assert gcs["uniform_bucket_level_access"] is True


def test_pods_have_rights_in_named_buckets_only():
    statements = dict(blocks(TERRAFORM / "modules" / "identity-eks", "data"))
    for statement in statements["aws_iam_policy_document.objects"]["statement"]:
        assert statement["resources"] != ["*"]
        assert not [action for action in statement["actions"] if "*" in action]
    member = resource("identity-gke", "google_storage_bucket_iam_member.objects")
    assert member["role"] == "roles/storage.objectUser"


@needs_terraform
def test_the_code_is_formatted():
    words = [shutil.which("terraform") or "tofu", "fmt", "-check", "-recursive", str(TERRAFORM)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@needs_terraform
@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_the_variables_that_the_readme_needs_are_enough(folder, tmp_path):
    done = plan(folder, write(tmp_path, GIVEN[name_of(folder)]))
    assert done.returncode == 0, done.stderr


@needs_terraform
@pytest.mark.parametrize("folder", WRONG)
def test_values_that_cannot_work_are_refused_with_what_can(folder, tmp_path):
    wrong, messages = WRONG[folder]
    done = plan(TERRAFORM / folder, write(tmp_path, {**GIVEN[folder], **wrong}))
    assert done.returncode != 0
    told = " ".join(done.stderr.replace("│", "").split())
    assert [message for message in messages if message not in told] == []


def write(folder, variables):
    path = folder / "given.tfvars.json"
    path.write_text(json.dumps(variables))
    return path
