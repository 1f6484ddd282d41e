"""What the test on a real cluster is told by the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from efface.errors import ConfigError

REQUIRED = {
    "KUBECONFIG": "file that kubectl and helm reach the cluster with",
    "EFFACE_KFP_HOST": "address of the KFP API, such as http://127.0.0.1:8080",
    "AWS_ENDPOINT_URL": "address of the S3 service",
    "AWS_ACCESS_KEY_ID": "key of the S3 service",
    "AWS_SECRET_ACCESS_KEY": "secret of the S3 service",
    "EFFACE_BUCKET": "bucket for the demo data; it exists",
    "EFFACE_CORE_IMAGE": "name of the core image, as the nodes know it",
    "EFFACE_GPU_IMAGE": "name of the gpu image, as the nodes know it",
}
"""Variable -> what it is."""
OPTIONAL = {
    "AWS_REGION": "us-east-1",
    "EFFACE_ARTIFACTS_ENDPOINT_URL": "",
    "EFFACE_KFP_NAMESPACE": "kubeflow",
    "EFFACE_POD_ENDPOINT_URL": "",
    "EFFACE_PULL_POLICY": "Never",
    "EFFACE_WAIT_MINUTES": "45",
}
"""Variable -> its default."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A cluster, and where its parts are."""

    kfp_host: str
    namespace: str
    """Namespace that KFP runs pods in."""
    endpoint: str
    """Address of S3 as this machine reaches it."""
    pod_endpoint: str
    """Address of S3 as pods reach it."""
    artifacts: str
    """S3 of KFP's artifacts as pods reach it; empty: found beside KFP; same: that of the data."""
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str
    core_image: str
    gpu_image: str
    pull_policy: str
    wait: float
    """Seconds that a run may take."""


def read_environment(given: Mapping[str, str]) -> Environment:
    """Read the environment.

    Raises:
        ConfigError: variables are missing, all of them named in one message, or a number is none.
    """
    missing = [name for name in REQUIRED if not given.get(name)]
    if missing:
        lines = [f"  {name:<22} {REQUIRED[name]}" for name in missing]
        raise ConfigError("\n".join(["the cluster test needs these variables as well:", *lines]))
    chosen = {name: given.get(name) or default for name, default in OPTIONAL.items()}
    return Environment(
        kfp_host=given["EFFACE_KFP_HOST"],
        namespace=chosen["EFFACE_KFP_NAMESPACE"],
        endpoint=given["AWS_ENDPOINT_URL"],
        pod_endpoint=chosen["EFFACE_POD_ENDPOINT_URL"] or given["AWS_ENDPOINT_URL"],
        artifacts=chosen["EFFACE_ARTIFACTS_ENDPOINT_URL"],
        region=chosen["AWS_REGION"],
        access_key=given["AWS_ACCESS_KEY_ID"],
        secret_key=given["AWS_SECRET_ACCESS_KEY"],
        bucket=given["EFFACE_BUCKET"],
        core_image=given["EFFACE_CORE_IMAGE"],
        gpu_image=given["EFFACE_GPU_IMAGE"],
        pull_policy=chosen["EFFACE_PULL_POLICY"],
        wait=60 * _minutes(chosen["EFFACE_WAIT_MINUTES"]),
    )


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not minutes > 0:
        raise ConfigError(f"EFFACE_WAIT_MINUTES must be minutes above 0, got {text!r}")
    return minutes
