import pytest
import torch
from torch.nn import functional as F

from efface.models.masks import draw_mask, draw_masks, parse_mask_policy
from efface.models.vqgan import _left_after_rounds
from tests.tiny import tiny_images, tiny_vqgan

CENTRE = draw_mask(parse_mask_policy("centre:2x2"), (4, 4), torch.Generator())
HIDDEN = CENTRE.expand(3, -1)


def images(count=3, channels=1):
    return tiny_images(count, channels=channels).float() / 255


def blanked(value: float, channels: int = 1) -> torch.Tensor:
    shown = images(channels=channels)
    shown[:, :, 4:12, 4:12] = value
    return shown


def test_the_tiny_model_knows_many_tokens():
    assert len(tiny_vqgan().prepare(images()).unique()) > 8


@pytest.mark.parametrize("channels", [1, 3])
def test_painting_keeps_visible_pixels_and_changes_hidden_ones(channels):
    shown = images(channels=channels)
    painted = tiny_vqgan(channels=channels).eval().paint(shown, HIDDEN)
    assert torch.equal(painted[:, :, :4], shown[:, :, :4])
    assert not torch.equal(painted[:, :, 4:12, 4:12], shown[:, :, 4:12, 4:12])
    assert ((painted >= 0) & (painted <= 1)).all()


@pytest.mark.parametrize("patchwise", [True, False])
def test_hidden_pixels_have_no_influence_on_features_and_painting(patchwise):
    model = tiny_vqgan(patchwise=patchwise, channels=3).eval()
    first, second = blanked(0.0, channels=3), blanked(1.0, channels=3)
    assert torch.equal(model.encode(first, HIDDEN), model.encode(second, HIDDEN))
    hole = model.paint(first, HIDDEN)[:, :, 4:12, 4:12]
    assert torch.equal(hole, model.paint(second, HIDDEN)[:, :, 4:12, 4:12])


def test_a_whole_image_tokenizer_lets_hidden_pixels_into_visible_tokens_and_patchwise_does_not():
    visible = ~HIDDEN
    for patchwise, leaks in ((False, True), (True, False)):
        model = tiny_vqgan(patchwise=patchwise)
        first, second = (model.prepare(blanked(value))[visible] for value in (0.0, 1.0))
        assert torch.equal(first, second) is not leaks


def test_a_patchwise_model_gives_the_same_features_for_images_and_their_tokens():
    model = tiny_vqgan().eval()
    tokens = model.prepare(images())
    assert torch.equal(model.encode(images(), HIDDEN), model.encode(tokens, HIDDEN))
    assert model.own_loss(images(), images(), HIDDEN) == model.own_loss(tokens, tokens, HIDDEN)


def test_tokens_of_bytes_and_of_floats_are_the_same():
    model = tiny_vqgan()
    tokens = model.prepare(tiny_images(3))
    assert (tokens.shape, tokens.dtype) == ((3, 16), torch.int64)
    assert torch.equal(tokens, model.prepare(images()))


def test_many_images_go_through_the_tokenizer_in_parts(monkeypatch):
    model = tiny_vqgan()
    whole = model.prepare(images(5))
    monkeypatch.setattr("efface.models.vqgan.PIXELS_AT_ONCE", 2 * 16 * 16)
    assert torch.equal(model.prepare(images(5)), whole)


def test_tokens_are_in_raster_order():
    model = tiny_vqgan()
    shown = images(1)
    before = model.prepare(shown)
    for position in (1, 4, 14):
        row, column = divmod(position, 4)
        other = shown.clone()
        patch = other[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        patch.copy_(1 - patch)
        changed = (model.prepare(other) != before).nonzero()[:, 1].tolist()
        assert changed in ([position], [])
        assert len(model.latents(other)) == 1
        moved = (model.latents(other) - model.latents(shown)).abs().amax(dim=1).flatten()
        assert moved.nonzero().flatten().tolist() == [position]


def test_an_image_is_painted_alike_alone_and_in_a_batch():
    masks = draw_masks(parse_mask_policy("random:0.5"), (4, 4), 3, seed=0)
    model = tiny_vqgan().eval()
    together = model.paint(images(), masks)
    alone = torch.cat([model.paint(i[None], m[None]) for i, m in zip(images(), masks, strict=True)])
    assert torch.allclose(together, alone, atol=1e-5)
    assert torch.equal(together, model.paint(images(), masks))


def test_one_round_takes_the_likeliest_token_everywhere():
    model = tiny_vqgan().eval()
    model.settings = type(model.settings)(**{**vars(model.settings), "rounds": 1})
    tokens = model.prepare(images())
    likeliest = model.transformer.logits(model.encode(tokens, HIDDEN), HIDDEN).argmax(dim=2)
    assert torch.equal(model.paint_tokens(tokens, HIDDEN), torch.where(HIDDEN, likeliest, tokens))


def test_the_surest_token_of_the_first_round_stays():
    model = tiny_vqgan().eval()
    model.settings = type(model.settings)(**{**vars(model.settings), "rounds": 100})
    tokens = model.prepare(images())
    chances = model.transformer.logits(model.encode(tokens, HIDDEN), HIDDEN).softmax(dim=2)
    sureness, likeliest = chances.max(dim=2)
    surest = sureness.masked_fill(~HIDDEN, 0).argmax(dim=1, keepdim=True)
    painted = model.paint_tokens(tokens, HIDDEN)
    assert torch.equal(painted.gather(1, surest), likeliest.gather(1, surest))
    assert torch.equal(painted[~HIDDEN], tokens[~HIDDEN])


@pytest.mark.parametrize(("count", "rounds"), [(1, 8), (4, 8), (16, 8), (200, 8), (9, 1)])
def test_the_rounds_fill_everything_and_none_is_empty(count, rounds):
    left = _left_after_rounds(count, rounds)
    assert left[-1] == 0
    assert len(left) <= rounds
    assert all(after < before for before, after in zip([count, *left], left, strict=False))


def test_own_loss_is_the_smoothed_cross_entropy_of_hidden_tokens():
    model = tiny_vqgan().eval()
    given, wanted = model.prepare(images()), model.prepare(1 - images())
    chances = model.transformer.logits(model.encode(given, HIDDEN), HIDDEN).log_softmax(dim=2)
    picked = chances.gather(2, wanted[..., None]).squeeze(2)[HIDDEN]
    expected = -(0.9 * picked.mean() + 0.1 * chances[HIDDEN].mean())
    assert torch.allclose(model.own_loss(given, wanted, HIDDEN), expected, atol=1e-5)


def test_only_the_encoder_may_move_and_not_the_embedding_it_shares_with_the_decoder():
    model = tiny_vqgan()
    names = [name for name, _ in model.encoder_parameters()]
    assert len(names) > 20
    assert all(name.startswith("transformer.encoder.") for name in names)
    assert set(names) < set(model.module.state_dict())
    own = {p.data_ptr() for _, p in model.encoder_parameters()}
    assert model.transformer.embedding.weight.data_ptr() not in own


def test_moving_the_encoder_leaves_the_decoder_as_it_was():
    model = tiny_vqgan().eval()
    features = model.encode(images(), HIDDEN).detach()
    before = model.transformer.logits(features, HIDDEN)
    with torch.no_grad():
        for _, parameter in model.encoder_parameters():
            parameter.add_(1.0)
    assert torch.equal(model.transformer.logits(features, HIDDEN), before)
    assert not torch.allclose(model.encode(images(), HIDDEN), features)


def test_pixels_are_normalised_before_the_tokenizer_and_back_after_it():
    model = tiny_vqgan()
    shifted = tiny_vqgan()
    shifted._mean, shifted._std = torch.full((1, 1, 1), 0.25), torch.full((1, 1, 1), 0.25)
    tokens = model.prepare(images())
    assert torch.equal(tokens, shifted.prepare(images() / 2))
    assert torch.allclose(model.decode(tokens) / 2, shifted.decode(tokens), atol=1e-6)


def test_the_decoder_gets_the_codes_of_the_tokens():
    model = tiny_vqgan(patchwise=False).eval()
    pixels = (images() - 0.5) / 0.5
    expected = model.vqvae(pixels).sample * 0.5 + 0.5
    assert torch.allclose(model.decode(model.prepare(images())), expected, atol=1e-5)


def test_a_loss_of_tokens_reaches_the_encoder():
    model = tiny_vqgan()
    tokens = model.prepare(images())
    features = model.encode(tokens, HIDDEN)
    F.mse_loss(features, torch.zeros_like(features)).backward()
    moved = {name for name, p in model.named_parameters() if p.grad is not None}
    assert moved == {*dict(model.encoder_parameters()), "transformer.embedding.weight"}
