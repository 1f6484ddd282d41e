"""efface: deletion tickets go in, image-to-image models that have verifiably forgotten come out."""

__version__ = "0.1.0"
