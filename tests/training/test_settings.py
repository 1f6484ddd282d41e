import pytest

from efface.errors import ConfigError
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
        ({"stepz": 3}, "method setting stepz unknown: use preset or name, alpha, steps"),
        ({"steps": "many"}, "steps must be of type int, got 'many'"),
        ({"steps": 1.5}, "steps must be of type int, got 1.5"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"steps": True}, "steps must be of type int, got True"),
        ({"alpha": -1}, "alpha must be 0 or more, got -1.0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"neighbour_share": 2.0}, "neighbour_share must be 0 to 1"),
        ({"cooldown": 0.0}, "cooldown must be above 0"),
        ({"beta2": 1.0}, "beta2 must be 0 to below 1"),
        ({"precision": "float16"}, "precision must be auto or float32 or bfloat16"),
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
