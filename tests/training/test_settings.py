import pytest

from efface.errors import ConfigError
from efface.training.schedule import latest_cooldown
from efface.training.settings import PRESETS, TrainingSettings, read_settings, settings_to_dict


def test_an_empty_dict_gives_the_defaults():
    assert read_settings({}) == TrainingSettings()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid_and_can_be_changed_on_top(preset):
    assert read_settings({"preset": preset, "seed": 5}).seed == 5


def test_whole_numbers_that_json_turned_into_floats_are_taken():
    settings = read_settings({"steps": 20.0, "alpha": 1})
    assert (settings.steps, settings.alpha) == (20, 1.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "paper"}, "preset 'paper' unknown: use one of default, published-vqgan"),
        ({"stepz": 3}, "method setting stepz unknown: use preset or name, alpha, target, noise"),
        ({"steps": "many"}, "steps must be a whole number, got 'many'"),
        ({"steps": 1.5}, "steps must be a whole number, got 1.5"),
        ({"steps": 0}, "steps must be 1 to 10000000, got 0"),
        ({"batch_size": 1e30}, "batch_size must be 1 to 4096, got 1000000000000000"),
        ({"batch_size": 65_536}, "batch_size must be 1 to 4096, got 65536"),
        ({"seed": -1}, r"seed must be 0 or more, below 2\^63, got -1"),
        ({"seed": 2**63}, "seed must be 0 or more"),
        ({"steps": True}, "steps must be a whole number, got True"),
        ({"preset": ["default"]}, r"preset \['default'\] unknown"),
        ({"clip": float("inf")}, "clip must be a finite number, got inf"),
        ({"alpha": 10**400}, "alpha must be at most 1000000000000000"),
        ({"target_disk": -1.0}, "target_disk must be 0 or more, got -1.0"),
        ({"alpha": -1}, "alpha must be 0 or more, got -1.0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"neighbour_share": 2.0}, "neighbour_share must be 0 to 1"),
        ({"cooldown": 0.0}, "cooldown must be above 0"),
        ({"beta2": 1.0}, "beta2 must be 0 to below 1"),
        ({"precision": "float16"}, "precision must be auto or float32 or bfloat16"),
        ({"target": "mean"}, "target must be noise-mean or noise or unseen, got 'mean'"),
        ({"noise": "salt"}, "noise must be gaussian or uniform or constant, got 'salt'"),
        ({"worst_share": 0.0}, "worst_share must be above 0, up to 1"),
        ({"saliency": 1.5}, "saliency must be above 0, up to 1"),
        ({"forget_bound": 1.0}, "forget_bound must be above 0, below 1"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else "",
)
def test_a_wrong_setting_says_what_is_accepted(given, said):
    with pytest.raises(ConfigError, match=said):
        read_settings(given)


def test_nan_is_no_number():
    with pytest.raises(ConfigError, match="alpha"):
        read_settings({"alpha": float("nan")})


def test_settings_go_to_a_dict_and_back():
    settings = read_settings({"alpha": 0.5, "steps": 7})
    assert read_settings(settings_to_dict(settings)) == settings


def test_the_published_presets_hold_the_published_numbers():
    vqgan = read_settings({"preset": "published-vqgan"})
    assert vqgan.learning_rate == 1e-4 * 2 * vqgan.batch_size / 256
    assert latest_cooldown(vqgan) == vqgan.warmup == round(vqgan.steps * 5 / 6)
    diffusion = read_settings({"preset": "published-diffusion"})
    assert (2 * diffusion.batch_size, diffusion.learning_rate) == (96, 5e-5)
    assert latest_cooldown(diffusion) == diffusion.steps - 1
    assert vqgan.target == diffusion.target == "noise"
