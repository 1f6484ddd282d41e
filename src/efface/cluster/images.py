"""The images of a run: parameters where the graph takes them so, else put into the graph."""

import copy
import re

from efface.cluster.graph import Graph
from efface.errors import InputError

NAME = re.compile(r"[\w.-]+(:\d+)?(/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?", re.ASCII)
"""Host and folders, name, tag and digest of an image; all but the name may be left out."""


def image_parameters(graph: Graph, *, core: str = "", gpu: str = "") -> dict[str, str]:
    """The images as parameters of a run, as far as the graph takes them so.

    Raises:
        InputError: one is no name of an image.
    """
    images = {"core_image": core, "gpu_image": gpu}
    for image in filter(None, images.values()):
        if not NAME.fullmatch(image):
            raise InputError(
                f"image {image!r} is no name of an image: use one such as efface-core:0.1.0 or "
                "registry.example.org/team/efface-core:0.1.0"
            )
    return {name: image for name, image in images.items() if image and name in graph.parameters}


def with_images(graph: Graph, *, core: str = "", gpu: str = "") -> Graph:
    """The graph with other images; what is empty, or a parameter of the graph, stays.

    Args:
        graph: The compiled graph.
        core: In place of every image whose name ends with ``efface-core``.
        gpu: In place of every image whose name ends with ``efface-gpu``.

    Raises:
        InputError: no task of the graph has such an image.
    """
    changed = copy.deepcopy(graph)
    taken = image_parameters(graph, core=core, gpu=gpu)
    containers = [e["container"] for e in changed.executors.values() if "container" in e]
    for kind, image in (("efface-core", core), ("efface-gpu", gpu)):
        hit = [container for container in containers if base_name(container["image"]) == kind]
        if image and not hit and image not in taken.values():
            raise InputError(f"no task of {graph.name} runs in an image named {kind}: leave it out")
        for container in hit:
            container["image"] = image or container["image"]
    return changed


def base_name(image: str) -> str:
    """``registry:5000/team/efface-gpu:0.1.0`` -> ``efface-gpu``."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]
