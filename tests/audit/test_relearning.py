from dataclasses import asdict, replace

import pytest
import torch

from efface.audit.fine_tuning import Effort, steps_until, waves
from efface.audit.record import Audit, read_audit, write_audit
from efface.audit.relearning import CASES, relearning, within
from efface.audit.settings import AuditSettings
from tests.audit.given import by_case, four_sets, models, pictures, smooth, tiny_view
from tests.tiny import tiny_images

EFFORT = Effort(images=6, steps=4, rate=0.01, repeats=2, tolerance=0.1)


def test_the_original_model_needs_no_step_at_all():
    before, _ = models()
    found = by_case(relearning(before, before, four_sets(), tiny_view(), EFFORT))
    assert (found["forget"].value, found["forget"].at_least) == (0, False)


def test_every_case_is_counted_and_says_of_how_many_images():
    found = by_case(relearning(*models(), four_sets(), tiny_view(), EFFORT))
    assert set(found) == set(CASES)
    assert (found["forget"].n, found["forget"].clusters) == (12, 2)
    assert (found["retain"].n, found["retain"].clusters) == (6, 1)
    assert all(0 <= finding.value <= EFFORT.steps for finding in found.values())


def test_a_distance_out_of_reach_is_given_up_after_the_last_step():
    _, after = models()
    images = smooth(6).images_NCHW
    found = steps_until(after, images, images, tiny_view(), -1.0, EFFORT, seed=0)
    assert found == EFFORT.steps + 1


def test_training_brings_the_distance_down():
    _, after = models()
    images, view = smooth(6).images_NCHW, tiny_view()
    start = float(view.distances(images, after).mean())
    patient = replace(EFFORT, steps=60)
    assert 0 < steps_until(after, images, images, view, start * 0.7, patient, seed=0) <= 60


def test_the_served_model_is_not_changed():
    before, after = models()
    kept = {name: tensor.clone() for name, tensor in after.module.state_dict().items()}
    relearning(before, after, four_sets(), tiny_view(), EFFORT)
    assert all(torch.equal(kept[name], t) for name, t in after.module.state_dict().items())
    assert not any(parameter.requires_grad for parameter in after.module.parameters())


def test_the_same_seed_gives_the_same_steps():
    runs = [relearning(*models(), four_sets(), tiny_view(), EFFORT) for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("small", ["forget", "control", "retain"])
def test_a_set_with_too_few_images_shows_nothing_and_says_why(small):
    """A ticket of a few pictures is an everyday one: it ends with a verdict, not with an error."""
    for there, advice in ((3, "let the rule relearning only report"), (5, "lower audit.relearn")):
        sets = four_sets() | {small: pictures(there)}
        found = by_case(relearning(*models(), sets, tiny_view(), EFFORT))
        assert found.keys() == CASES.keys()
        assert {finding.value for finding in found.values()} == {None}
        assert f"{small} has {there}" in found["forget"].note
        assert advice in found["forget"].note


@pytest.mark.parametrize(
    ("available", "images", "repeats"),
    [
        pytest.param(400, 32, 3, id="plenty"),
        pytest.param(96, 32, 3, id="just enough"),
        pytest.param(95, 31, 3, id="fewer images each"),
        pytest.param(24, 8, 3, id="the fewest images"),
        pytest.param(23, 8, 2, id="fewer repeats"),
        pytest.param(8, 8, 1, id="one repeat"),
    ],
)
def test_a_small_set_gives_fewer_images_and_then_fewer_repeats(available, images, repeats):
    asked = Effort(images=32, steps=4, rate=0.01, repeats=3, tolerance=0.1)
    assert within(asked, available) == replace(asked, images=images, repeats=repeats)


def test_no_image_is_taken_twice(monkeypatch):
    taken = []

    def spy(model, trained, *rest):
        taken.append(trained)
        return 1

    monkeypatch.setattr("efface.audit.relearning.steps_until", spy)
    sets = {name: smooth(24, seed) for seed, name in enumerate(("forget", "control", "retain"))}
    found = by_case(relearning(*models(), sets, tiny_view(), replace(EFFORT, images=12, repeats=3)))
    assert torch.equal(taken.pop(4), taken[0])  # others: the images of the first once more
    pictures = [one.numpy().tobytes() for batch in taken for one in batch]
    assert len(set(pictures)) == len(pictures) == 3 * (8 + 8) + 8 + 8
    assert (found["control"].n, found["control"].clusters) == (24, 3)


def test_control_begins_as_far_from_the_goal_as_forget():
    before, after = models()
    sets, view = four_sets(8) | {"control": pictures(40, 1)}, tiny_view()
    offered = view.distances(sets["control"].images_NCHW, after)
    result = relearning(before, after, sets, view, replace(EFFORT, images=4))
    means = {name: result.recipe[name] for name in ("before", "forget start", "control start")}
    forget = sets["forget"].images_NCHW
    assert means["before"] == pytest.approx(view.distances(forget, before).mean())
    assert means["forget start"] == pytest.approx(view.distances(forget, after).mean())
    away = abs(means["control start"] - means["forget start"])
    assert away < abs(offered.mean() - means["forget start"])


def test_a_control_that_begins_nearer_the_goal_compares_with_nothing_and_says_so(monkeypatch):
    before, after = models()
    sets, view = four_sets(), tiny_view()
    real = type(view).distances
    control = sets["control"].images_NCHW

    def distances(self, images, model):
        found = real(self, images, model)
        if model is before:
            return found * 0 + 0.1
        return found * 0 + (0.7 if images is control else 0.8)

    monkeypatch.setattr(type(view), "distances", distances)
    found = by_case(relearning(before, after, sets, view, EFFORT))
    assert found["control"].value is None
    assert "begins at a distance of 0.7, the forgotten images at 0.8" in found["control"].note
    assert found["forget"].value is not None
    tolerant = by_case(relearning(before, after, sets, view, replace(EFFORT, tolerance=0.2)))
    assert tolerant["control"].value is not None


def test_some_of_the_forgotten_may_bring_the_others_back(monkeypatch):
    seen = []

    def spy(model, trained, watched, view, target, *rest):
        seen.append((trained, watched, target))
        return 1

    monkeypatch.setattr("efface.audit.relearning.steps_until", spy)
    sets = {name: smooth(24, seed) for seed, name in enumerate(("forget", "control", "retain"))}
    result = relearning(*models(), sets, tiny_view(), EFFORT)
    found = by_case(result)
    assert found["others"].n == EFFORT.images
    trained, watched, target = seen[4]
    assert target == result.recipe["targets"][1] != result.recipe["targets"][0]
    images = sets["forget"].images_NCHW
    assert torch.equal(trained, images[:6]) and torch.equal(watched, images[6:12])
    once = by_case(relearning(*models(), sets, tiny_view(), replace(EFFORT, repeats=1)))
    assert "others" not in once


def test_clones_do_not_count_as_repeats():
    asked = replace(EFFORT, images=32, repeats=3)
    result = relearning(*models(), four_sets(16), tiny_view(), asked)
    found = by_case(result)
    assert (found["forget"].n, found["forget"].clusters) == (16, 2)
    assert (result.recipe["images"], result.recipe["repeats"]) == (8, 2)


def test_pictures_of_waves_differ_and_fill_the_range():
    made = waves(tiny_images(4), seed=0)
    assert made.shape == (4, 1, 16, 16)
    assert len({picture.numpy().tobytes() for picture in made}) == 4
    assert made.float().std() > 40


def test_a_fine_tuning_that_diverges_has_no_count():
    _, after = models()
    images = smooth(6).images_NCHW
    wild = replace(EFFORT, rate=1e30, steps=20)
    assert steps_until(after, images, images, tiny_view(), -1.0, wild, seed=0) is None


def test_a_loss_that_is_not_finite_counts_although_something_is_painted(monkeypatch):
    _, after = models()
    images = smooth(6).images_NCHW
    monkeypatch.setattr(type(after), "own_loss", lambda *_: torch.tensor(float("nan")))
    assert steps_until(after, images, images, tiny_view(), 2.0, EFFORT, seed=0) is None


def test_a_distance_or_a_goal_that_is_not_finite_has_no_count(monkeypatch):
    _, after = models()
    images, view = smooth(6).images_NCHW, tiny_view()
    assert steps_until(after, images, images, view, float("nan"), EFFORT, seed=0) is None
    monkeypatch.setattr(type(after), "paint", lambda self, given, _: given * float("nan"))
    assert steps_until(after, images, images, view, 2.0, EFFORT, seed=0) is None


def test_a_case_of_which_one_repeat_diverged_has_no_value_and_says_what_to_do(monkeypatch):
    counts = iter([3, 2, 2, 2, 4, None, 2])
    monkeypatch.setattr("efface.audit.relearning.steps_until", lambda *_: next(counts))
    found = by_case(relearning(*models(), four_sets(), tiny_view(), EFFORT))
    assert (found["forget"].value, found["forget"].at_least) == (None, False)
    assert "in 1 of 2 repeats a loss or a distance was not finite" in found["forget"].note
    assert "lower audit.relearn_rate" in found["forget"].note
    assert found["control"].value == 2


def test_a_model_that_paints_no_numbers_gives_a_record_that_can_be_written(tmp_path):
    before, after = models()
    with torch.no_grad():
        for parameter in after.module.parameters():
            parameter.fill_(float("nan"))
    result = relearning(before, after, four_sets(), tiny_view(), EFFORT)
    assert {finding.value for finding in result.findings} == {None}
    settings, prints = AuditSettings(attacks=["relearning"]), {"before": "1", "after": "2"}
    audit = Audit(**prints, sets={}, settings=asdict(settings), results=[result])
    write_audit(tmp_path / "audit.json", audit)
    assert read_audit(tmp_path / "audit.json") == audit
