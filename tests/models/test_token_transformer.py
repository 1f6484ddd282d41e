import pytest
import torch

from efface.errors import CheckpointError
from efface.models.token_transformer import (
    TokenTransformer,
    TokenTransformerConfig,
    read_transformer_config,
)
from tests.tiny import TRANSFORMER

CENTRE = torch.zeros(4, 4, dtype=torch.bool)
CENTRE[1:3, 1:3] = True
HIDDEN = CENTRE.flatten().expand(3, -1)


@pytest.fixture
def network() -> TokenTransformer:
    torch.manual_seed(0)
    return TokenTransformer(TokenTransformerConfig(**TRANSFORMER)).eval()


def tokens(count: int = 3) -> torch.Tensor:
    return torch.randint(32, (count, 16), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("visible", [1, 7, 15])
def test_features_have_a_row_for_the_class_token_and_each_visible_token(network, visible):
    hidden = (torch.arange(16) >= visible).expand(3, -1)
    assert network.encode(tokens(), hidden).shape == (3, 1 + visible, 16)


def test_features_come_out_of_a_norm(network):
    features = network.encode(tokens(), HIDDEN)
    assert torch.allclose(features.mean(dim=2), torch.zeros(3, 13), atol=1e-5)
    assert torch.allclose(features.var(dim=2, unbiased=False), torch.ones(3, 13), atol=1e-2)


def test_hidden_tokens_are_not_looked_at(network):
    other = tokens().masked_fill(HIDDEN, 31)
    assert torch.equal(network.encode(tokens(), HIDDEN), network.encode(other, HIDDEN))


def test_each_token_enters_the_encoder_with_its_own_position(network):
    network.encoder.blocks = torch.nn.Identity()
    entered = network.encode(tokens(), HIDDEN)
    placed = network.embedding(tokens()) + network.encoder.positions
    assert torch.equal(entered[:, 1:].flatten(0, 1), placed[~HIDDEN])
    assert torch.equal(entered[:, 0], network.encoder.class_token[0].expand(3, -1))


def test_the_decoder_puts_each_feature_where_its_token_was(network):
    decoder = network.decoder
    decoder.blocks = decoder.head = torch.nn.Identity()
    with torch.no_grad():
        decoder.positions.zero_()
    features = network.encode(tokens(), HIDDEN)
    placed = decoder(features, HIDDEN)
    assert torch.equal(placed[~HIDDEN], decoder.project(features[:, 1:]).flatten(0, 1))
    assert torch.equal(placed[HIDDEN], decoder.mask_token.flatten().expand(12, -1))


def test_each_row_of_a_batch_may_have_its_own_mask(network):
    masks = torch.stack([torch.arange(16).roll(n) >= 8 for n in (0, 3, 7)])
    together = network.logits(network.encode(tokens(), masks), masks)
    alone = [
        network.logits(network.encode(t[None], m[None]), m[None])
        for t, m in zip(tokens(), masks, strict=True)
    ]
    assert together.shape == (3, 16, 32)
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


def test_masks_that_hide_unequal_counts_are_refused(network):
    uneven = torch.stack([torch.arange(16) >= 4, torch.arange(16) >= 5])
    with pytest.raises(ValueError, match="equally many"):
        network.encode(tokens(2), uneven)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_layers": 0}, "num_layers must be a whole number above 0, got 0"),
        ({"decoder_num_layers": 10**9}, "decoder_num_layers must be at most 1000, got 1000000000"),
        ({"grid_side": 4.0}, r"grid_side must be a whole number above 0, got 4\.0"),
        ({"decoder_num_heads": 3}, "decoder_hidden_size must be a multiple of decoder_num_heads"),
        ({"dropout": 1}, r"unknown \['dropout'\]"),
    ],
    ids=["zero", "depth", "type", "heads", "unknown"],
)
def test_a_wrong_configuration_is_explained(change, message):
    with pytest.raises(CheckpointError, match=message):
        read_transformer_config({**TRANSFORMER, **change})


def test_a_missing_setting_is_named():
    with pytest.raises(CheckpointError, match=r"missing \['num_layers'\]"):
        read_transformer_config({k: v for k, v in TRANSFORMER.items() if k != "num_layers"})
