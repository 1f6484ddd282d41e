import pytest

from efface.audit.fitting import check_audit_fits
from efface.audit.settings import AuditSettings
from efface.errors import ConfigError
from tests.tiny import tiny_mae

SWEPT = {"attacks": ["mask-sweep"], "shifts": [1]}


@pytest.mark.parametrize("shift", [9, 15, 16, 17, 4000])
def test_a_shift_that_leaves_less_than_half_of_a_picture_is_refused(shift):
    asked = AuditSettings(**{**SWEPT, "shifts": [1, shift]})
    with pytest.raises(ConfigError, match=rf"audit\.shifts: {shift} pixels .* use at most 8"):
        check_audit_fits(asked, tiny_mae())


def test_a_mask_off_the_grid_is_refused():
    asked = AuditSettings(**SWEPT, masks=["outpaint:2x2", "centre:5x5"])
    with pytest.raises(ConfigError, match=r"audit\.masks: mask policy centre:5x5 does not fit"):
        check_audit_fits(asked, tiny_mae())


def test_what_fits_is_let_through():
    asked = AuditSettings(**{**SWEPT, "shifts": [8]}, masks=["outpaint:2x2", "random:0.4"])
    check_audit_fits(asked, tiny_mae())


def test_queries_that_no_attack_asks_are_not_looked_at():
    check_audit_fits(AuditSettings(attacks=["detector"], shifts=[16]), tiny_mae())
