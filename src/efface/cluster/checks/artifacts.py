"""Whether settle can delete where Kubeflow Pipelines keeps artifacts, which may be another store.

The keys out of KFP's own Secret are used to ask it, and never shown.
"""

import base64
from urllib.parse import urlsplit

from efface.cluster.checks.addresses import is_inside, without_password
from efface.cluster.checks.configuration import in_namespace, read_config_map, read_secret
from efface.cluster.checks.pipelines import USUAL
from efface.cluster.checks.place import FAILED, OK, SKIPPED, WARNING, Finding, Place
from efface.cluster.checks.storage import try_out
from efface.cluster.kubernetes_api import TIMEOUT, Absent, Refused, explained
from efface.cluster.release import ARTIFACTS, ARTIFACTS_ENDPOINT, ARTIFACTS_KEYS, SETTINGS
from efface.errors import EffaceError
from efface.settings import Account
from efface.storage import ARTIFACTS as SCHEME

LAUNCHER, ROOT_KEY = "kfp-launcher", "defaultPipelineRoot"
"""ConfigMap of KFP that says where artifacts go."""
ROOT = "minio://mlpipeline/v2/artifacts"
"""Where they go when it does not."""
SERVICES = ("seaweedfs", "minio-service")
"""What the object store that comes with KFP is called, in 2.17 and before."""
VALUE = "the chart's value kubeflow.artifactsEndpointUrl"


def check_artifacts(place: Place) -> Finding:
    """The store of artifacts can be written, read and deleted as settle would."""
    root = (read_config_map(place, LAUNCHER) or {}).get(ROOT_KEY, ROOT)
    if not root.startswith(SCHEME):
        return Finding(OK, f"{root}, in the object store of the data")
    settings = read_config_map(place, SETTINGS) or {}
    if not settings.get(ARTIFACTS_ENDPOINT):
        return _without_address(place, root, settings.get("AWS_ENDPOINT_URL", ""))
    endpoint = settings[ARTIFACTS_ENDPOINT]
    found = read_secret(place, ARTIFACTS) or {}
    if missing := [key for key in ARTIFACTS_KEYS if key not in found]:
        told = f"{ARTIFACTS_ENDPOINT} is set, but secret {ARTIFACTS} has no {', '.join(missing)}"
        return Finding(FAILED, told, f"take KFP's Secret over into namespace {place.namespace}")
    access_key, secret_key = (base64.b64decode(found[key]).decode() for key in ARTIFACTS_KEYS)
    account = Account(endpoint=endpoint, access_key=access_key, secret_key=secret_key)
    return _ask(place, root, account)


def _ask(place: Place, root: str, account: Account) -> Finding:
    from efface.storage.s3 import S3Store

    shown = f"{root} at {without_password(account.endpoint)}"
    to_do = f"check {VALUE}, and the keys in secret {ARTIFACTS}"
    try:
        if is_inside(account.endpoint) and not place.settings.in_cluster:
            told = f"{shown} cannot be asked from outside the cluster"
            return Finding(WARNING, told, "run `efface doctor` in a pod to know")
        trouble = try_out(S3Store(SCHEME + root.removeprefix(SCHEME).split("/")[0], account))
    except (EffaceError, ValueError) as error:
        return Finding(FAILED, f"{shown}: {str(error).partition('; ')[0]}", to_do)
    if trouble:
        return Finding(FAILED, f"{shown}: an object {trouble}", "look at the object store")
    return Finding(OK, f"{shown}: written, read, deleted")


def _without_address(place: Place, root: str, usual: str) -> Finding:
    """Whether the usual object store is the one that KFP keeps artifacts in, as far as one sees."""
    service, namespace = _store_of_kubeflow(place)
    host = urlsplit(usual).hostname or ""
    if not service or host.partition(".")[0] == service:
        return Finding(SKIPPED, f"{root}, taken to be in the object store of the data")
    return Finding(
        WARNING,
        f"{root} is probably in service {service}, and settle would delete at "
        f"{without_password(usual) or 'the default S3'}",
        f"set {VALUE} to http://{service}.{namespace}.svc:9000",
    )


def _store_of_kubeflow(place: Place) -> tuple[str, str]:
    """Service and namespace of the store that came with KFP; two empty texts when none is seen."""
    for namespace in dict.fromkeys([place.namespace, USUAL]):
        try:
            for service in SERVICES:
                if _is_there(in_namespace(place, namespace), service):
                    return service, namespace
        except Refused:
            if namespace == place.namespace:
                raise
    return "", ""


def _is_there(place: Place, service: str) -> bool:
    from kubernetes.client import CoreV1Api

    try:
        with explained(f"service {service}"):
            CoreV1Api(place.cluster()).read_namespaced_service(
                service, place.namespace, _request_timeout=TIMEOUT
            )
    except Absent:
        return False
    return True
