"""Baseline: forget images look like a Gaussian to the encoder, retain images look like before.

Random Encoder in section 5 of Li et al. 2024 (arXiv 2402.00351). The forget target is drawn anew
for each image at each step from N(m, s^2 I) in embedding space, with m and s the mean and deviation
of all numbers of the teacher's features of forget images (in the released code: of the batch).

In the released code of this baseline both terms carry the weight of retain: retain images are drawn
to the Gaussian and forget images have no gradient. Here each half has its own target.
"""

from torch import Tensor

from efface.methods.i2i import i2i
from efface.methods.method import Half
from efface.models.protocol import ImageToImageModel


def random_encoder(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """The losses of ``i2i``; what differs is the target that the forget half carries."""
    return i2i(student, retain, forget)
