"""Where to compute, in which precision, and deterministically."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from efface.errors import ConfigError
from efface.models.protocol import ImageToImageModel


def pick_device(local_rank: int = 0) -> torch.device:
    """The CUDA device of a process, by its number on the node; the CPU where there is none."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def move(model: ImageToImageModel, device: torch.device) -> None:
    """Move a model in place: its weights, and the buffers that a wrapper around them may hold."""
    (model if isinstance(model, nn.Module) else model.module).to(device)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """A context that computes in ``precision`` (auto, float32 or bfloat16).

    ``auto`` takes bfloat16 on a GPU that has it in hardware. On a CPU it is float32, whatever the
    CPU has, so that a training gives the same model on every CPU but for rounding.
    """
    gpu = device.type == "cuda"
    fast = gpu and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "float32" or (precision == "auto" and not fast):
        return nullcontext()
    if gpu and not fast:
        raise ConfigError("precision bfloat16: this GPU has none; use auto or float32")
    return torch.autocast(device.type, torch.bfloat16)


def make_deterministic(seed: int) -> None:
    """Seed torch and refuse algorithms that may give other results on the next run."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
