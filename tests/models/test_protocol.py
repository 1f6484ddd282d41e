"""What every family must do alike."""

import pytest
import torch

from tests.tiny import tiny_diffusion, tiny_images, tiny_latent, tiny_mae, tiny_vqgan

FAMILIES = pytest.mark.parametrize("make", [tiny_mae, tiny_vqgan, tiny_diffusion, tiny_latent])


def asked(make):
    model = make().eval()
    given = model.prepare(tiny_images(3, 0, model.channels))
    count = model.grid[0] * model.grid[1]
    hidden = (torch.arange(count) >= count // 2).expand(3, -1)
    return model, given, hidden, torch.arange(3)


@FAMILIES
def test_an_answer_is_a_row_for_each_image_and_the_same_each_time(make):
    model, given, hidden, seeds = asked(make)
    with torch.no_grad():
        first, again = (model.answer(given, hidden, seeds) for _ in range(2))
    assert first.dim() == 3
    assert len(first) == 3
    assert torch.equal(first, again)
    assert first.isfinite().all()


@FAMILIES
def test_the_answer_to_an_image_does_not_depend_on_its_batch(make):
    model, given, hidden, seeds = asked(make)
    with torch.no_grad():
        together = model.answer(given, hidden, seeds)
        alone = model.answer(given[1:2], hidden[1:2], seeds[1:2])
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


@FAMILIES
def test_the_encoder_gets_a_gradient_from_its_answer(make):
    model, given, hidden, seeds = asked(make)
    model.answer(given, hidden, seeds).square().mean().backward()
    moved = [p.grad is not None and bool(p.grad.any()) for _, p in model.encoder_parameters()]
    assert sum(moved) > len(moved) / 2


def test_the_answer_of_a_masked_auto_encoder_is_its_painting_of_the_hidden_patches():
    model, given, hidden, _ = asked(tiny_mae)
    with torch.no_grad():
        painted = model.decode(model.encode(given, hidden), hidden)
        patches = model.network.patchify((painted - model._mean) / model._std)
    expected = patches[hidden].reshape(3, -1, patches.shape[-1])
    torch.testing.assert_close(model.answer(given, hidden), expected, rtol=1e-4, atol=1e-5)


def test_the_answer_of_a_token_painter_ranks_tokens_as_its_loss_does():
    model, given, hidden, _ = asked(tiny_vqgan)
    with torch.no_grad():
        answer = model.answer(given, hidden)
        logits = model.transformer.logits(model.encode(given, hidden), hidden)[hidden]
    assert answer.mean(dim=2).abs().max() < 1e-5
    chances = answer.flatten(0, 1).softmax(dim=1)
    torch.testing.assert_close(chances, logits.softmax(dim=1))


@pytest.mark.parametrize("make", [tiny_diffusion, tiny_latent])
def test_the_own_loss_of_a_diffusion_model_is_the_distance_of_its_answer_to_the_noise(make):
    model, given, hidden, seeds = asked(make)
    with torch.no_grad():
        answer = model.answer(given, hidden, seeds)
        times, noise = model._chance(given, seeds)
        _, holes = model._input(given, given, hidden, times, noise)
        weighted = model._weights(times).sqrt() * noise
        wanted = weighted.movedim(1, -1)[holes[:, 0]].reshape(answer.shape)
        loss = model.own_loss(given, given, hidden, seeds)
    torch.testing.assert_close((answer - wanted).square().mean(), loss)
