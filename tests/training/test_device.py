import torch

from efface.training.device import move
from tests.tiny import tiny_mae


def test_a_model_moves_with_the_buffers_that_lie_around_its_network():
    model = tiny_mae()
    move(model, torch.device("meta"))
    tensors = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
