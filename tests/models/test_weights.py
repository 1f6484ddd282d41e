import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from efface.errors import CheckpointError
from efface.models.checkpoint import load_model
from efface.models.weights import check_weights, told
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae, tiny_vqgan

DEMO = Path(__file__).parents[2] / "examples" / "fashion"
DIFFUSERS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
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


class Trap:
    """Runs code in whoever opens a pickle of it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("make", "part", "weights", "pickled"),
    [
        (tiny_mae, "", "model.safetensors", "pytorch_model.bin"),
        (tiny_vqgan, "vqvae", *DIFFUSERS),
        (tiny_diffusion, "unet", *DIFFUSERS),
        (tiny_latent, "text_encoder", "model.safetensors", "pytorch_model.bin"),
    ],
)
def test_a_pickle_in_place_of_weights_is_named_and_not_run(tmp_path, make, part, weights, pickled):
    make().save(tmp_path / "model")
    place = tmp_path / "model" / part
    (place / weights).unlink()
    for content in (pickle.dumps(Trap(tmp_path / "sprung"), 2), b"garbage"):
        (place / pickled).write_bytes(content)
        said = rf"{place}: the weights in {pickled} are damaged, or a pickle .* it was not read"
        with pytest.raises(CheckpointError, match=said):
            load_model(tmp_path / "model")
    assert not (tmp_path / "sprung").exists()


def test_tensors_in_a_pickle_are_read(tmp_path):
    tiny_mae().save(tmp_path)
    path = tmp_path / "model.safetensors"
    torch.save(load_file(path), path.with_name("pytorch_model.bin"))
    path.unlink()
    assert load_model(tmp_path).family == "mae"


def test_what_a_library_says_is_told_in_one_line():
    assert told(OSError("no file\n\nlook at https://...")) == "no file"
    assert told(RuntimeError("\nErrors in x:\n  size mismatch\n  more")) == (
        "Errors in x: size mismatch"
    )
    assert told(KeyError("foo")) == "KeyError 'foo'"
    assert told(ValueError()) == "ValueError"


def test_nothing_wrong_is_no_error():
    check_weights(Path("model"), {"missing_keys": [], "unexpected_keys": set(), "error_msgs": []})
