import pytest
import torch

from efface.models.unet_halves import encoder_maps, encoder_parameters, flatten_maps
from tests.tiny import tiny_diffusion, tiny_latent


def maps_that_the_up_blocks_get(unet, sample, times, **text):
    """What a whole pass of the library hands to its up blocks."""
    skips, middle = [], []
    hooks = [
        block.register_forward_hook(
            lambda _, args, kwargs, out: skips.extend(out[1]), with_kwargs=True
        )
        for block in unet.down_blocks
    ]
    hooks.append(unet.conv_in.register_forward_hook(lambda _, args, out: skips.append(out)))
    hooks.append(unet.mid_block.register_forward_hook(lambda _, args, out: middle.append(out)))
    unet(sample, times, **text)
    for hook in hooks:
        hook.remove()
    return skips + middle


@pytest.mark.parametrize("make", [tiny_diffusion, tiny_latent])
def test_the_maps_are_those_of_a_whole_pass_through_the_library(make):
    model = make().eval()
    unet, times = model.unet, torch.tensor([5, 700])
    sample = torch.randn(2, unet.config.in_channels, *[unet.config.sample_size] * 2)
    words = model.words(2)
    text = {} if words is None else {"encoder_hidden_states": words}
    with torch.no_grad():
        ours = encoder_maps(unet, sample, times, words)
        theirs = maps_that_the_up_blocks_get(unet, sample, times, **text)
    assert len(ours) == len(theirs) == 5  # conv_in, two layers, one halving, the middle
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_mean_square_of_the_row_is_the_mean_over_maps():
    maps = [torch.randn(3, 4, 8, 8), 5 * torch.randn(3, 16, 2, 2), torch.randn(3, 1, 1, 1)]
    row = flatten_maps(maps)
    assert row.shape == (3, 1, 4 * 64 + 64 + 1)
    expected = torch.stack([found.square().mean() for found in maps]).mean()
    assert torch.allclose(row.square().mean(), expected)


@pytest.mark.parametrize("make", [tiny_diffusion, tiny_latent])
def test_the_features_do_not_ask_the_decoder_or_move_the_time_embedding(make):
    unet = make().unet
    names = {name.split(".")[0] for name, _ in encoder_parameters(unet)}
    assert names == {"conv_in", "down_blocks", "mid_block"}
