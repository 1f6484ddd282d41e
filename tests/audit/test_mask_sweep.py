import pytest
import torch

from efface.audit.mask_sweep import compressed, mask_sweep, moved
from efface.audit.settings import AuditSettings
from efface.models.pixels import unit_pixels
from tests.audit.given import by_case, models, pictures, tiny_view
from tests.tiny import tiny_images

ASKED = {"masks": ["outpaint:2x2"], "jpeg": [75], "shifts": [2]}


def test_a_model_that_did_not_change_has_no_rise_anywhere():
    before, _ = models()
    result = mask_sweep(before, before, pictures(12), tiny_view(), **ASKED)
    assert [(f.value, f.low, f.high) for f in result.findings] == [(0, 0, 0)] * 5


def test_another_encoder_changes_the_distance_of_every_query():
    result = mask_sweep(*models(), pictures(12), tiny_view(), **ASKED)
    assert all(f.value != 0 and f.low < f.value < f.high for f in result.findings)
    assert {f.n for f in result.findings} == {12}
    assert {f.clusters for f in result.findings} == {6}


def test_the_cases_are_those_that_the_settings_promise_to_the_gate():
    settings = AuditSettings(jpeg=[75], shifts=[2], masks=["outpaint:2x2"])
    result = mask_sweep(*models(), pictures(4), tiny_view(), **ASKED)
    assert set(by_case(result)) == set(settings.swept_queries(["centre:2x2"], []))


def test_a_scored_query_is_scored_as_the_gate_does():
    view, (before, after), given = tiny_view(), models(), pictures(12)
    rise = view.distances(given.images_NCHW, after) - view.distances(given.images_NCHW, before)
    result = mask_sweep(before, after, given, view, **ASKED)
    assert by_case(result)["as scored"].value == pytest.approx(rise.mean())


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_keeps_the_shape_and_a_high_quality_keeps_more(channels):
    images = unit_pixels(tiny_images(3, channels=channels))
    loss = {q: (compressed(images, q) - images).abs().mean() for q in (10, 95)}
    assert compressed(images, 50).shape == images.shape
    assert 0 < loss[95] < loss[10]


def test_a_picture_is_moved_to_the_right_and_down():
    images = unit_pixels(tiny_images(2))
    shifted = moved(images, 3)
    assert torch.equal(shifted[..., 3:, 3:], images[..., :-3, :-3])
    assert torch.equal(shifted[..., 0, 3:], images[..., 0, :-3])
