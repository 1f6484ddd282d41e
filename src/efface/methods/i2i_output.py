"""The paper's two distances, taken after the frozen decoder.

    L_R = mean || D0(E(T(x_r))) - D0(E0(T(x_r))) ||^2
    L_F = mean || D0(E(T(x_f))) - E_n[D0(E0(T(n)))] ||^2

``i2i`` asks every number of the encoder's features to become that of noise, also those the decoder
does not look at; each of them is paid for by retain images. Here the frozen decoder decides what
counts, at the price of a pass through it. D0 gives what the model says of the hidden part before
anything is chosen or clamped (``answer`` of the protocol), so the mean over noise images has the
same expected gradient as one noise image a step (see ``efface.methods.i2i``).
"""

from torch import Tensor

from efface.methods.method import Half, match
from efface.models.protocol import ImageToImageModel


def i2i_output(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Output distances of both halves to their targets."""
    return match(student.answer, retain, forget)
