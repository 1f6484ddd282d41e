import pickle

import pytest
import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from efface.errors import CheckpointError
from efface.metrics.extractors.inception import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Random weights in the layout of the file that torch-fidelity publishes."""
    place = tmp_path_factory.mktemp("inception")
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.save({}, place / "nothing.pth")
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=place / "nothing.pth"
        )
    torch.save(network.state_dict(), place / "weights.pth")
    return place


def test_gives_the_features_and_probabilities_of_torch_fidelity(folder):
    reference = FeatureExtractorInceptionV3(
        "inception-v3-compat",
        ["2048", "logits_unbiased"],
        feature_extractor_weights_path=folder / "weights.pth",
    )
    images = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    features, logits = reference(images)
    extractor = load("weights.pth", folder, "abc")
    found = extractor.embed(images / 255)
    torch.testing.assert_close(found, features)
    torch.testing.assert_close(extractor.classify(found), logits.softmax(dim=1))


def test_a_file_that_is_more_than_tensors_is_not_unpickled(folder):
    (folder / "code.pth").write_bytes(pickle.dumps(print, protocol=2))
    with pytest.raises(CheckpointError, match="weights in code.pth are damaged, or a pickle that"):
        load("code.pth", folder, "abc")


def test_weights_of_another_network_are_refused(folder):
    torch.save({"fc.weight": torch.zeros(2, 2)}, folder / "other.pth")
    with pytest.raises(CheckpointError, match="not a readable file of weights of the FID"):
        load("other.pth", folder, "abc")
