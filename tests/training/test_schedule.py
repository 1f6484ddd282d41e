import pytest

from efface.training.schedule import cooldown_steps, latest_cooldown, learning_rate
from efface.training.settings import TrainingSettings

SETTINGS = TrainingSettings(steps=100, warmup=10, cooldown=0.4, learning_rate=1.0)


def rate(step, start=60):
    return learning_rate(SETTINGS, step, start)


def test_the_rate_rises_holds_and_falls_to_nearly_zero():
    assert rate(0) == pytest.approx(0.1)
    assert rate(9) == rate(59) == 1.0
    assert 0 < rate(99) < 0.01


def test_the_fall_never_rises_again():
    rates = [rate(step) for step in range(60, 100)]
    assert rates == sorted(rates, reverse=True)


def test_an_early_fall_has_the_same_shape():
    assert [rate(s, 20) for s in range(20, 60)] == [rate(s, 60) for s in range(60, 100)]


def test_the_latest_fall_fills_the_rest_of_the_run():
    assert latest_cooldown(SETTINGS) + cooldown_steps(SETTINGS) == SETTINGS.steps


def test_no_warm_up_starts_at_the_peak():
    settings = TrainingSettings(steps=10, warmup=0, learning_rate=2.0, cooldown=0.1)
    assert learning_rate(settings, 0, 9) == 2.0
