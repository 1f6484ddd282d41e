"""The options that commands about a cluster share, and what they stand for."""

import argparse
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from efface.cli import options
from efface.errors import ConfigError

if TYPE_CHECKING:
    from efface.cluster.graph import Graph
    from efface.cluster.kfp_api import KfpApi
    from efface.settings import Settings


def add_address(parser: argparse.ArgumentParser) -> None:
    """Add where the cluster is."""
    parser.add_argument("--host", help="address of Kubeflow Pipelines (default: EFFACE_KFP_HOST)")
    parser.add_argument(
        "--namespace",
        help="namespace where its pods run (default: EFFACE_KFP_NAMESPACE, else kubeflow)",
    )
    parser.add_argument(
        "--context", help="context of the kubeconfig (default: the current one; in a pod, its own)"
    )


def add_graph(parser: argparse.ArgumentParser) -> None:
    """Add what is run, with which parameters, out of which images."""
    parser.add_argument(
        "--pipeline",
        type=options.path_word,
        help="compiled pipeline (default: the one that efface brings)",
    )
    parser.add_argument(
        "--params",
        type=options.path_word,
        help="YAML file with parameters, name: value (default: none)",
    )
    parser.add_argument(
        "--set",
        dest="words",
        action="append",
        default=[],
        type=name_value,
        metavar="NAME=VALUE",
        help="parameter of the pipeline, which wins over --params; text, or JSON where the "
        "parameter is no text; may be repeated (default: none)",
    )
    for kind in ("core", "gpu"):
        parser.add_argument(
            f"--{kind}-image",
            default="",
            help=f"image in place of efface-{kind} (default: as compiled)",
        )
    parser.add_argument(
        "--pull-policy",
        default="",
        help="Always, IfNotPresent or Never, for every pod (default: as compiled)",
    )
    parser.add_argument(
        "--service-account", default="", help="Kubernetes account of the pods (default: KFP's own)"
    )
    parser.add_argument(
        "--experiment",
        default="efface",
        help="experiment of KFP (default: %(default)s, made when absent; any other must be there)",
    )


def name_value(text: str) -> tuple[str, str]:
    """``name=painter`` -> ("name", "painter")."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE, such as name=painter")
    return name, value


def seconds(text: str) -> float:
    """``90m`` -> 5400.0; a bare number is seconds."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        value = float(number) * units[unit]
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give 30s, 90m or 12h")
    return value


def settings_of(given: argparse.Namespace) -> "Settings":
    """The settings, with what the options change.

    Raises:
        ConfigError: the clients of KFP and Kubernetes are not installed.
    """
    from efface.settings import read_settings

    for package in ("kfp_server_api", "kubernetes"):
        if importlib.util.find_spec(package) is None:
            raise ConfigError(
                f"package {package} is not installed: install efface with the extra kfp"
            )
    from efface.cluster.names import check_name

    found = read_settings()
    return replace(
        found,
        kfp_host=given.host or found.kfp_host,
        kfp_namespace=check_name("namespace", given.namespace or found.kfp_namespace),
    )


def graph_of(given: argparse.Namespace) -> "tuple[Graph, dict[str, Any]]":
    """The graph with its images, and parameters that fit it."""
    from efface.cluster.graph import find_compiled, read_graph
    from efface.cluster.images import image_parameters, with_images
    from efface.cluster.names import check_name
    from efface.cluster.parameters import check_parameters, parse_words, read_parameters
    from efface.cluster.rewriting import with_choices

    if given.service_account:
        check_name("service account", given.service_account)
    images = {"core": given.core_image, "gpu": given.gpu_image}
    graph = with_images(read_graph(find_compiled(given.pipeline)), **images)
    if given.pull_policy:
        graph = with_choices(graph, pull_policy=given.pull_policy)
    parameters: dict[str, Any] = read_parameters(given.params) if given.params else {}
    parameters |= image_parameters(graph, **images)
    parameters |= parse_words(graph, dict(given.words))
    check_parameters(graph, parameters)
    return graph, parameters


def kfp_of(settings: "Settings") -> "KfpApi":
    """A connection to KFP."""
    from efface.cluster.kfp_api import connect

    return connect(
        settings.kfp_host, token_file=settings.kfp_token_file, namespace=settings.kfp_namespace
    )


def cluster_of(settings: "Settings", context: str | None) -> Callable[[], Any]:
    """What gives a client of the Kubernetes API, made on first use."""
    from functools import cache

    from efface.cluster.kubernetes_api import connect

    @cache
    def client() -> Any:
        return connect(
            in_cluster=settings.in_cluster, kubeconfig=settings.kubeconfig, context=context
        )

    return client
