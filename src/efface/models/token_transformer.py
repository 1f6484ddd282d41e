"""A masked transformer over image tokens: an encoder of what is visible, a decoder of the rest.

After MAGE (Li et al. 2023, arXiv 2211.09117). The encoder sees a class token and the visible tokens
alone; the decoder sees the encoder's output, with one learned mask token at every hidden position,
and predicts which token was there.

The token embedding is used twice: on the way into the encoder, and as the output projection of the
decoder.

Shapes in names: B batch, N positions of the token grid, T visible tokens and the class token, K
width of the encoder, V tokens in the codebook.
"""

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from efface.errors import CheckpointError

MLP_RATIO = 4
"""Width of the hidden layer of a block, against the width of the block."""
INITIAL_STD = 0.02
"""Deviation of fresh embeddings, positions and special tokens (Li et al. 2023)."""
LARGEST_DEPTH = 1000
"""Layers: a damaged configuration is not built until the memory ends."""


@dataclass(frozen=True, kw_only=True)
class TokenTransformerConfig:
    """Size of the network."""

    codebook_size: int
    """Different tokens."""
    grid_side: int
    """Rows, and columns, of the token grid."""
    hidden_size: int
    """Width of the encoder."""
    num_layers: int
    num_heads: int
    decoder_hidden_size: int
    decoder_num_layers: int
    decoder_num_heads: int

    def __post_init__(self) -> None:
        """Refuse sizes that no network has."""
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value < 1:
                raise CheckpointError(
                    f"transformer setting {field.name} must be a whole number above 0, "
                    f"got {value!r}"
                )
        for prefix in ("", "decoder_"):
            if (depth := getattr(self, f"{prefix}num_layers")) > LARGEST_DEPTH:
                raise CheckpointError(
                    f"transformer setting {prefix}num_layers must be at most {LARGEST_DEPTH}, "
                    f"got {depth}"
                )
            width = getattr(self, f"{prefix}hidden_size")
            heads = getattr(self, f"{prefix}num_heads")
            if width % heads:
                raise CheckpointError(
                    f"transformer setting {prefix}hidden_size must be a multiple of "
                    f"{prefix}num_heads, got {width} and {heads}"
                )


def read_transformer_config(given: dict[str, Any]) -> TokenTransformerConfig:
    """Turn a plain dict (from JSON) into a checked configuration.

    Raises:
        CheckpointError: a key is missing, unknown, or out of range.
    """
    known = {field.name for field in fields(TokenTransformerConfig)}
    if given.keys() != known:
        raise CheckpointError(
            f"transformer configuration: missing {sorted(known - given.keys())}, "
            f"unknown {sorted(given.keys() - known)}"
        )
    return TokenTransformerConfig(**given)


class TokenTransformer(nn.Module):
    """Predicts hidden tokens from visible ones."""

    def __init__(self, config: TokenTransformerConfig) -> None:
        """Build the network with random weights, from torch's global generator."""
        super().__init__()
        self.config = config
        positions = config.grid_side**2
        self.embedding = nn.Embedding(config.codebook_size, config.hidden_size)
        self.encoder = _Encoder(config, positions)
        self.decoder = _Decoder(config, positions)
        nn.init.normal_(self.embedding.weight, std=INITIAL_STD)

    def encode(self, tokens_BN: Tensor, hidden_BN: Tensor) -> Tensor:
        """Features ``(B, T, K)`` after the final norm: class token, then visible tokens.

        Raises:
            ValueError: the masks of the batch hide unequal numbers of tokens.
        """
        visible = visible_positions(hidden_BN)
        embedded = self.embedding(tokens_BN.gather(1, visible))
        features: Tensor = self.encoder(embedded, visible)
        return features

    def logits(self, features_BTK: Tensor, hidden_BN: Tensor) -> Tensor:
        """Scores ``(B, N, V)`` of every token at every position."""
        decoded = self.decoder(features_BTK, hidden_BN)
        return nn.functional.linear(decoded, self.embedding.weight, self.decoder.bias)


class _Encoder(nn.Module):
    """Class token, positions, blocks, final norm."""

    def __init__(self, config: TokenTransformerConfig, positions: int) -> None:
        super().__init__()
        self.class_token = _parameter(1, 1, config.hidden_size)
        self.positions = _parameter(positions, config.hidden_size)
        self.blocks = _blocks(config.hidden_size, config.num_layers, config.num_heads)

    def forward(self, embedded_BTK: Tensor, visible_BT: Tensor) -> Tensor:
        placed = embedded_BTK + self.positions[visible_BT]
        first = self.class_token.expand(len(placed), -1, -1)
        features: Tensor = self.blocks(torch.cat([first, placed], dim=1))
        return features


class _Decoder(nn.Module):
    """Mask tokens at hidden positions, blocks, and back to the width of the embedding."""

    def __init__(self, config: TokenTransformerConfig, positions: int) -> None:
        super().__init__()
        width = config.decoder_hidden_size
        self.project = nn.Linear(config.hidden_size, width)
        self.mask_token = _parameter(1, 1, width)
        self.positions = _parameter(1 + positions, width)
        self.blocks = _blocks(width, config.decoder_num_layers, config.decoder_num_heads)
        self.head = nn.Sequential(
            nn.Linear(width, config.hidden_size), nn.GELU(), nn.LayerNorm(config.hidden_size)
        )
        self.bias = nn.Parameter(torch.zeros(config.codebook_size))

    def forward(self, features_BTK: Tensor, hidden_BN: Tensor) -> Tensor:
        projected = self.project(features_BTK)
        rank = (~hidden_BN).cumsum(dim=1).clamp(min=1)  # row 0 is the class token
        seen = projected.gather(1, rank[..., None].expand(-1, -1, projected.shape[2]))
        placed = torch.where(hidden_BN[..., None], self.mask_token.to(seen.dtype), seen)
        whole = torch.cat([projected[:, :1], placed], dim=1) + self.positions
        decoded: Tensor = self.head(self.blocks(whole)[:, 1:])
        return decoded


def visible_positions(hidden_BN: Tensor) -> Tensor:
    """Positions ``(B, T)`` that are not hidden, in raster order.

    Raises:
        ValueError: the masks of the batch hide unequal numbers of tokens.
    """
    visible = (~hidden_BN).sum(dim=1)
    if int(visible.min()) != int(visible.max()):
        raise ValueError("the masks of one batch must hide equally many patches")
    return (~hidden_BN).nonzero()[:, 1].reshape(len(hidden_BN), -1)


def _blocks(width: int, layers: int, heads: int) -> nn.Sequential:
    return nn.Sequential(
        *(
            nn.TransformerEncoderLayer(
                width,
                heads,
                width * MLP_RATIO,
                dropout=0.0,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(layers)
        ),
        nn.LayerNorm(width),
    )


def _parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(*shape) * INITIAL_STD)
