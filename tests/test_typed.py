import pytest

from efface.errors import ConfigError
from efface.typed import LARGEST, typed


@pytest.mark.parametrize(
    ("value", "default", "found"),
    [
        (3.0, 1, 3),
        (3, 1.0, 3.0),
        (True, False, True),
        ("a", "", "a"),
        (LARGEST, 1.0, 1e15),
        (2**63, 1, 2**63),
    ],
)
def test_a_value_takes_the_type_of_the_default(value, default, found):
    made = typed("size", value, default)
    assert made == found and type(made) is type(default)


@pytest.mark.parametrize(
    ("value", "default", "message"),
    [
        (1.5, 1, "size must be a whole number, got 1.5"),
        (True, 1, "size must be a whole number, got True"),
        (True, 1.0, "size must be a number, got True"),
        ("3", 1.0, "size must be a number, got '3'"),
        (3, "", "size must be text, got 3"),
        (1, False, "size must be true or false, got 1"),
        (None, "", "size must be text, got None"),
        (10**400, 1.0, "size must be at most 1000000000000000, got 1000"),
    ],
)
def test_another_type_is_refused(value, default, message):
    with pytest.raises(ConfigError, match=message):
        typed("size", value, default)
