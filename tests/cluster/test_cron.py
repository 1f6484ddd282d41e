import pytest

from efface.cluster.cron import check_cron
from efface.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    [
        "0 0 2 * * *",
        "0 */15 * * * *",
        "0 0 9-17/2 ? * MON-FRI",
        "0 0,30 8 1,15 jan-jun *",
        "59 59 23 31 12 6",
        "0 5/10 * * * sun",
    ],
)
def test_six_fields_are_taken(text):
    assert check_cron(text) == text


def test_spaces_between_fields_do_not_matter():
    assert check_cron("  0 0  2 * *\t* ") == "0 0 2 * * *"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 2 * * *", "with a leading 0 for the second: '0 0 2 * * *'"),
        ("", "has 0 fields"),
        ("60 0 2 * * *", "'60' is no second"),
        ("0 0 24 * * *", "'24' is no hour"),
        ("0 0 2 0 * *", "'0' is no day of month"),
        ("0 0 2 * 13 *", "'13' is no month"),
        ("0 0 2 * * 7", "'7' is no day of week"),
        ("0 0 2 * * monday", "'monday' is no day of week"),
        ("0 0 17-9 * * *", "'17-9' is no hour"),
        ("0 */0 * * * *", "'*/0' is no minute"),
        ("0 1,, * * * *", "'' is no minute"),
        ("0 0 -2 * * *", "'-2' is no hour"),
        ("\u0663 * * * * *", "is no second"),
        ("0 0 " + "9" * 5000 + " * * *", "is no hour"),
        ("*/00 * * * * *", "'*/00' is no second"),
    ],
)
def test_what_robfig_would_refuse_or_misread_is_refused(text, told):
    with pytest.raises(ConfigError) as error:
        check_cron(text)
    assert told in str(error.value)
