from contextlib import nullcontext

import pytest
import torch

from efface.errors import ConfigError
from efface.training.device import autocast, find_precision, move, name_hardware
from tests.tiny import tiny_mae

CPU = torch.device("cpu")


def test_a_model_moves_with_the_buffers_that_lie_around_its_network():
    model = tiny_mae()
    move(model, torch.device("meta"))
    tensors = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}


@pytest.mark.parametrize(
    ("precision", "found"),
    [("auto", torch.float32), ("float32", torch.float32), ("bfloat16", torch.bfloat16)],
)
def test_a_cpu_computes_in_float32_unless_bfloat16_is_asked_for(monkeypatch, precision, found):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: True)
    assert find_precision(CPU, precision) == str(found).removeprefix("torch.")
    with autocast(CPU, precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == found


def test_a_gpu_with_bfloat16_takes_it_and_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")
    assert find_precision(torch.device("cuda"), "auto") == "bfloat16"
    assert find_precision(torch.device("cuda"), "float32") == "float32"
    assert [name_hardware(device) for device in (CPU, torch.device("cuda", 1))] == ["cpu", "GPU 1"]


def test_a_gpu_without_bfloat16_computes_in_float32_or_refuses(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    assert isinstance(autocast(torch.device("cuda"), "auto"), nullcontext)
    with pytest.raises(ConfigError, match="this GPU has none"):
        autocast(torch.device("cuda"), "bfloat16")
