"""The paper's method: forget images look like noise to the encoder, retain images look like before.

Li et al., ICLR 2024 (arXiv 2402.00351), equations 9 and 10, with squared distances as in the
released code:

    L_R = mean || E(T(x_r)) - E0(T(x_r)) ||^2
    L_F = mean || E(T(x_f)) - E_n[E0(T(n))] ||^2

The released code draws one noise image a step. As E_n ||z - E0(n)||^2 = ||z - E_n[E0(n)]||^2 +
const, moving to the mean noise embedding has the same expected gradient, no variance, and needs no
teacher (see ``efface.training.forget_targets``, also for other targets than noise).
"""

from torch import Tensor

from efface.methods.method import Half, match
from efface.models.protocol import ImageToImageModel


def i2i(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Feature distances of both halves to their targets."""
    return match(student.encode, retain, forget)
