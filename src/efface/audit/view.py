"""How attacks look at outputs: one mask, one region, one extractor, as the gate does.

Shapes in names: N images, C channels, H/W pixels, D feature dimension.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from efface.audit.settings import REGION
from efface.evaluation.recipe import score_recipe
from efface.evaluation.regions import make_hole, paint_hole, view_region
from efface.metrics.distance import features_to_distance
from efface.metrics.extractors.protocol import Extractor
from efface.metrics.gaussian import Floats
from efface.models.pixels import unit_pixels
from efface.models.protocol import ImageToImageModel

BATCH = 256
"""Images that are painted and embedded at a time."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Images and whose they are."""

    images_NCHW: Tensor
    """uint8, or float in [0, 1]."""
    subjects: Sequence[str]
    """One name for each image; used to group them, never written down."""

    def __len__(self) -> int:
        return len(self.images_NCHW)

    def take(self, rows: slice) -> "Pictures":
        """Some of the images."""
        return Pictures(images_NCHW=self.images_NCHW[rows], subjects=self.subjects[rows])

    def pick(self, rows: NDArray[np.int64]) -> "Pictures":
        """Some of the images, in this order."""
        subjects = [self.subjects[row] for row in rows]
        images = self.images_NCHW[torch.from_numpy(rows).to(self.images_NCHW.device)]
        return Pictures(images_NCHW=images, subjects=subjects)


@dataclass(frozen=True, kw_only=True)
class View:
    """What is hidden from the model, and how its output is measured."""

    mask: str
    """Mask policy; a random one gives the mask that belongs to the seed."""
    extractor: Extractor
    seed: int
    region: str = REGION

    @property
    def recipe(self) -> dict[str, Any]:
        """As a score of the report has it."""
        return score_recipe(self.extractor.recipe, self.mask, self.region, self.seed)

    def hidden_N(self, model: ImageToImageModel) -> Tensor:
        """The mask on this model's grid, bool."""
        return make_hole(self.mask, model.grid, model.image_size, self.seed).hidden_N

    def embed(self, images_NCHW: Tensor, model: ImageToImageModel) -> NDArray[np.float32]:
        """Features ``(N, D)`` of the view's region of images."""
        hole = make_hole(self.mask, model.grid, model.image_size, self.seed)
        return self._by_batch(
            images_NCHW, lambda given: self.extractor.embed(view_region(given, self.region, hole))
        )

    def embed_painted(self, images_NCHW: Tensor, model: ImageToImageModel) -> NDArray[np.float32]:
        """Features ``(N, D)`` of what the model paints of images."""
        hole = make_hole(self.mask, model.grid, model.image_size, self.seed)

        def paint(given: Tensor) -> Tensor:
            painted = paint_hole(model, given, hole)
            return self.extractor.embed(view_region(painted, self.region, hole))

        return self._by_batch(images_NCHW, paint)

    def distances(self, images_NCHW: Tensor, model: ImageToImageModel) -> Floats:
        """1 - cosine between each image and what the model paints of it, ``(N,)``."""
        real_ND = self.embed(images_NCHW, model)
        return features_to_distance(real_ND, self.embed_painted(images_NCHW, model))

    @torch.inference_mode()
    def _by_batch(
        self, images_NCHW: Tensor, work: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float32]:
        parts = [
            work(unit_pixels(batch)).float().cpu().numpy()
            for batch in torch.split(images_NCHW, BATCH)
        ]
        return np.concatenate(parts)
