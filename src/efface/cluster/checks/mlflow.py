"""Whether the MLflow server answers. Asked over HTTP: the core image has no MLflow."""

import re
import urllib.error
import urllib.request

from efface.cluster.checks.addresses import is_inside, without_password
from efface.cluster.checks.configuration import read_config_map
from efface.cluster.checks.place import FAILED, OK, SKIPPED, WARNING, Finding, Place
from efface.cluster.release import SETTINGS
from efface.errors import EffaceError

TIMEOUT = 10
"""Seconds to wait for an answer."""
LONGEST = 64
"""Bytes of a version; a page of HTML is longer."""


def check_mlflow(place: Place) -> Finding:
    """The address that the pods get, else the one of this shell."""
    address = _of_pods(place) or place.settings.registry
    if not address.startswith(("http://", "https://")):
        return Finding(
            SKIPPED,
            "no MLflow server is set",
            "set EFFACE_REGISTRY in the ConfigMap efface-settings, or here, to http://HOST:PORT",
        )
    shown = without_password(address)
    to_do = "check the address, that it runs, and its --allowed-hosts"
    try:
        inside = is_inside(address)
    except ValueError as error:
        return Finding(FAILED, f"{shown} is no address ({error})", to_do)
    try:
        version = _version(address)
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        if inside and not place.settings.in_cluster:
            told = f"{shown} cannot be asked from outside the cluster"
            return Finding(WARNING, told, "run `efface doctor` in a pod to know")
        return Finding(FAILED, f"{shown} does not answer ({reason})", to_do)
    if not re.match(r"\d+\.\d+", version):
        return Finding(FAILED, f"{shown} answers, but is not MLflow", "check EFFACE_REGISTRY")
    return Finding(OK, f"{version} at {shown}")


def _of_pods(place: Place) -> str:
    try:
        found = read_config_map(place, SETTINGS)
    except EffaceError:
        return ""
    return (found or {}).get("EFFACE_REGISTRY", "")


def _version(address: str) -> str:
    url = f"{address.rstrip('/')}/version"
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        return str(answer.read(LONGEST).decode("utf-8", "replace"))
