"""``efface compile``: the graph as a file for Kubeflow Pipelines."""

import argparse
from typing import TYPE_CHECKING

from efface import __version__
from efface.cli import options

if TYPE_CHECKING:
    from efface.cli.options import Commands

TEXT = "write the pipeline for Kubeflow Pipelines: IR YAML, or Kubernetes objects"


def add_command(commands: "Commands") -> None:
    """Add ``compile``."""
    parser = options.add_command(commands, "compile", run, TEXT)
    options.add_out(parser, "file to write, YAML")
    parser.add_argument(
        "--default",
        dest="defaults",
        action="append",
        default=[],
        type=_word,
        metavar="NAME=VALUE",
        help="another default of a parameter of a run, such as gpus=0; may be repeated "
        "(default: as in docs/cluster.md)",
    )
    _add_choices(parser)
    _add_objects(parser)


def _add_choices(parser: argparse.ArgumentParser) -> None:
    from efface.cluster.choices import PULL_POLICIES, Choices

    usual = Choices()
    words = {
        "release": "Helm release whose Secrets and ConfigMaps the tasks use",
        "pull-secret": "Secret with the credentials of a private registry",
        "queue": "Kueue LocalQueue that tasks on GPU nodes wait in",
        "shared-memory": "largest size of /dev/shm of a task on a GPU node",
    }
    for name, text in words.items():
        value = getattr(usual, name.replace("-", "_"))
        parser.add_argument(f"--{name}", default=value, help=f"{text} (default: {value or 'none'})")
    parser.add_argument(
        "--pull-policy",
        choices=PULL_POLICIES,
        default=usual.pull_policy,
        help="when images are pulled (default: %(default)s)",
    )
    numbers = {
        "parallel": "evaluate tasks at the same time; 0 for all at once",
        "retries": "how often a failed task is tried again",
    }
    for name, text in numbers.items():
        value = getattr(usual, name)
        parser.add_argument(
            f"--{name}", type=int, default=value, help=f"{text} (default: %(default)s)"
        )
    parser.add_argument(
        "--hours",
        action="append",
        default=[],
        type=_hours,
        metavar="STEP=HOURS",
        help="how long one attempt at a step may take, such as unlearn=72; may be repeated "
        "(default: as in docs/cluster.md)",
    )


def _add_objects(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kubernetes",
        action="store_true",
        help="write the objects Pipeline and PipelineVersion (default: IR YAML)",
    )
    parser.add_argument(
        "--pipeline-name", default="efface-unlearn", help="Pipeline object (default: %(default)s)"
    )
    parser.add_argument(
        "--version-name",
        default=f"efface-unlearn-{__version__}",
        help="PipelineVersion object; another graph needs another name (default: %(default)s)",
    )
    parser.add_argument(
        "--namespace", default="", help="of both objects (default: where they are applied)"
    )


def run(given: argparse.Namespace) -> int:
    """Write the graph."""
    from efface.cluster.choices import Choices
    from efface.cluster.compiling import Names, documents_to_ir, documents_to_objects
    from efface.cluster.graph import compiled_graph, read_documents
    from efface.cluster.parameters import typed_parameters
    from efface.cluster.rewriting import with_choices, with_defaults
    from efface.files import write_bytes

    fields = ("release", "pull_policy", "pull_secret", "queue", "shared_memory")
    words = options.pick(given, *fields, "parallel", "retries")
    documents = with_choices(
        read_documents(compiled_graph()), Choices(**words, hours=dict(given.hours))
    )
    documents = with_defaults(documents, typed_parameters(dict(given.defaults), documents))
    if given.kubernetes:
        names = Names(
            pipeline=given.pipeline_name, version=given.version_name, namespace=given.namespace
        )
        text = documents_to_objects(documents, names)
    else:
        text = documents_to_ir(documents)
    write_bytes(given.out, text.encode())
    print(given.out)
    return 0


def _word(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE, such as gpus=0")
    return name, value


def _hours(text: str) -> tuple[str, float]:
    step, _, hours = text.partition("=")
    try:
        return step, float(hours)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not STEP=HOURS, such as unlearn=72"
        ) from None
