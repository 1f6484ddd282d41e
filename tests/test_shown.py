import pytest

from efface.shown import shown


@pytest.mark.parametrize("value", [1, 0.5, "text", None, [1, "a"], {"a": [True]}])
def test_a_short_value_is_shown_whole(value):
    assert shown(value) == repr(value)


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, [["x"] * 100] * 100, {str(n): "x" * 999 for n in range(99)}, 1 << 99999],
    ids=["text", "lists", "mapping", "number"],
)
def test_a_long_value_is_cut(value):
    assert len(shown(value)) < 2000


def test_lists_that_name_one_another_are_shown_at_once():
    nested = ["x"]
    for _ in range(99):
        nested = [nested] * 10
    assert len(shown(nested)) < 5000
