"""Reading a policy: all that the YAML says is checked here, once; then a ``Policy`` is trusted."""

import re
from pathlib import Path
from typing import Any

import yaml

from efface.audit.settings import AuditSettings
from efface.data.set_names import SETS
from efface.errors import ConfigError, InputError
from efface.files import refuse_endless, sha256_bytes
from efface.gate.fields import build, check_keys, check_value, mapping_of
from efface.gate.policy import (
    EXTRACTORS,
    VERSION,
    EvaluationSettings,
    ExtractorSpec,
    Masks,
    Policy,
    Privacy,
)
from efface.gate.rules import MAIN_RULES, NEEDED_ATTACKS, RULES
from efface.metrics.extractor_kinds import TRAITS
from efface.models.mask_policy import check_held_out, parse_mask_policy
from efface.shown import shown
from efface.storage import open_store
from efface.storage.fetching import is_remote
from efface.typed import is_version
from efface.unique_keys import load_yaml

_HASH = re.compile(r"[0-9a-f]{64}")
KEYS = ["version", "name", "extractors", "masks", "evaluation", "privacy", "audit", "rules"]


def read_policy(path: str | Path) -> Policy:
    """Read and check a policy file, by its path or its s3:// address.

    A rule that the file does not name is off, except the two main ones, which every policy has.

    Raises:
        ConfigError: absent, empty, of another version, or holding anything that is unknown,
            missing, not finite or contradictory; the message says what is accepted.
        InfrastructureError: storage failed.
    """
    return parse_policy(policy_bytes(path), str(path))


def policy_bytes(path: str | Path) -> bytes:
    """The bytes of a policy file, which its hash is of.

    Raises:
        ConfigError: there is none at this path, or at this s3:// address.
        InfrastructureError: storage failed.
    """
    if is_remote(str(path)):
        folder, _, name = str(path).rpartition("/")
        try:
            return open_store(folder).read(name)
        except InputError as error:
            raise ConfigError(f"policy {error}") from None
    try:
        refuse_endless(Path(path), "policy")
        return Path(path).read_bytes()
    except InputError as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        raise ConfigError(
            f"policy {path} cannot be read ({error.strerror}): give the path of a policy file"
        ) from None


def parse_policy(content: bytes, source: str) -> Policy:
    """Check the bytes of a policy file.

    Args:
        content: the YAML.
        source: where it was read from, for messages and for extractor paths.

    Raises:
        ConfigError: anything in it is unknown, missing, of the wrong type, or contradictory.
    """
    try:
        given = load_yaml(content)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"policy {source} is not YAML: {error}") from None
    try:
        return _policy(given, sha256_bytes(content), folder_of(source))
    except ConfigError as error:
        raise ConfigError(f"policy {source}: {error}") from None


def folder_of(source: str) -> str:
    """The folder that a policy lies in, which paths of its extractors are relative to."""
    return source.rpartition("/")[0] if is_remote(source) else str(Path(source).resolve().parent)


def _policy(given: Any, sha256: str, folder: str) -> Policy:
    if not given:
        raise ConfigError(f"is empty: write the keys {', '.join(KEYS)}")
    top = mapping_of(given, "the top level")
    if not is_version(top.get("version"), VERSION):
        raise ConfigError(
            f"version is {shown(top.get('version'))}: this efface reads version {VERSION}"
        )
    check_keys(top, KEYS, "the top level")
    name = top.get("name", "")
    check_value(name, str, "name")
    if not name:
        raise ConfigError("name is missing: give the policy a name, such as fashion-demo")
    masks = _masks(top.get("masks"))
    audit = build(AuditSettings, top.get("audit"), "audit")
    return Policy(
        name=name,
        extractors=_extractors(top.get("extractors")),
        masks=masks,
        evaluation=_evaluation(top.get("evaluation")),
        privacy=build(Privacy, top.get("privacy"), "privacy"),
        audit=audit,
        rules=_rules(top.get("rules"), masks, audit),
        sha256=sha256,
        folder=folder,
    )


def _extractors(given: Any) -> dict[str, ExtractorSpec]:
    mapping = mapping_of(given, "extractors")
    check_keys(mapping, list(EXTRACTORS), "extractors")
    if missing := [kind for kind in EXTRACTORS if kind not in mapping]:
        raise ConfigError(f"extractors: {', '.join(missing)} missing: give uri and sha256 for it")
    specs = {kind: build(ExtractorSpec, mapping[kind], f"extractors.{kind}") for kind in EXTRACTORS}
    for kind, spec in specs.items():
        if not re.fullmatch(r"[a-z0-9-]+:.+", spec.uri):
            raise ConfigError(
                f"extractors.{kind}.uri is {spec.uri!r}: use KIND:PATH, such as small-cnn:tower"
            )
        if not _HASH.fullmatch(spec.sha256):
            raise ConfigError(
                f"extractors.{kind}.sha256 is {spec.sha256!r}: use the 64 hexadecimal digits that "
                "`sha256sum` prints for the weights file"
            )
        _check_configuration(spec, f"extractors.{kind}.configuration_sha256")
    return specs


def _check_configuration(spec: ExtractorSpec, where: str) -> None:
    traits = TRAITS.get(spec.uri.partition(":")[0])
    if traits is None:  # an unknown kind is refused where it is loaded
        return
    given, names = spec.configuration_sha256, " ".join(traits.configuration)
    if names and not _HASH.fullmatch(given):
        raise ConfigError(
            f"{where} is {given!r}: use the 64 hexadecimal digits that `cat {names} | sha256sum` "
            "prints in the folder of the weights"
        )
    if given and not names:
        raise ConfigError(f"{where} is {given!r}: this kind has no configuration, remove the key")


def _masks(given: Any) -> Masks:
    masks = build(Masks, given, "masks")
    for text in (*masks.train, *masks.score, *masks.held_out):
        parse_mask_policy(text)
    if not masks.train or not masks.score:
        raise ConfigError("masks.train and masks.score need at least one mask each")
    for kind, texts in (("score", masks.score), ("held_out", masks.held_out)):
        if len(set(texts)) != len(texts):
            raise ConfigError(f"masks.{kind} names a mask twice: {', '.join(texts)}")
    check_held_out(masks.train, masks.held_out)
    return masks


def _evaluation(given: Any) -> EvaluationSettings:
    asked = mapping_of(given, "evaluation")
    counts = mapping_of(asked.get("max_images"), "evaluation.max_images")
    settings = build(EvaluationSettings, {**asked, "max_images": counts}, "evaluation")
    check_keys(counts, list(SETS), "evaluation.max_images")
    for name, count in settings.max_images.items():
        if count < 2:
            raise ConfigError(f"evaluation.max_images.{name} is {count}: use 2 or more")
    if not 0 <= settings.seed < 2**63:
        raise ConfigError(f"evaluation.seed is {settings.seed}: use 0 or more, below 2^63")
    return settings


def _rules(given: Any, masks: Masks, audit: AuditSettings) -> dict[str, dict[str, Any]]:
    named = mapping_of(given, "rules")
    check_keys(named, list(RULES), "rules")
    for name, value in named.items():
        if value is False:
            always = "this rule is always on" if name in MAIN_RULES else "remove its line instead"
            raise ConfigError(f"rules.{name} cannot be switched off by `false`: {always}")
    rules = {name: mapping_of(value, f"rules.{name}") for name, value in named.items()}
    if missing := [name for name in MAIN_RULES if name not in rules]:
        raise ConfigError(f"rules: {' and '.join(missing)} missing: these two are always on")
    for name, settings in rules.items():
        if "report_only" in settings and name in MAIN_RULES:
            raise ConfigError(f"rules.{name}.report_only: this rule always blocks; remove the key")
        try:
            build(RULES[name].settings, settings, f"rules.{name}")
        except ConfigError as error:
            where = "" if str(error).startswith("rules.") else f"rules.{name}: "
            raise ConfigError(f"{where}{error}") from None
    if "held-out-masks" in rules and not masks.held_out:
        raise ConfigError("rules.held-out-masks is on but masks.held_out is empty: add a mask")
    for name, attack in NEEDED_ATTACKS.items():
        if name in rules and attack not in audit.attacks:
            raise ConfigError(f"rules.{name} is on but audit.attacks lacks {attack}: add it there")
    return rules
