import pytest

from efface.audit.attacks import RUN
from efface.audit.settings import ATTACKS, AuditSettings
from efface.errors import ConfigError


def test_every_attack_that_can_be_named_can_be_run():
    assert tuple(RUN) == ATTACKS


def test_no_attack_is_run_unless_it_is_named():
    assert AuditSettings().attacks == []


@pytest.mark.parametrize(
    "given",
    [
        {"attacks": ["guessing"]},
        {"attacks": ["detector", "detector"]},
        {"images": 3},
        {"masks": ["square:3"]},
        {"jpeg": [0]},
        {"jpeg": [96]},
        {"shifts": [0]},
        {"shifts": [5000]},
        {"shifts": [10**30]},
        {"shifts": [2, 2]},
        {"relearn_images": 1},
        {"relearn_steps": 0},
        {"relearn_rate": 0.0},
        {"relearn_rate": 1e30},
        {"images": 10**30},
        {"relearn_steps": 10**30},
        {"relearn_repeats": 0},
        {"relearn_tolerance": 1.0},
    ],
    ids=str,
)
def test_settings_that_no_attack_can_work_with_are_refused(given):
    with pytest.raises(ConfigError, match=next(iter(given)).rstrip("s")):
        AuditSettings(**given)


def test_the_scored_mask_is_not_swept_twice():
    settings = AuditSettings(masks=["centre:4x4", "outpaint:5x5"])
    assert settings.swept_masks(["centre:4x4"], ["outpaint:5x5"]) == ["outpaint:5x5"]
