"""What goes before a run: a dataset, a model in service, a policy."""

import argparse
from typing import TYPE_CHECKING

from efface.cli import options

if TYPE_CHECKING:
    from efface.cli.options import Commands
    from efface.gate.policy import Policy


def add_commands(commands: "Commands") -> None:
    """Add ``data import``, ``model import`` and ``policy check``."""
    _add_data(commands)
    _add_model(commands)
    _add_policy(commands)


def _add_data(commands: "Commands") -> None:
    text = "bring images of your own"
    group = commands.add_parser("data", help=text, description=text).add_subparsers(
        dest="what", metavar="import", required=True
    )
    told = "pack a folder of images into a dataset; the same command goes on where it was killed"
    parser = options.add_command(group, "import", data_import, told)
    parser.add_argument(
        "source", type=options.some_word, help="images: a folder or s3://bucket/prefix (required)"
    )
    parser.add_argument(
        "--table",
        type=options.path_word,
        required=True,
        help="CSV with the columns sample, subject, rights_holder, split (required)",
    )
    parser.add_argument(
        "--out",
        type=options.some_word,
        required=True,
        help="dataset: a folder or s3://bucket/prefix (required)",
    )
    parser.add_argument("--workers", type=int, help="processes (default: one a CPU)")
    parser.add_argument(
        "--samples-per-shard",
        type=int,
        default=1000,
        help="images in a shard, at most (default: %(default)s)",
    )


def _add_model(commands: "Commands") -> None:
    text = "bring a model of your own"
    group = commands.add_parser("model", help=text, description=text).add_subparsers(
        dest="what", metavar="import", required=True
    )
    parser = options.add_command(group, "import", model_import, "register a model as champion")
    parser.add_argument(
        "folder", type=options.path_word, help="model folder as its own library saves it (required)"
    )
    options.add_required(parser, "name")
    options.add_registry(parser)


def _add_policy(commands: "Commands") -> None:
    text = "look at a policy"
    group = commands.add_parser("policy", help=text, description=text).add_subparsers(
        dest="what", metavar="check", required=True
    )
    told = "say whether the gate can work with a policy, and what it asks for"
    parser = options.add_command(group, "check", policy_check, told)
    parser.add_argument(
        "policy", type=options.some_word, help="path of the policy, YAML (required)"
    )


def data_import(given: argparse.Namespace) -> int:
    """Import images; the exit code is 0 when some lines of the table were rejected."""
    from efface.data.importing import REJECTED, import_images

    words = options.pick(given, "source", "table", "out", "workers", "samples_per_shard")
    done = import_images(**words)
    print(f"{done.place}: {done.samples} images of {done.subjects} subjects, {done.shards} shards")
    if done.rejected:
        print(f"{len(done.rejected)} images rejected, listed in {done.place}/{REJECTED}")
    return 0


def model_import(given: argparse.Namespace) -> int:
    """Register a model folder as the version in service."""
    from efface.registry import import_base

    registry = options.registry_of(given)
    found = import_base(given.folder, name=given.name, registry=registry)
    print(f"{found['uri']} {'registered' if found['created'] else 'was there already'}")
    print(f"in service: models:/{given.name}/{found['champion']}")
    return 0


def policy_check(given: argparse.Namespace) -> int:
    """Read a policy and say what it asks for."""
    from efface.gate.reading import read_policy

    policy = read_policy(given.policy)
    seen = _check_extractors(policy)
    print(f"{policy.name}: valid, sha256 {policy.sha256}; {seen}")
    for name, settings in policy.rules.items():
        told = ", ".join(f"{key}={value}" for key, value in settings.items())
        print(f"  {name}: {told}" if told else f"  {name}")
    return 0


def _check_extractors(policy: "Policy") -> str:
    """Load the policy's extractors, which are held against their hashes; says what was done."""
    try:
        from efface.metrics.extractors.loading import load_extractor
    except ImportError:  # the core without torch
        return "extractor weights not looked at, for want of torch"
    for spec in policy.extractors.values():
        load_extractor(spec, policy.folder)
    return "extractor weights as pinned, and loaded"
