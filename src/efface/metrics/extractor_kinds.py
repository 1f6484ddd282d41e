"""What each kind of extractor says of itself in a recipe. Needs no torch: the gate reads it.

A kind fixes how images are resized and whether its features are those of CLIP; one with a single
set of weights fixes its name, size and dimension as well.
"""

from dataclasses import dataclass
from typing import Any

FIELDS = (
    "name",
    "kind",
    "weights_sha256",
    "configuration_sha256",
    "dimension",
    "resize",
    "is_clip",
)
"""Of an extractor's recipe."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What is the same for all extractors of a kind."""

    filter: str
    """How images are brought to the size of the network."""
    is_clip: bool
    """Whether this is an image tower of CLIP, so that 1 - cosine may be called CLIP distance."""
    name: str = ""
    """What its scores are labelled with; empty where each extractor has a name of its own."""
    dimension: int = 0
    """Length of a feature; 0 where it depends on the weights."""
    size: int = 0
    """Height and width that images are brought to; 0 where it depends on the configuration."""
    configuration: tuple[str, ...] = ()
    """Files beside the weights that change what is measured; a policy pins them too."""


TRAITS = {
    "clip-vision": Traits(
        filter="bicubic-antialias",
        is_clip=True,
        configuration=("config.json", "preprocessor_config.json"),
    ),
    "inception": Traits(
        filter="bilinear-tensorflow1", is_clip=False, name="inception-v3", dimension=2048, size=299
    ),
    "open-clip": Traits(filter="bicubic-antialias", is_clip=True),
    "small-cnn": Traits(filter="bilinear-antialias", is_clip=False, configuration=("config.json",)),
}
"""One for each of ``efface.metrics.extractors.KINDS``."""


def extractor_recipe(
    kind: str,
    *,
    name: str,
    weights_sha256: str,
    dimension: int,
    size: int,
    configuration_sha256: str = "",
) -> dict[str, Any]:
    """The recipe of an extractor: all that its features depend on besides the image."""
    return {
        "name": name,
        "kind": kind,
        "weights_sha256": weights_sha256,
        "configuration_sha256": configuration_sha256,
        "dimension": dimension,
        "resize": f"{TRAITS[kind].filter}-{size}",
        "is_clip": TRAITS[kind].is_clip,
    }


def name_of(uri: str) -> str:
    """The name that ``KIND:PLACE`` gives an extractor; empty where its own files name it."""
    kind, _, place = uri.partition(":")
    if kind == "open-clip":
        return f"open-clip-{place.partition(':')[0]}"
    return TRAITS[kind].name if kind in TRAITS else ""
