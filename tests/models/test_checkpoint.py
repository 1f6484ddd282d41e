import json

import pytest
import torch

from efface.errors import CheckpointError, InputError
from efface.models.checkpoint import (
    compare,
    fingerprint,
    load_model,
    load_pair,
    read_record,
    save_model,
)
from efface.models.stored_tensors import tensor_names
from tests.tiny import tiny_images, tiny_mae, tiny_vqgan

HIDDEN = (torch.arange(16) >= 8).expand(2, -1)


def test_a_saved_model_paints_the_same_after_loading(tmp_path):
    model = tiny_mae().eval()
    save_model(model, tmp_path / "model", {})
    shown = tiny_images(2).float() / 255
    assert torch.equal(
        load_model(tmp_path / "model").paint(shown, HIDDEN), model.paint(shown, HIDDEN)
    )


def test_saving_twice_gives_the_same_fingerprint_and_other_weights_another(tmp_path):
    first = save_model(tiny_mae(0), tmp_path / "a", {})
    again = save_model(load_model(tmp_path / "a"), tmp_path / "b", {})
    other = save_model(tiny_mae(1), tmp_path / "c", {})
    assert first == again == fingerprint(tmp_path / "b")
    assert first != other


def test_the_record_holds_lineage(tmp_path):
    found = save_model(tiny_mae(), tmp_path / "m", {"base": "abc"})
    record = read_record(tmp_path / "m")
    assert record["lineage"] == {"base": "abc"}
    assert (record["family"], record["fingerprint"]) == ("mae", found)


def test_nothing_but_the_student_is_saved(tmp_path):
    model = tiny_mae()
    save_model(model, tmp_path / "m", {})
    elements = sum(t.numel() for t in model.network.state_dict().values())
    size = (tmp_path / "m" / "model.safetensors").stat().st_size
    assert elements * 4 < size < elements * 4 + 20_000


def test_compare_finds_nothing_in_a_model_whose_encoder_moved(tmp_path):
    model = tiny_mae()
    save_model(model, tmp_path / "before", {})
    with torch.no_grad():
        next(iter(model.encoder_parameters()))[1].add_(1.0)
    save_model(model, tmp_path / "after", {})
    found = compare(tmp_path / "before", tmp_path / "after")
    assert vars(found) == {
        "unexpected_keys": [],
        "missing_keys": [],
        "moved_outside_encoder": [],
        "not_finite": [],
        "changed_settings": [],
    }


def test_compare_names_what_moved_outside_the_encoder_and_what_is_not_finite(tmp_path):
    model = tiny_mae()
    save_model(model, tmp_path / "before", {})
    with torch.no_grad():
        model.network.decoder.decoder_pred.bias[0] = float("nan")
    save_model(model, tmp_path / "after", {})
    found = compare(tmp_path / "before", tmp_path / "after")
    assert found.moved_outside_encoder == ["decoder.decoder_pred.bias"]
    assert found.not_finite == ["decoder.decoder_pred.bias"]


def test_a_nan_that_was_there_before_is_no_move_but_is_named(tmp_path):
    model = tiny_mae()
    with torch.no_grad():
        model.network.decoder.decoder_pred.bias[0] = float("nan")
    for side in ("before", "after"):
        save_model(model, tmp_path / side, {})
    found = compare(tmp_path / "before", tmp_path / "after")
    assert found.moved_outside_encoder == []
    assert found.not_finite == ["decoder.decoder_pred.bias"]


def test_another_zero_is_another_byte_and_so_a_move(tmp_path):
    model = tiny_mae()
    for side, zero in (("before", 0.0), ("after", -0.0)):
        with torch.no_grad():
            model.network.decoder.decoder_pred.bias[0] = zero
        save_model(model, tmp_path / side, {})
    found = compare(tmp_path / "before", tmp_path / "after")
    assert found.moved_outside_encoder == ["decoder.decoder_pred.bias"]


def test_models_of_different_families_are_no_pair(tmp_path):
    save_model(tiny_mae(), tmp_path / "before", {})
    save_model(tiny_vqgan(), tmp_path / "after", {})
    with pytest.raises(CheckpointError, match=r"different families \(mae, vqgan\)"):
        load_pair(tmp_path / "before", tmp_path / "after")


def test_models_whose_encoders_differ_in_size_are_no_pair(tmp_path):
    save_model(tiny_mae(), tmp_path / "before", {})
    save_model(tiny_mae(num_hidden_layers=1), tmp_path / "after", {})
    with pytest.raises(CheckpointError, match="encoders of different tensors or sizes"):
        load_pair(tmp_path / "before", tmp_path / "after")


def test_compare_names_extra_tensors(tmp_path):
    from safetensors.torch import load_file, save_file

    save_model(tiny_mae(), tmp_path / "before", {})
    save_model(tiny_mae(), tmp_path / "after", {})
    weights = tmp_path / "after" / "model.safetensors"
    save_file({**load_file(weights), "teacher.weight": torch.zeros(2)}, weights, {"format": "pt"})
    assert "teacher.weight" in tensor_names(tmp_path / "after")


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        load_model(tmp_path / "nowhere")


def test_a_folder_without_config_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_model(tmp_path)


def test_an_unknown_architecture_names_the_known_ones(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(
        CheckpointError, match="'bert' is not supported: use one of vit_mae, EffaceTokenPainter"
    ):
        load_model(tmp_path)


def test_missing_weights_are_refused(tmp_path):
    save_model(tiny_mae(), tmp_path / "m", {})
    (tmp_path / "m" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError):
        load_model(tmp_path / "m")
    with pytest.raises(CheckpointError, match="no safetensors"):
        fingerprint(tmp_path / "m")


@pytest.mark.parametrize("cut", [4, 200, -10], ids=["in-size", "in-header", "in-data"])
def test_a_cut_file_is_refused(tmp_path, cut):
    save_model(tiny_mae(), tmp_path / "m", {})
    path = tmp_path / "m" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError, match="copy it again"):
        fingerprint(tmp_path / "m")
    with pytest.raises(CheckpointError, match="not a readable ViT-MAE checkpoint"):
        load_model(tmp_path / "m")


def test_a_record_is_needed_to_know_the_lineage(tmp_path):
    with pytest.raises(InputError, match="checkpoint record"):
        read_record(tmp_path)
