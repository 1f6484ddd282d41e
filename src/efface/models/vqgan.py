"""Token painters: a frozen VQ tokenizer and a masked transformer that paints tokens.

After MAGE (Li et al. 2023, arXiv 2211.09117), the VQ-GAN family of Li et al. 2024. The tokenizer is
a ``VQModel`` of diffusers, the network is ``efface.models.token_transformer``.

The encoder E of the protocol is the encoder of the transformer. Its input embedding is at the same
time the output projection of the decoder, as in MAGE; moving it would move the decoder. So it is
*not* among the parameters that unlearning may move, and neither is the tokenizer.

What a hidden pixel can reach. The encoder of a ``VQModel`` looks beyond a patch (convolutions,
group norm, attention), so a token of a visible patch can carry traces of hidden pixels. Whatever is
asked of *images* (``encode``, ``paint``) is therefore asked with the hidden pixels replaced by the
mean of the visible ones. Tokens made once by ``prepare`` know no mask: they are of the whole image,
as published. A tokenizer trained ``patchwise`` sees each patch by itself; there both are the same.

Shapes in names: B batch, C channels, H/W pixels, N tokens, T visible tokens and the class token, K
width of a feature.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import VQModel
from torch import Tensor, nn
from torch.nn import functional as F

from efface.models.masks import pixel_mask
from efface.models.pixels import unit_pixels
from efface.models.token_transformer import TokenTransformer, TokenTransformerConfig

LABEL_SMOOTHING = 0.1
"""Of the training loss (Li et al. 2023)."""
PIXELS_AT_ONCE = 2**20
"""Pixels through the tokenizer at a time: 16 images of 256 x 256."""


@dataclass(frozen=True, kw_only=True)
class PaintSettings:
    """What of a token painter is neither in the tokenizer nor in the transformer."""

    patchwise: bool
    """Whether the tokenizer was trained to see each patch by itself."""
    rounds: int
    """Rounds of parallel decoding."""
    image_mean: tuple[float, ...]
    """Of each channel; pixels are normalised with it before the tokenizer."""
    image_std: tuple[float, ...]


class TokenPainter(nn.Module):
    """A tokenizer and a masked transformer behind the protocol of ``efface.models.protocol``."""

    family = "vqgan"
    levels = 1

    def __init__(
        self, vqvae: VQModel, transformer: TokenTransformer, settings: PaintSettings
    ) -> None:
        """Wrap the two networks and the settings they were trained with."""
        super().__init__()
        self.vqvae = vqvae
        self.transformer = transformer
        self.settings = settings
        side = transformer.config.grid_side
        self.grid = (side, side)
        self.patch_size = patch_size(vqvae)
        self.image_size = side * self.patch_size
        self.channels = int(vqvae.config.in_channels)
        mean, std = (torch.tensor(v) for v in (settings.image_mean, settings.image_std))
        self.register_buffer("_mean", mean.reshape(-1, 1, 1), persistent=False)
        self.register_buffer("_std", std.reshape(-1, 1, 1), persistent=False)
        self._mean: Tensor
        self._std: Tensor

    @property
    def module(self) -> nn.Module:
        """Both networks."""
        return self

    def prepare(self, images_BCHW: Tensor) -> Tensor:
        """Tokens ``(B, N)`` of whole images, int64."""
        with torch.no_grad():
            return _in_parts(self._tokenize, images_BCHW, self.image_size**2)

    def encode(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """Features ``(B, T, K)`` after the final norm: class token, then visible tokens."""
        return self.transformer.encode(self._tokens_of(given, hidden_BN), hidden_BN)

    def answer(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """Scores of every token at the hidden positions ``(B, hidden, V)``, each row of mean 0."""
        logits = self.transformer.logits(self.encode(given, hidden_BN), hidden_BN)
        asked = logits[hidden_BN].reshape(len(logits), -1, logits.shape[-1])
        return asked - asked.mean(dim=2, keepdim=True)

    def own_loss(
        self, given: Tensor, wanted: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None
    ) -> Tensor:
        """Cross entropy of the hidden tokens, with label smoothing (Li et al. 2023)."""
        tokens = self.prepare(wanted) if wanted.dim() == 4 else wanted
        logits = self.transformer.logits(self.encode(given, hidden_BN), hidden_BN)
        return F.cross_entropy(
            logits[hidden_BN].float(), tokens[hidden_BN], label_smoothing=LABEL_SMOOTHING
        )

    def paint(self, images_BCHW: Tensor, hidden_BN: Tensor) -> Tensor:
        """Composite of the visible pixels and the painted hole, clamped to [0, 1]."""
        images = unit_pixels(images_BCHW)
        tokens = self.paint_tokens(self._tokens_of(images, hidden_BN), hidden_BN)
        painted = self.decode(tokens).clamp(0, 1).to(images.dtype)
        return torch.where(self._holes(hidden_BN), painted, images)

    def paint_tokens(self, tokens_BN: Tensor, hidden_BN: Tensor) -> Tensor:
        """Fill hidden tokens, the surest first: parallel decoding without chance.

        Each round takes the likeliest token at the positions where the network is surest, and asks
        again with those visible. How many are left follows a cosine (Chang et al. 2022, arXiv
        2202.04200). What is in ``tokens_BN`` at hidden positions is never looked at.
        """
        for left in _left_after_rounds(int(hidden_BN[0].sum()), self.settings.rounds):
            features = self.transformer.encode(tokens_BN, hidden_BN)
            chances = self.transformer.logits(features, hidden_BN).float().log_softmax(dim=2)
            sureness, likeliest = chances.max(dim=2)
            order = sureness.masked_fill(~hidden_BN, -torch.inf).argsort(
                dim=1, descending=True, stable=True
            )
            count = int(hidden_BN[0].sum()) - left
            chosen = torch.zeros_like(hidden_BN).scatter(1, order[:, :count], True)
            tokens_BN = torch.where(chosen, likeliest, tokens_BN)
            hidden_BN = hidden_BN & ~chosen
        return tokens_BN

    def latents(self, images_BCHW: Tensor) -> Tensor:
        """What the tokenizer is about to quantise: ``(B, width of a code, rows, columns)``."""
        pixels = (unit_pixels(images_BCHW) - self._mean) / self._std
        latents: Tensor
        if not self.settings.patchwise:
            latents = self.vqvae.encode(pixels).latents
            return latents
        edge = self.patch_size
        patches = pixels.unfold(2, edge, edge).unfold(3, edge, edge).permute(0, 2, 3, 1, 4, 5)
        flat = self.vqvae.encode(patches.reshape(-1, self.channels, edge, edge)).latents
        latents = flat.reshape(len(pixels), *self.grid, -1).permute(0, 3, 1, 2)
        return latents

    def decode(self, tokens_BN: Tensor) -> Tensor:
        """Images ``(B, C, H, W)`` of tokens, not clamped."""
        pixels = _in_parts(self._detokenize, tokens_BN, self.image_size**2)
        return pixels * self._std + self._mean

    def encoder_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The encoder of the transformer, without the embedding it shares with the decoder."""
        for name, parameter in self.named_parameters():
            if name.startswith("transformer.encoder."):
                yield name, parameter

    def save(self, folder: Path) -> None:
        """Write model_index.json, vqvae/ and transformer/; see ``efface.models.vqgan_folder``."""
        from efface.models.vqgan_folder import save_vqgan

        save_vqgan(self, folder)

    def _tokens_of(self, given: Tensor, hidden_BN: Tensor) -> Tensor:
        """Tokens as they are, or those of images of which hidden pixels are not looked at."""
        if given.dim() == 2:
            return given
        images = unit_pixels(given)
        visible = ~self._holes(hidden_BN)
        total = (images * visible).sum(dim=(2, 3), keepdim=True)
        mean = total / visible.sum(dim=(2, 3), keepdim=True)
        return self.prepare(torch.where(visible, images, mean))

    def _holes(self, hidden_BN: Tensor) -> Tensor:
        return pixel_mask(hidden_BN, self.grid, (self.image_size, self.image_size))

    def _tokenize(self, images_BCHW: Tensor) -> Tensor:
        tokens: Tensor = self.vqvae.quantize(self.latents(images_BCHW))[2][2]
        return tokens.reshape(len(images_BCHW), -1)

    def _detokenize(self, tokens_BN: Tensor) -> Tensor:
        width = self.vqvae.quantize.vq_embed_dim
        shape = (len(tokens_BN), *self.grid, width)
        latents = self.vqvae.quantize.get_codebook_entry(tokens_BN.flatten(), shape)
        pixels: Tensor = self.vqvae.decode(latents).sample
        return pixels


def new_vqgan(
    vqvae: dict[str, object], transformer: dict[str, int], settings: PaintSettings
) -> TokenPainter:
    """A token painter with random weights, drawn from torch's global generator.

    Args:
        vqvae: arguments of diffusers' ``VQModel``.
        transformer: fields of ``TokenTransformerConfig``.
        settings: how the two work together.
    """
    tokenizer = VQModel(**vqvae)
    # diffusers starts codes within 1 / codebook size of 0, where they are all but alike.
    nn.init.normal_(tokenizer.quantize.embedding.weight)
    return TokenPainter(
        tokenizer, TokenTransformer(TokenTransformerConfig(**transformer)), settings
    )


def patch_size(vqvae: VQModel) -> int:
    """Pixels along one side of what becomes one token."""
    return int(2 ** (len(vqvae.config.block_out_channels) - 1))


def _left_after_rounds(count: int, rounds: int) -> list[int]:
    """Tokens still hidden after each round that fills one at least; 0 after the last."""
    left = [int(count * math.cos(math.pi / 2 * r / rounds)) for r in range(1, rounds)] + [0]
    return [n for before, n in zip([count, *left], left, strict=False) if n < before]


def _in_parts(function: Callable[[Tensor], Tensor], given: Tensor, pixels: int) -> Tensor:
    """Apply to a few images at a time, so that memory does not grow with the batch."""
    parts = torch.split(given, max(PIXELS_AT_ONCE // pixels, 1))
    return torch.cat([function(part) for part in parts])
