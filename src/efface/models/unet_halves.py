"""The encoder half of a denoising UNet: down blocks and middle block, without the decoder.

What is matched in unlearning a diffusion model is every map that the up blocks are given: all skips
and the middle (Li et al. 2024, arXiv 2402.00351, released code). Each map counts the same, whatever
its size.

Shapes in names: B batch, C channels, H/W canvas, L words, K width of a word, F features.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

ENCODER = ("conv_in.", "down_blocks.", "mid_block.")
"""Where the names of encoder weights begin. The time embedding serves both halves: it is frozen."""
NOT_READ = (
    "addition_embed_type",
    "class_embed_type",
    "encoder_hid_dim_type",
    "num_class_embeds",
    "time_cond_proj_dim",
)
"""Further inputs that some UNets of diffusers take; in-painting UNets take none of them."""


def encoder_maps(
    unet: nn.Module, input_BCHW: Tensor, times_B: Tensor, words_BLK: Tensor | None
) -> list[Tensor]:
    """Every map ``(B, C, H, W)`` that the up blocks are given: skips from the top, then the middle.

    Args:
        unet: ``UNet2DModel`` or ``UNet2DConditionModel``.
        input_BCHW: noisy canvas and condition, as ``conv_in`` takes them.
        times_B: timestep of each image.
        words_BLK: text embedding; None for a ``UNet2DModel``.
    """
    parts: Any = unet
    sample = 2 * input_BCHW - 1 if parts.config.center_input_sample else input_BCHW
    embedded = parts.time_embedding(parts.time_proj(times_B).to(sample.dtype))
    if getattr(parts, "time_embed_act", None) is not None:
        embedded = parts.time_embed_act(embedded)
    hidden = parts.conv_in(sample)
    maps = [hidden]
    for block in parts.down_blocks:
        hidden, skips = block(hidden, embedded, **_words(block, words_BLK))
        maps += skips
    middle = parts.mid_block
    return [*maps, middle(hidden, embedded, **_words(middle, words_BLK))]


def flatten_maps(maps: list[Tensor]) -> Tensor:
    """One row ``(B, 1, F)`` of all maps, scaled so that its mean square is the mean over maps.

    With M maps of n_i elements each and F = sum n_i, map i is multiplied by sqrt(F / (M n_i)); so
    (1/F) sum_j z_j^2 = (1/M) sum_i mean(map_i^2), and a small map counts as much as a large one.
    """
    sizes = [found[0].numel() for found in maps]
    scales = [(sum(sizes) / (len(maps) * size)) ** 0.5 for size in sizes]
    rows = [found.flatten(1).float() * scale for found, scale in zip(maps, scales, strict=True)]
    return torch.cat(rows, dim=1)[:, None]


def encoder_parameters(unet: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Names and weights of conv_in, the down blocks and the middle block."""
    for name, parameter in unet.named_parameters():
        if name.startswith(ENCODER):
            yield name, parameter


def _words(block: nn.Module, words_BLK: Tensor | None) -> dict[str, Tensor | None]:
    crossed = getattr(block, "has_cross_attention", False)
    return {"encoder_hidden_states": words_BLK} if crossed else {}
