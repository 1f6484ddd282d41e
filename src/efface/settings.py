"""Settings from the environment. This is the only file of efface that reads it.

    EFFACE_HOME          folder of the key and the registry; ~/.config/efface when unset
    EFFACE_SUBJECT_KEY   key that subject ids are hashed with; EFFACE_HOME/subject.key when unset
    EFFACE_REGISTRY      MLflow address; else MLFLOW_TRACKING_URI, else SQLite in EFFACE_HOME
    MLFLOW_RUN_ID        MLflow run to go on with, set by Kubeflow Pipelines; a new run when unset
    KFP_POD_NAME         pod of this process, set by Kubeflow Pipelines; the host's name when unset
    EFFACE_PROGRESS      folder for progress as JSON; none when unset
    EFFACE_PUSHGATEWAY   address of a Prometheus Pushgateway; nothing is sent when unset
    EFFACE_ARTIFACTS_ENDPOINT_URL      object store of Kubeflow Pipelines' own artifacts,
    EFFACE_ARTIFACTS_ACCESS_KEY_ID     where it is another than that of AWS_*,
    EFFACE_ARTIFACTS_SECRET_ACCESS_KEY  and the keys for it
    EFFACE_LEASE_HOURS   hours that a run keeps its tickets, whatever happens to it; 24 when unset
    EFFACE_KFP_HOST      address of the Kubeflow Pipelines API; of its page, links work too
    EFFACE_KFP_TOKEN_FILE  file with a bearer token for it, read at each call; none when unset
    EFFACE_KFP_NAMESPACE  namespace where its pods run; kubeflow when unset
    KUBECONFIG           files that say how to reach Kubernetes; ~/.kube/config when unset

The object store's variables (``AWS_*``) are read by boto3 itself.
"""

import logging
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from efface.errors import ConfigError, InfrastructureError

log = logging.getLogger(__name__)

SHORTEST_KEY = 16
"""Characters; a shorter key can be guessed, and with it every hashed subject id."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An object store beside the usual one."""

    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says."""

    home: Path
    """Folder of this installation's key and registry."""
    registry: str
    """MLflow tracking address; see ``registry_for``, which steps use."""
    mlflow_run_id: str = ""
    """MLflow run that the pipeline server has started; empty: none."""
    pod: str = ""
    """Kubernetes pod that this process runs in, when it does."""
    progress: Path | None = None
    """Folder that progress is written to as JSON; None: nowhere."""
    pushgateway: str = ""
    """Address of a Prometheus Pushgateway; empty: nothing is sent."""
    lease: timedelta = timedelta(hours=24)
    """How long a run's claim on its tickets lasts."""
    in_cluster: bool = False
    """Whether this process runs in a Kubernetes pod, whose disk is gone after it."""
    kfp_host: str = ""
    """Address of the Kubeflow Pipelines API; empty: not known."""
    kfp_token_file: Path | None = None
    """File with a bearer token for that API; None: it is asked without."""
    kfp_namespace: str = "kubeflow"
    """Kubernetes namespace where Kubeflow Pipelines runs the pods."""
    kubeconfig: str = ""
    """Files that say how to reach Kubernetes, with ``:`` between them; empty: the usual one."""
    artifacts: Account | None = None
    """Object store of Kubeflow Pipelines' own artifacts; None: the one that AWS_* names."""
    given_key: str = field(default="", repr=False)
    """The subject key as given; empty: in a file in ``home``."""

    def __post_init__(self) -> None:
        if self.given_key and len(self.given_key) < SHORTEST_KEY:
            raise ConfigError(
                f"EFFACE_SUBJECT_KEY has {len(self.given_key)} characters; at least {SHORTEST_KEY} "
                "are needed: take the output of `openssl rand -hex 32`"
            )
        if self.lease <= timedelta(0):
            raise ConfigError(f"EFFACE_LEASE_HOURS must be above 0, got {self.lease}")

    def registry_for(self, given: str) -> str:
        """The MLflow address that was given, or where none was, that of the environment.

        Raises:
            ConfigError: neither is set in a Kubernetes pod, where SQLite would be gone after it.
        """
        if not given and self.in_cluster and self.registry == _registry_in(self.home):
            raise ConfigError(
                "no MLflow address: give the pipeline's parameter registry, or set EFFACE_REGISTRY "
                "for every step"
            )
        return given or self.registry

    @property
    def subject_key(self) -> bytes:
        """Key that subject ids are hashed with; made on first use when none was given.

        Raises:
            ConfigError: the key file is too short, or there is none in a Kubernetes pod.
            InfrastructureError: the key file cannot be written or read.
        """
        if self.given_key:
            return self.given_key.encode()
        if self.in_cluster:
            raise ConfigError(
                "EFFACE_SUBJECT_KEY is not set: in a cluster every step needs the same key; "
                "give it to all of them from one Secret"
            )
        return _key_of_file(self.home / "subject.key")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; ``environment`` is that of the process unless given.

    Raises:
        ConfigError: a value that cannot be used.
    """
    given = os.environ if environment is None else environment
    home = _folder("EFFACE_HOME", given.get("EFFACE_HOME") or "~/.config/efface")
    return Settings(
        home=home,
        pod=given.get("KFP_POD_NAME") or socket.gethostname(),
        registry=given.get("EFFACE_REGISTRY")
        or given.get("MLFLOW_TRACKING_URI")
        or _registry_in(home),
        mlflow_run_id=given.get("MLFLOW_RUN_ID", ""),
        progress=_optional_path(given.get("EFFACE_PROGRESS", "")),
        pushgateway=given.get("EFFACE_PUSHGATEWAY", ""),
        lease=_hours("EFFACE_LEASE_HOURS", given.get("EFFACE_LEASE_HOURS") or "24"),
        in_cluster="KUBERNETES_SERVICE_HOST" in given,
        kubeconfig=given.get("KUBECONFIG", ""),
        kfp_host=given.get("EFFACE_KFP_HOST", ""),
        kfp_token_file=_optional_path(given.get("EFFACE_KFP_TOKEN_FILE", "")),
        kfp_namespace=given.get("EFFACE_KFP_NAMESPACE") or "kubeflow",
        artifacts=_account(given),
        given_key=given.get("EFFACE_SUBJECT_KEY", ""),
    )


def _account(given: Mapping[str, str]) -> Account | None:
    """The store of artifacts; its keys may be there without an address, in KFP's own Secret."""
    names = ["EFFACE_ARTIFACTS_ACCESS_KEY_ID", "EFFACE_ARTIFACTS_SECRET_ACCESS_KEY"]
    endpoint = given.get("EFFACE_ARTIFACTS_ENDPOINT_URL", "")
    if not endpoint:
        return None
    if missing := [name for name in names if not given.get(name)]:
        raise ConfigError(
            f"EFFACE_ARTIFACTS_ENDPOINT_URL is {endpoint} without {' and '.join(missing)}: give "
            "them, or leave the address out where artifacts lie in the usual object store"
        )
    return Account(endpoint=endpoint, access_key=given[names[0]], secret_key=given[names[1]])


def _optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def _registry_in(home: Path) -> str:
    return f"sqlite:///{home / 'registry.db'}"


def _folder(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ConfigError(f"{text} cannot be found, this user has no home: set {name}") from None


def _hours(name: str, text: str) -> timedelta:
    try:
        return timedelta(hours=float(text))
    except (ValueError, OverflowError):
        raise ConfigError(f"{name} must be a number of hours such as 24, got {text!r}") from None


def _key_of_file(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text().strip()
        shared = path.stat().st_mode & 0o077
    except OSError as error:
        raise InfrastructureError(
            f"cannot use the key file {path} ({error.strerror}): make it readable and its folder "
            "writable, or set EFFACE_SUBJECT_KEY"
        ) from error
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"the key file {path} holds {len(key)} characters; at least {SHORTEST_KEY} are needed: "
            "restore it from your backup, or delete it for a new key"
        )
    if shared:
        log.warning("subject_key=readable_by_others path=%s fix='chmod 600'", path)
    return key.encode()


def _make_key(path: Path) -> None:
    """Write a new key, mode 0600; of two processes at once, the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, path)
        log.info("subject_key=made path=%s", path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)
