"""From the policy's ``KIND:PLACE`` and hash to an extractor.

To add a kind: one file beside this one with ``locate`` and ``load``, one line in ``KINDS``, and
one in ``TRAITS`` of ``efface.metrics.extractor_kinds``.
"""

import logging
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from efface.errors import CheckpointError, ConfigError, InputError
from efface.files import sha256_bytes, sha256_file
from efface.gate.policy import ExtractorSpec
from efface.metrics.extractor_kinds import TRAITS
from efface.metrics.extractors import clip_vision, inception, open_clip, small_cnn
from efface.metrics.extractors.protocol import Extractor, need_file
from efface.metrics.extractors.usable import check_usable
from efface.storage.fetching import REMOTE, fetch_cached, is_remote

log = logging.getLogger(__name__)

PLACE = re.compile(r"((?:[^:/]+:)??)(s3://.+|[^:]+)")
"""An architecture where the kind has one, and a path."""


@dataclass(frozen=True)
class Kind:
    """How a kind of extractor finds and loads its weights."""

    locate: Callable[[str, Path], Path]
    """(place, folder) -> the weights file."""
    load: Callable[[str, Path, str], Extractor]
    """(place, folder, hash of the weights) -> the extractor."""


KINDS: dict[str, Kind] = {
    "clip-vision": Kind(clip_vision.locate, clip_vision.load),
    "inception": Kind(inception.locate, inception.load),
    "open-clip": Kind(open_clip.locate, open_clip.load),
    "small-cnn": Kind(small_cnn.locate, small_cnn.load),
}


def load_extractor(spec: ExtractorSpec, folder: str) -> Extractor:
    """Load the extractor that a policy names.

    Args:
        spec: ``KIND:PLACE`` and the hash of the weights file.
        folder: the policy's folder; a place that is not absolute is relative to it.

    Raises:
        ConfigError: an unknown kind, or files of other hashes than the policy pins.
        CheckpointError: weights that are missing, damaged or of another architecture; an extractor
            that makes no finite features of a grey image.
    """
    kind, place = check_extractor(spec, folder)
    log.info("extractor=%s sha256=%s", spec.uri, spec.sha256[:12])
    extractor = kind.load(place, Path(folder), spec.sha256)
    check_usable(extractor, kind.locate(place, Path(folder)))
    extractor.recipe["configuration_sha256"] = spec.configuration_sha256
    return extractor


def check_extractor(spec: ExtractorSpec, folder: str) -> tuple[Kind, str]:
    """Hold the files of an extractor against their hashes; gives its kind and place here.

    Raises:
        ConfigError: an unknown kind, or files of other hashes than the policy pins.
        CheckpointError: the weights or a configuration file are missing.
        InfrastructureError: they are in storage, which failed.
    """
    kind, _, place = spec.uri.partition(":")
    if kind not in KINDS or not place:
        raise ConfigError(
            f"extractor {spec.uri!r}: use KIND:PATH with KIND one of {', '.join(KINDS)}"
        )
    place = _brought_here(place, folder, spec)
    weights = KINDS[kind].locate(place, Path(folder))
    found = sha256_file(weights)
    if found != spec.sha256:
        raise ConfigError(
            f"extractor {spec.uri}: {weights} has sha256 {found}, the policy pins {spec.sha256!r}; "
            "restore the weights, or change the policy on purpose"
        )
    found = _configuration_sha256(weights.parent, TRAITS[kind].configuration)
    if found != spec.configuration_sha256:
        raise ConfigError(
            f"extractor {spec.uri}: {' and '.join(TRAITS[kind].configuration)} in {weights.parent} "
            f"have sha256 {found}, the policy pins configuration_sha256 "
            f"{spec.configuration_sha256!r}; restore them, or change the policy on purpose"
        )
    return KINDS[kind], place


def absolute_uri(uri: str, folder: str) -> str:
    """``KIND:PLACE`` of a policy in ``folder``, as a policy anywhere else may say it."""
    kind, _, place = uri.partition(":")
    split = PLACE.fullmatch(place)
    return f"{kind}:{split[1]}{_absolute(split[2], folder)}" if split else uri


def _configuration_sha256(folder: Path, names: tuple[str, ...]) -> str:
    """Hash of configuration files one after the other; empty for none."""
    contents = [need_file(folder / name, "extractor configuration").read_bytes() for name in names]
    return sha256_bytes(b"".join(contents)) if names else ""


def _absolute(path: str, folder: str) -> str:
    if is_remote(path) or path.startswith("/"):
        return path
    if is_remote(folder):
        return REMOTE + posixpath.normpath(f"{folder.removeprefix(REMOTE)}/{path}")
    return str(Path(folder) / path)


def _brought_here(place: str, folder: str, spec: ExtractorSpec) -> str:
    """The place with its path replaced by that of a copy, where it is in remote storage."""
    split = PLACE.fullmatch(place)
    if "://" in place and (split is None or not is_remote(split[2])):
        raise CheckpointError(
            f"extractor {spec.uri}: {place!r} is not supported: use a path or s3://bucket/prefix"
        )
    if split is None:
        return place
    head, path = split.groups()
    path = _absolute(path, folder)
    if not is_remote(path):
        return place
    try:
        return f"{head}{fetch_cached(path)}"
    except InputError as error:
        raise CheckpointError(f"extractor {spec.uri}: {error}") from None
