"""What the paper asks for, without its detour over features: outputs as before, or noise.

    L_R = mean || D0(E(T(x_r))) - D0(E0(T(x_r))) ||^2
    L_F = L(x_f -> n)                                       n a noise image, L the family's own loss

Li et al. 2024 (arXiv 2402.00351, section 3) want the model to answer retain images as before and
forget images with noise, and put encoder features in the place of both outputs, so that no decoder
runs. ``i2i`` does that: every number of the features has to become that of noise, also those the
decoder does not look at, and each of them is paid for by retain images. Here the frozen decoder
decides what counts, at the price of a pass through it.

Of ``noisy-label`` it differs in retain images: they keep the answer of the model in service, not
the truth. Nothing is learnt from them, so what is not asked to change stays. D0 gives what the
model says of the hidden part before anything is chosen or clamped (``answer`` of the protocol).
"""

from torch import Tensor

from efface.methods.method import Half, feature_loss
from efface.models.protocol import ImageToImageModel


def i2i_output(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Distance to the answers of the model in service, and own loss towards noise images."""
    assert forget.noise is not None
    said = student.answer(retain.given, retain.hidden_BN, retain.seed_B)
    noise = student.own_loss(forget.given, forget.noise, forget.hidden_BN, forget.seed_B)
    return feature_loss(said, retain), noise
