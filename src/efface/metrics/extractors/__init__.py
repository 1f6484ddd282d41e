"""Feature extractors: frozen networks that turn images into features, one file per kind."""

from efface.metrics.extractors.loading import KINDS, load_extractor
from efface.metrics.extractors.protocol import Extractor

__all__ = ["KINDS", "Extractor", "load_extractor"]
