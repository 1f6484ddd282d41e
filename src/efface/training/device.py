"""Where to compute, in which precision, and deterministically."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from efface.errors import ConfigError
from efface.models.protocol import ImageToImageModel


def pick_device(local_rank: int = 0) -> torch.device:
    """The CUDA device of a process, by its number on the node; the CPU where there is none.

    float32 is float32 there: torch lets convolutions round to ten bits (TF32) unless told not to,
    which is enough to make other tokens of a picture than on a CPU.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.backends.cudnn.allow_tf32 = False
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def move(model: ImageToImageModel, device: torch.device) -> None:
    """Move a model in place: its weights, and the buffers that a wrapper around them may hold."""
    (model if isinstance(model, nn.Module) else model.module).to(device)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """A context that computes in ``precision`` (auto, float32 or bfloat16)."""
    if find_precision(device, precision) == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def find_precision(device: torch.device, precision: str) -> str:
    """What a setting (auto, float32 or bfloat16) means on a device: float32 or bfloat16.

    ``auto`` takes bfloat16 on a GPU that has it in hardware. On a CPU it is float32, whatever the
    CPU has, so that a training gives the same model on every CPU but for rounding.

    Raises:
        ConfigError: bfloat16 on a GPU that has none.
    """
    gpu = device.type == "cuda"
    fast = gpu and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "bfloat16" and gpu and not fast:
        raise ConfigError("precision bfloat16: this GPU has none; use auto or float32")
    return "bfloat16" if precision == "bfloat16" or (precision == "auto" and fast) else "float32"


def name_hardware(device: torch.device) -> str:
    """What a result must name: cpu, or the name of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def make_deterministic(seed: int) -> None:
    """Seed torch and refuse algorithms that may give other results on the next run."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
