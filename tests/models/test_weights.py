import shutil
from pathlib import Path

import pytest

from efface.errors import CheckpointError
from efface.models.checkpoint import load_model
from efface.models.weights import check_weights

DEMO = Path(__file__).parents[2] / "examples" / "fashion"
FILES = {
    "model": "model.safetensors",
    "vqgan": "vqvae/diffusion_pytorch_model.safetensors",
    "diffusion": "unet/diffusion_pytorch_model.safetensors",
}


@pytest.mark.parametrize(
    ("family", "other"),
    [("model", "diffusion"), ("vqgan", "model"), ("vqgan", "diffusion"), ("diffusion", "model")],
)
def test_a_family_refuses_the_weights_of_another_in_one_line(tmp_path, capfd, family, other):
    folder = tmp_path / family
    shutil.copytree(DEMO / family, folder)
    shutil.copy(DEMO / other / FILES[other], folder / FILES[family])
    with pytest.raises(CheckpointError, match="not the weights of the architecture") as found:
        load_model(folder)
    assert " missing, such as " in str(found.value) and " unknown, such as " in str(found.value)
    assert "\n" not in str(found.value)
    assert capfd.readouterr() == ("", "")


def test_nothing_wrong_is_no_error():
    check_weights(Path("model"), {"missing_keys": [], "unexpected_keys": set(), "error_msgs": []})
