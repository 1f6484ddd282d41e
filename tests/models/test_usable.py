import pytest
import torch

from efface.errors import CheckpointError
from efface.models.usable import STEPS, check_usable
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae, tiny_vqgan

MAKERS = [tiny_mae, tiny_vqgan, tiny_diffusion, tiny_latent]


@pytest.mark.parametrize("make", MAKERS)
def test_a_sound_model_is_usable_and_stays_as_it_is(make, tmp_path):
    model = make().eval()
    before = {name: tensor.clone() for name, tensor in model.module.state_dict().items()}
    settings = getattr(model, "settings", None)
    check_usable(model, tmp_path)
    assert getattr(model, "settings", None) == settings
    assert all(torch.equal(before[name], one) for name, one in model.module.state_dict().items())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("make", MAKERS)
def test_a_tensor_that_is_not_finite_is_named_with_its_folder(make, value, tmp_path):
    model = make().eval()
    name, tensor = list(model.module.state_dict().items())[-1]
    tensor.view(-1)[0] = value
    said = rf"{tmp_path}: 1 of \d+ tensors hold NaN or infinity, such as {name}: take the weights"
    with pytest.raises(CheckpointError, match=said):
        check_usable(model, tmp_path)


@pytest.mark.parametrize("make", [tiny_mae, tiny_diffusion, tiny_latent])
def test_finite_weights_that_paint_nan_are_refused(make, tmp_path):
    model = make().eval()
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter.fill_(1e30)
    with pytest.raises(CheckpointError, match="paints NaN or infinity into a grey image"):
        check_usable(model, tmp_path)


def test_a_configuration_that_the_model_trips_over_is_no_traceback(tmp_path):
    model = tiny_latent().eval()
    model.vae.register_to_config(scaling_factor="x")
    with pytest.raises(CheckpointError, match=r"cannot paint a grey image \(TypeError"):
        check_usable(model, tmp_path)


def test_a_sampler_is_not_walked_to_its_end(tmp_path, monkeypatch):
    model = tiny_diffusion().eval()
    asked = []
    network = model.unet.forward
    monkeypatch.setattr(model.unet, "forward", lambda *a, **k: asked.append(1) or network(*a, **k))
    check_usable(model, tmp_path)
    assert len(asked) == STEPS < model.settings.steps
