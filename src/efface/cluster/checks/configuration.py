"""Whether the Secrets and ConfigMaps that the tasks read are there, with the keys they read.

Only names and lengths are looked at; no value is kept or shown.
"""

import base64
from dataclasses import replace
from typing import Any

from efface.cluster.checks.addresses import without_password
from efface.cluster.checks.place import FAILED, OK, SKIPPED, WARNING, Finding, Place
from efface.cluster.kubernetes_api import TIMEOUT, Absent, explained
from efface.cluster.release import (
    ARTIFACTS_ENDPOINT,
    NAME,
    POLICY,
    POLICY_FOLDER,
    POLICY_KEY,
    SETTINGS,
    SETTINGS_KEYS,
    STORAGE,
    STORAGE_KEYS,
    SUBJECT_KEY,
)
from efface.settings import SHORTEST_KEY


def check_subject_key(place: Place) -> Finding:
    """The key that subject ids are hashed with; no task starts without it."""
    to_do = (
        f"kubectl create secret generic {NAME} -n {place.namespace} "
        f"--from-literal={SUBJECT_KEY}=$(openssl rand -hex 32)"
    )
    found = read_secret(place, NAME)
    if found is None:
        return Finding(FAILED, f"not in namespace {place.namespace}: pods would not start", to_do)
    if SUBJECT_KEY not in found:
        return Finding(FAILED, f"no key {SUBJECT_KEY} in it: pods would not start", to_do)
    length = len(base64.b64decode(found[SUBJECT_KEY]).strip())
    if length < SHORTEST_KEY:
        told = f"{SUBJECT_KEY} has {length} characters, needs {SHORTEST_KEY}"
        return Finding(FAILED, told, "put the output of `openssl rand -hex 32` into it")
    return Finding(OK, f"{SUBJECT_KEY}, {length} characters")


def check_storage_secret(place: Place) -> Finding:
    """Keys of the object store, where pods have no identity of their own for it."""
    found = read_secret(place, STORAGE)
    if found is None:
        return Finding(SKIPPED, "not there; pods use their workload identity, or need no keys")
    return _both_or_neither(found, place)


def check_settings(place: Place) -> Finding:
    """Addresses that the tasks need."""
    found = read_config_map(place, SETTINGS)
    if found is None:
        return Finding(SKIPPED, "not there; every address has its default")
    known = (*SETTINGS_KEYS, ARTIFACTS_ENDPOINT)
    unknown = sorted(set(found) - set(known))
    if unknown:
        return Finding(
            WARNING,
            f"no task reads {', '.join(unknown)}",
            f"use {', '.join(known)}",
        )
    told = [f"{key}={without_password(found[key])}" for key in sorted(found)]
    return Finding(OK, ", ".join(told) or "empty")


def check_policy(place: Place) -> Finding:
    """The policy, where it is not given as a path in a bucket."""
    found = read_config_map(place, POLICY)
    if found is None:
        return Finding(SKIPPED, "not there; name the policy in the parameters of the run")
    if POLICY_KEY not in found:
        told = f"no key {POLICY_KEY} in it"
        return Finding(FAILED, told, f"put the policy under {POLICY_KEY}")
    return Finding(OK, f"{POLICY_KEY}, at {POLICY_FOLDER}/{POLICY_KEY}")


def in_namespace(place: Place, namespace: str) -> Place:
    """The same cluster, looked at in another namespace."""
    return replace(place, settings=replace(place.settings, kfp_namespace=namespace))


def read_secret(place: Place, name: str) -> dict[str, str] | None:
    """Key -> base64 of its value; None when there is no such Secret."""
    from kubernetes.client import CoreV1Api

    return _data(CoreV1Api(place.cluster()).read_namespaced_secret, name, place.namespace)


def read_config_map(place: Place, name: str) -> dict[str, str] | None:
    """Key -> value; None when there is no such ConfigMap."""
    from kubernetes.client import CoreV1Api

    return _data(CoreV1Api(place.cluster()).read_namespaced_config_map, name, place.namespace)


def _data(read: Any, name: str, namespace: str) -> dict[str, str] | None:
    try:
        with explained(f"{name} in namespace {namespace}"):
            return dict(read(name, namespace, _request_timeout=TIMEOUT).data or {})
    except Absent:
        return None


def _both_or_neither(found: dict[str, str], place: Place) -> Finding:
    missing = [key for key in STORAGE_KEYS if key not in found]
    if len(missing) == 1:
        return Finding(
            FAILED,
            f"no key {missing[0]} in it, but the other one",
            f"kubectl edit secret {STORAGE} -n {place.namespace}: both, or neither",
        )
    return Finding(OK, ", ".join(sorted(set(STORAGE_KEYS) & set(found))) or "empty")
