import torch
from diffusers import DDIMScheduler

from efface.models.sampler import picture_seeds, sample, seeded_noise

HOLE = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
HOLE[..., 2:6, 2:6] = True
CPU = torch.device("cpu")


def test_noise_of_an_image_depends_on_its_seed_alone():
    together = seeded_noise(torch.tensor([3, 9]), (1, 4, 4), CPU)
    alone = seeded_noise(torch.tensor([9]), (1, 4, 4), CPU)
    assert torch.equal(together[1], alone[0])
    assert not torch.equal(together[0], together[1])


def test_the_seed_of_a_picture_does_not_look_into_the_hole():
    first = torch.rand(1, 1, 8, 8)
    second = torch.where(HOLE, torch.rand(1, 1, 8, 8), first)
    assert torch.equal(picture_seeds(first, HOLE), picture_seeds(second, HOLE))


def test_the_seed_of_a_picture_looks_at_visible_pixels_and_the_mask():
    picture = torch.zeros(1, 1, 8, 8)
    other = picture.clone()
    other[..., 0, 0] = 1
    seeds = {
        int(picture_seeds(picture, HOLE)),
        int(picture_seeds(other, HOLE)),
        int(picture_seeds(picture, HOLE.roll(1, dims=3))),
    }
    assert len(seeds) == 3
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_sampling_with_the_exact_noise_of_one_picture_finds_that_picture():
    scheduler = DDIMScheduler(timestep_spacing="trailing")
    picture = torch.rand(2, 1, 4, 4) * 2 - 1

    def exact(noisy, times):
        kept = scheduler.alphas_cumprod[times].reshape(-1, 1, 1, 1)
        return (noisy - kept.sqrt() * picture) / (1 - kept).sqrt()

    found = sample(exact, torch.randn(2, 1, 4, 4), scheduler.config, steps=5)
    assert torch.allclose(found, picture, atol=1e-3)


def test_the_denoiser_is_asked_once_a_step_from_noise_downwards():
    asked = []

    def denoise(noisy, times):
        asked.append(int(times[0]))
        return torch.zeros_like(noisy)

    config = DDIMScheduler(timestep_spacing="trailing").config
    sample(denoise, torch.zeros(1, 1, 2, 2), config, steps=5)
    assert asked == [999, 799, 599, 399, 199]
