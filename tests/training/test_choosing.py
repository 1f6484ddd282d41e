import pytest

from efface.errors import ConfigError
from efface.methods import METHODS
from efface.training.choosing import choose_method, read_method
from efface.training.settings import PRESETS, TrainingSettings, read_settings


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"i2i-controlled"}))
def test_every_method_can_start_from_every_preset(preset, name):
    settings, method = read_method({"preset": preset, "name": name})
    assert method is METHODS[name] and settings == read_settings({"preset": preset, "name": name})


@pytest.mark.parametrize("name", ["i2i", "i2i-controlled"])
def test_the_method_itself_takes_every_setting(name):
    settings = TrainingSettings(name=name, worst_share=0.25, target="unseen", saliency=0.5)
    assert choose_method(settings) is METHODS[name]


@pytest.mark.parametrize("name", ["i2i", "i2i-controlled", "i2i-output", "noisy-label"])
def test_a_method_with_noise_takes_its_kinds(name):
    assert choose_method(TrainingSettings(name=name, noise="constant")) is METHODS[name]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "max-loss", "worst_share": 0.5}, "max-loss cannot take worst_share 0.5: .* i2i"),
        ({"name": "max-loss", "target": "unseen"}, "max-loss cannot take target 'unseen'"),
        ({"name": "i2i-output", "worst_share": 0.5}, "i2i-output cannot take worst_share 0.5"),
        ({"name": "i2i-output", "target": "unseen"}, "i2i-output cannot take target 'unseen'"),
        ({"name": "random-encoder", "target": "unseen"}, "no forget target to choose"),
        ({"name": "i2i-controlled", "target": "noise"}, "use noise-mean or unseen"),
        ({"name": "retain-only", "saliency": 0.5}, "retain-only cannot take saliency 0.5"),
        ({"name": "max-loss", "noise": "uniform"}, "max-loss cannot take noise 'uniform'"),
        ({"name": "random-encoder", "noise": "uniform"}, "it draws no noise images"),
        ({"target": "unseen", "noise": "constant"}, "leave it at gaussian"),
        ({"forget_bound": 0.5}, "i2i cannot take forget_bound 0.5: .* i2i-controlled"),
        ({"name": "gradient"}, "method 'gradient' unknown: use one of i2i, i2i-controlled"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_a_setting_without_meaning_for_the_method_is_refused(changes, said):
    with pytest.raises(ConfigError, match=said):
        choose_method(TrainingSettings(**changes))


WITHOUT_CHOICE = sorted(METHODS.keys() - {"i2i", "i2i-controlled"})


@pytest.mark.parametrize("more", [{}, {"preset": "published-vqgan"}], ids=["alone", "with-preset"])
@pytest.mark.parametrize("name", WITHOUT_CHOICE)
def test_a_target_that_is_asked_for_in_vain_is_refused(name, more):
    with pytest.raises(ConfigError, match=f"{name} cannot take target 'noise': .* noise-mean, or"):
        read_method({"name": name, "target": "noise", **more})


@pytest.mark.parametrize("name", WITHOUT_CHOICE)
def test_the_usual_target_may_be_written_out_for_every_method(name):
    assert read_method({"name": name, "target": "noise-mean"})[1] is METHODS[name]


@pytest.mark.parametrize("target", ["noise-mean", "noise", "unseen"])
def test_i2i_takes_every_target_that_is_asked_for(target):
    settings, _ = read_method({"target": target})
    assert settings.target == target
