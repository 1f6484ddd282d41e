"""The model's own training loss: squared error on the hidden pixels."""

from torch import Tensor

from efface.methods.method import Half
from efface.models.masks import pixel_mask
from efface.models.protocol import ImageToImageModel


def painting_error(model: ImageToImageModel, half: Half) -> Tensor:
    """Mean squared error of the painted hole against the image, a scalar (He et al. 2022)."""
    features = model.encode(half.images_BCHW, half.hidden_BN)
    painted = model.decode(features, half.hidden_BN)
    holes = pixel_mask(half.hidden_BN, model.grid, (model.image_size, model.image_size))
    return (painted - half.images_BCHW)[holes.expand_as(painted)].square().mean()
