"""The chart on the cluster: what it is installed with, and what an uninstallation leaves."""

import json
from pathlib import Path
from typing import Any

import yaml

from efface.errors import ConfigError
from examples.fashion.bucket import parameters
from tests.cluster.live.commands import CommandError, call, kubectl, listed
from tests.cluster.live.environment import Environment

RELEASE = "efface"
NAMESPACE = "efface"
MLFLOW = f"{RELEASE}-mlflow"
SCHEDULE = "efface-cluster-test"
CRON = "0 0 3 1 1 *"
"""Once a year, so that no run of the schedule comes in between."""
DATABASE = "efface-test-database"
STORAGE = "efface-storage"
KEYS_OF_KFP = "mlpipeline-minio-artifact"
MADE_BY = {"efface/made-by": "cluster-test"}
"""Label of the namespace that a test run makes."""
HELD = "pods,secrets,persistentvolumeclaims"
"""What an owner would miss; an empty namespace is nobody's."""
CHART = Path(__file__).parents[3] / "charts" / "efface"
MINUTES = 15
"""How long an installation may take: nodes may have to unpack images first."""


def values(environment: Environment, root: str, artifacts: str = "") -> dict[str, Any]:
    """Values of the chart: MLflow without a volume, and a schedule that does not fire."""
    registry, core, tag = split_image(environment.core_image)
    found = split_image(environment.gpu_image)
    if (registry, tag) != (found[0], found[2]):
        raise ConfigError(
            f"EFFACE_CORE_IMAGE {environment.core_image} and EFFACE_GPU_IMAGE "
            f"{environment.gpu_image} need the same registry and tag: the chart has one value each"
        )
    images = {"registry": registry, "core": core, "gpu": found[1], "tag": tag}
    return {
        "image": {**images, "pullPolicy": environment.pull_policy},
        "kubeflow": {
            "namespace": environment.namespace,
            "artifactsEndpointUrl": artifacts,
        },
        "storage": {"endpointUrl": environment.pod_endpoint, "region": environment.region},
        "mlflow": {
            "enabled": True,
            "database": {"existingSecret": DATABASE},
            "artifacts": {"destination": "file:///tmp/artifacts"},
        },
        "schedule": {
            "enabled": True,
            "name": SCHEDULE,
            "cron": CRON,
            "parameters": parameters(root, "scheduled"),
        },
    }


def artifacts_of(environment: Environment) -> str:
    """Where KFP keeps its artifacts, as pods reach it; empty where it is the store of the data."""
    if environment.artifacts:
        return "" if environment.artifacts == "same" else environment.artifacts
    namespace = environment.namespace
    found = {one["metadata"]["name"] for one in listed(namespace, "services")}
    secrets = {one["metadata"]["name"] for one in listed(namespace, "secrets")}
    named = [name for name in ("seaweedfs", "minio-service") if name in found]
    if not named or KEYS_OF_KFP not in secrets:
        return ""
    return f"http://{named[0]}.{namespace}.svc:9000"


def split_image(image: str) -> tuple[str, str, str]:
    """``host:5000/team/efface-core:0.1.0`` -> ("host:5000/team", "efface-core", "0.1.0").

    Raises:
        ConfigError: the image has no tag.
    """
    registry, _, rest = image.rpartition("/")
    name, colon, tag = rest.partition(":")
    if not colon or not name or not tag or "@" in rest:
        raise ConfigError(f"image {image!r} needs a tag, such as efface-core:0.1.0")
    return registry, name, tag


def install(environment: Environment, root: str) -> None:
    """Make the Secrets that the chart refers to, then install it and wait for its pods.

    What an earlier test run has left, cut off before its end, is replaced.

    Raises:
        ConfigError: a release of this name is there already, or what one has left.
        CommandError: helm or kubectl failed.
    """
    ours = is_of_a_test()
    if is_installed():
        if not ours:
            raise ConfigError(
                f"a release {RELEASE} is installed in namespace {NAMESPACE}; the test installs its "
                f"own and removes it: helm uninstall {RELEASE} -n {NAMESPACE}"
            )
        call("helm", "uninstall", RELEASE, "-n", NAMESPACE, "--wait", seconds=300)
    if not ours and (kept := already_there(environment.namespace)):
        raise ConfigError(
            f"{' and '.join(kept)} there already, and the test would delete them at its end, a key "
            "or models perhaps: back them up and delete them, or take another cluster"
        )
    keys = {
        "AWS_ACCESS_KEY_ID": environment.access_key,
        "AWS_SECRET_ACCESS_KEY": environment.secret_key,
    }
    apply(environment.namespace, secret(STORAGE, keys))
    named = {"name": NAMESPACE, "labels": MADE_BY}
    apply(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": named})
    apply(NAMESPACE, secret(DATABASE, {"uri": "sqlite:////tmp/mlflow.db"}))
    chosen = yaml.safe_dump(values(environment, root, artifacts_of(environment)))
    words = ["helm", "install", RELEASE, str(CHART), "-n", NAMESPACE, "--create-namespace"]
    words += ["--values", "-", "--wait", "--timeout", f"{MINUTES}m"]
    call(*words, given=chosen, seconds=60 * (MINUTES + 1))


def uninstall(environment: Environment) -> None:
    """Uninstall the chart, and delete what it keeps on purpose and what ``install`` made."""
    if is_installed():
        call("helm", "uninstall", RELEASE, "-n", NAMESPACE, "--wait", seconds=300)
    gone = ("--ignore-not-found", "--wait=false")
    kubectl(environment.namespace, "delete", "secret", STORAGE, RELEASE, *gone)
    kubectl(NAMESPACE, "delete", "namespace", NAMESPACE, *gone)


def already_there(namespace: str) -> list[str]:
    """What ``uninstall`` would delete although ``install`` has not made it.

    Args:
        namespace: that KFP runs pods in.
    """
    secrets = {one["metadata"]["name"] for one in listed(namespace, "secrets")}
    found = [f"secret {name} -n {namespace}" for name in (RELEASE, STORAGE) if name in secrets]
    held = listed(NAMESPACE, HELD)
    return [*found, f"what namespace {NAMESPACE} holds"] if held else found


def is_of_a_test() -> bool:
    """Whether the release's namespace is one that an earlier test run made."""
    namespaces = {one["metadata"]["name"]: one for one in listed(NAMESPACE, "namespaces")}
    labels = namespaces.get(NAMESPACE, {}).get("metadata", {}).get("labels") or {}
    return MADE_BY.items() <= labels.items()


def is_installed() -> bool:
    """Whether helm knows the release."""
    found = call("helm", "list", "-n", NAMESPACE, "--all", "--output", "json")
    return any(release["name"] == RELEASE for release in json.loads(found or "[]"))


def leftovers(namespace: str) -> list[str]:
    """Kind and name of the release's objects that are still there."""
    kinds = "deployments,services,jobs,configmaps,roles,rolebindings,networkpolicies,secrets"
    label = f"app.kubernetes.io/instance={RELEASE}"
    try:
        return kubectl(namespace, "get", kinds, "-l", label, "--output", "name").split()
    except CommandError as error:
        return [str(error)]


def secret(name: str, content: dict[str, str]) -> dict[str, Any]:
    """A Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": content,
    }


def apply(namespace: str, thing: dict[str, Any]) -> None:
    """Create or update an object.

    Raises:
        CommandError: kubectl failed.
    """
    kubectl(namespace, "apply", "--filename", "-", given=json.dumps(thing))
