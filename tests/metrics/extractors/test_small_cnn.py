import json

import pytest
import torch

from efface.errors import CheckpointError, InputError
from efface.metrics.extractors.small_cnn import (
    SmallCnn,
    SmallCnnConfig,
    SmallCnnExtractor,
    load,
    save,
)


def tiny(task="classifier", **changes):
    torch.manual_seed(0)
    shape = {"channels": 1, "image_size": 16, "width": 4, "dimension": 8}
    fields = {"name": "tiny", "task": task, "classes": 3 if task == "classifier" else 0, **shape}
    network = SmallCnn(SmallCnnConfig(**{**fields, **changes}))
    network(torch.rand(32, network.config.channels, 16, 16))  # moves the running statistics
    return network.eval()


def test_a_saved_network_gives_the_same_features(tmp_path):
    network, images = tiny(), torch.rand(5, 1, 16, 16)
    save(network, tmp_path)
    found = load(".", tmp_path, "abc").embed(images)
    torch.testing.assert_close(found, network(images), rtol=1e-4, atol=1e-5)


def test_a_tower_gives_unit_vectors_and_no_classes():
    extractor = SmallCnnExtractor(tiny("tower"), "abc")
    features = extractor.embed(torch.rand(4, 1, 16, 16))
    torch.testing.assert_close(features.norm(dim=1), torch.ones(4))
    assert extractor.probabilities(torch.rand(4, 1, 16, 16)) is None


def test_a_classifier_gives_probabilities_from_its_features():
    extractor, images = SmallCnnExtractor(tiny(), "abc"), torch.rand(4, 1, 16, 16)
    found = extractor.probabilities(images)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(4))
    torch.testing.assert_close(found, extractor.classify(extractor.embed(images)))


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (1, 8, 24), (3, 40, 40)], ids=["small", "wide", "colour"]
)
def test_images_of_any_size_and_colour_are_accepted(shape):
    assert SmallCnnExtractor(tiny(), "abc").embed(torch.rand(2, *shape)).shape == (2, 8)


def test_an_image_does_not_see_the_others_of_its_batch():
    extractor, images = SmallCnnExtractor(tiny(), "abc"), torch.rand(9, 1, 16, 16)
    alone = torch.cat([extractor.embed(image[None]) for image in images])
    torch.testing.assert_close(extractor.embed(images), alone, rtol=1e-4, atol=1e-5)


def test_the_recipe_names_all_that_a_number_depends_on():
    assert SmallCnnExtractor(tiny(), "abc").recipe == {
        "name": "tiny",
        "kind": "small-cnn",
        "weights_sha256": "abc",
        "configuration_sha256": "",
        "dimension": 8,
        "resize": "bilinear-antialias-16",
        "is_clip": False,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"width": 5},
        {"width": 10**9},
        {"width": "4"},
        {"task": "oracle"},
        {"task": ["tower"]},
        {"classes": 0},
        {"classes": None},
        {"surprise": 1},
        {"version": 2},
        {"name": 5},
        {"name": ""},
        {"channels": 2},
        {"image_size": 0},
        {"image_size": -3},
        {"image_size": "16"},
        {"image_size": 16.0},
        {"image_size": None},
        {"image_size": 10**7},
        {"dimension": True},
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path, change):
    save(tiny(), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(InputError, match=rf"{tmp_path}.*small-cnn|small-cnn.*{tmp_path}"):
        load(".", tmp_path, "abc")


def test_damaged_weights_are_refused(tmp_path):
    save(tiny(), tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match="not a readable small-cnn extractor"):
        load(".", tmp_path, "abc")
