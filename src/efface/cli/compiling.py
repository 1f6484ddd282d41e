"""``efface compile``: the graph as a file for Kubeflow Pipelines."""

import argparse
from typing import TYPE_CHECKING

from efface import __version__
from efface.cli import cluster, options

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
        type=cluster.name_value,
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
        "release": "begin of the names of the Secrets and ConfigMaps that the tasks read; "
        "the chart's begin with efface, whatever its release is called",
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
    from efface.cluster.compiling import ObjectNames, graph_to_ir, graph_to_objects
    from efface.cluster.graph import find_compiled, read_graph
    from efface.cluster.parameters import parse_words
    from efface.cluster.rewriting import with_choices, with_defaults
    from efface.files import write_bytes

    fields = ("release", "pull_policy", "pull_secret", "queue", "shared_memory")
    words = options.pick(given, *fields, "parallel", "retries")
    graph = read_graph(find_compiled())
    graph = with_choices(graph, **words, hours=dict(given.hours))
    graph = with_defaults(graph, parse_words(graph, dict(given.defaults)))
    if given.kubernetes:
        names = ObjectNames(
            pipeline=given.pipeline_name, version=given.version_name, namespace=given.namespace
        )
        text = graph_to_objects(graph, names)
    else:
        text = graph_to_ir(graph)
    write_bytes(given.out, text.encode())
    print(given.out)
    return 0


def _hours(text: str) -> tuple[str, float]:
    step, _, hours = text.partition("=")
    try:
        return step, float(hours)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not STEP=HOURS, such as unlearn=72"
        ) from None
