from pathlib import Path

import pytest

from efface.errors import CheckpointError
from efface.models.normalisation import read_normalisation

PATH = Path("model/preprocessor_config.json")


def read(channels=1, **settings):
    return read_normalisation(PATH, {"image_mean": [0.5], "image_std": [0.5], **settings}, channels)


def test_numbers_are_given_as_they_were_written():
    assert read(image_mean=[0.485], image_std=[1]) == ([0.485], [1])


@pytest.mark.parametrize(
    "wrong",
    [None, "x", [], {}, 0.5, ["a"], [None], [True], [[0.5]], [float("nan")], [1e39], [10**400]],
    ids=repr,
)
@pytest.mark.parametrize("name", ["image_mean", "image_std"])
def test_what_is_no_list_of_numbers_is_refused(name, wrong):
    with pytest.raises(CheckpointError, match=r"model/preprocessor_config.json: .* lists of num"):
        read(**{name: wrong})


@pytest.mark.parametrize("std", [0, -1, 1e-50, float("inf"), float("nan")])
def test_a_deviation_that_nothing_can_be_divided_by_is_refused(std):
    with pytest.raises(CheckpointError, match="image_std above 0, at least 1e-06; got .*0.5.* and"):
        read(image_std=[std])


def test_one_number_a_channel_is_needed():
    with pytest.raises(CheckpointError, match="need 3 numbers each"):
        read(channels=3)


def test_what_is_missing_is_named():
    with pytest.raises(CheckpointError, match="image_std missing: copy it from the model"):
        read_normalisation(PATH, {"image_mean": [0.5]}, 1)
