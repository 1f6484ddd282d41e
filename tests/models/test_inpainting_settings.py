import json

import pytest

from efface.errors import CheckpointError
from efface.models.inpainting_settings import (
    FILE,
    InpaintingSettings,
    read_inpainting_settings,
    write_inpainting_settings,
)


def test_settings_come_back_as_they_were_written(tmp_path):
    settings = InpaintingSettings(patch_size=8, steps=30, levels=5)
    write_inpainting_settings(tmp_path, settings)
    assert read_inpainting_settings(tmp_path) == settings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"version": 1, "patch_size": 4, "stride": 2}, "stride unknown"),
        ({"version": 1}, "patch_size is missing"),
        ({"version": 1, "patch_size": 0}, "patch_size must be a whole number"),
        ({"version": 1, "patch_size": 4, "steps": True}, "steps must be a whole number"),
        ({"version": 1, "patch_size": 4, "levels": 2.5}, "levels must be a whole number"),
        ({"version": 1, "patch_size": 4, "largest_weight": 0}, "largest_weight must be .*1 to"),
        ({"version": 1, "patch_size": 4, "largest_weight": 10**30}, "largest_weight must be"),
    ],
)
def test_wrong_settings_are_named(tmp_path, content, message):
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=message):
        read_inpainting_settings(tmp_path)


def test_a_folder_without_settings_is_told_what_they_look_like(tmp_path):
    with pytest.raises(CheckpointError, match=r'is missing: write one such as \{"version": 1'):
        read_inpainting_settings(tmp_path)


def test_a_version_from_the_future_is_refused(tmp_path):
    (tmp_path / FILE).write_text(json.dumps({"version": 2, "patch_size": 4}))
    with pytest.raises(CheckpointError, match="version 2"):
        read_inpainting_settings(tmp_path)
