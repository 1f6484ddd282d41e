import torch

from efface.models.pixels import unit_pixels


def test_bytes_become_floats_and_floats_stay():
    assert torch.equal(
        unit_pixels(torch.tensor([0, 255], dtype=torch.uint8)), torch.tensor([0, 1.0])
    )
    assert torch.equal(unit_pixels(torch.tensor([0.25])), torch.tensor([0.25]))
