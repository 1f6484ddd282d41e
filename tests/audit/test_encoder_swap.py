import torch

from efface.audit.encoder_swap import encoder_swap, with_encoder
from tests.audit.given import by_case, models, pictures, tiny_view


def test_the_original_encoder_brings_everything_back_exactly():
    found = by_case(encoder_swap(*models(), pictures(12), tiny_view()))
    swapped = found["original encoder"]
    assert (swapped.value, swapped.low, swapped.high) == (0, 0, 0)
    assert found["as served"].value != 0


def test_the_served_model_keeps_its_own_encoder():
    before, after = models()
    kept = {name: parameter.clone() for name, parameter in after.encoder_parameters()}
    with_encoder(after, before)
    assert all(torch.equal(kept[name], p) for name, p in after.encoder_parameters())
