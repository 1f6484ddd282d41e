"""What a fingerprint covers: two folders of one fingerprint paint the same."""

import json
import shutil
from pathlib import Path

import pytest

from efface.errors import CheckpointError
from efface.models.checkpoint import compare, fingerprint, load_model, read_record, save_model
from efface.models.families import FAMILIES, PIPELINES, architecture_of, read_configuration
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae, tiny_vqgan

DEMO = Path(__file__).parents[2] / "examples" / "fashion"
MAKERS = {"mae": tiny_mae, "vqgan": tiny_vqgan, "pixels": tiny_diffusion, "latents": tiny_latent}
SCHEDULER = "scheduler/scheduler_config.json"
EDITS = [
    ("mae", "preprocessor_config.json", {"image_mean": [0.4]}),
    ("mae", "preprocessor_config.json", {"image_std": [0.25]}),
    ("mae", "config.json", {"norm_pix_loss": True}),
    ("mae", "config.json", {"layer_norm_eps": 1e-6}),
    ("vqgan", "model_index.json", {"image_mean": [0.4]}),
    ("vqgan", "model_index.json", {"rounds": 2}),
    ("vqgan", "model_index.json", {"patchwise": False}),
    ("vqgan", "vqvae/config.json", {"scaling_factor": 1.0}),
    ("vqgan", "transformer/config.json", {"num_heads": 4}),
    ("pixels", "inpainting.json", {"steps": 3}),
    ("pixels", "inpainting.json", {"patch_size": 8}),
    ("pixels", SCHEDULER, {"beta_end": 0.01}),
    ("pixels", SCHEDULER, {"timestep_spacing": "leading"}),
    ("pixels", "unet/config.json", {"norm_eps": 1e-4}),
    ("latents", "inpainting.json", {"steps": 3}),
    ("latents", SCHEDULER, {"beta_end": 0.01}),
    ("latents", "vae/config.json", {"scaling_factor": 0.2}),
    ("latents", "unet/config.json", {"norm_eps": 1e-4}),
    ("latents", "text_encoder/config.json", {"layer_norm_eps": 1e-3}),
    ("latents", "tokenizer/tokenizer_config.json", {"pad_token": "a"}),
    ("latents", "tokenizer/vocab.json", {"a": 4}),
]
families = pytest.mark.parametrize("family", MAKERS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    for name, make in MAKERS.items():
        save_model(make(), root / name, {})
    return root


@pytest.fixture
def copy(folders, tmp_path):
    return lambda family: Path(shutil.copytree(folders / family, tmp_path / family))


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(("family", "file", "values"), EDITS)
def test_a_setting_that_decides_what_is_painted_gives_another_fingerprint(
    copy, family, file, values
):
    folder = copy(family)
    before = fingerprint(folder)
    change(folder / file, **values)
    assert fingerprint(folder) != before


@families
def test_a_folder_laid_out_otherwise_has_the_same_fingerprint(copy, family):
    folder = copy(family)
    before = fingerprint(folder)
    for path in folder.rglob("*.json"):
        content = json.loads(path.read_text())
        path.write_text(json.dumps(dict(reversed(content.items())), separators=(",", ":")))
    assert fingerprint(folder) == before


@families
def test_files_and_settings_that_decide_nothing_leave_the_fingerprint_as_it_is(copy, family):
    folder = copy(family)
    before = fingerprint(folder)
    (folder / "training.log").write_text("loss 0.1\n")
    (folder / "README.md").write_text("a model\n")
    change(folder / "efface.json", lineage={"base": "another"})
    notes = {"_name_or_path": "/tmp/elsewhere", "transformers_version": "4.0.0", "dtype": "float16"}
    for path in {folder / "config.json", *folder.glob("*/config.json")}:
        if path.is_file() and path.parent.name != "transformer":
            change(path, **notes)
    assert fingerprint(folder.rename(folder.with_name("moved"))) == before


@families
def test_a_model_saved_again_has_the_same_configuration_and_fingerprint(folders, tmp_path, family):
    again = save_model(load_model(folders / family), tmp_path / "again", {})
    assert again == fingerprint(folders / family) == read_record(tmp_path / "again")["fingerprint"]
    assert compare(folders / family, tmp_path / "again").changed_settings == []


@pytest.mark.parametrize("name", ["model", "retrained/without-brand-bag", "vqgan", "diffusion"])
def test_a_shipped_model_has_the_fingerprint_that_a_run_records_of_it(tmp_path, name):
    assert save_model(load_model(DEMO / name), tmp_path / "before", {}) == fingerprint(DEMO / name)


def test_numbers_of_a_preprocessor_are_kept_as_they_were_given(copy, tmp_path):
    folder = copy("mae")
    change(folder / "preprocessor_config.json", image_mean=[0.485], image_std=[1])
    assert save_model(load_model(folder), tmp_path / "again", {}) == fingerprint(folder)


def test_an_image_processor_s_other_settings_decide_nothing(copy):
    folder = copy("mae")
    before = fingerprint(folder)
    change(folder / "preprocessor_config.json", resample=3, do_normalize=True, size=224)
    assert fingerprint(folder) == before


def test_a_default_of_inpainting_json_that_is_written_out_is_the_same(copy):
    folder = copy("pixels")
    path = folder / "inpainting.json"
    path.write_text('{"version": 1, "patch_size": 4}')
    before = fingerprint(folder)
    change(path, steps=20)
    assert fingerprint(folder) == before


def test_a_configuration_that_is_missing_or_damaged_is_named(copy):
    path = copy("mae") / "preprocessor_config.json"
    path.write_text("{")
    with pytest.raises(CheckpointError, match="preprocessor_config.json is not a configuration"):
        fingerprint(path.parent)
    path.unlink()
    with pytest.raises(CheckpointError, match="preprocessor_config.json is missing"):
        fingerprint(path.parent)


def test_compare_names_a_setting_that_is_not_that_of_the_model_in_service(copy, folders):
    folder = copy("mae")
    change(folder / "preprocessor_config.json", image_mean=[0.4])
    found = compare(folders / "mae", folder).changed_settings
    assert found == ["preprocessor_config.json: image_mean"]


def test_every_architecture_says_which_settings_decide_what_it_paints(folders):
    shown = {architecture_of(folders / name) for name in MAKERS}
    assert shown == {*FAMILIES, *PIPELINES}
    assert all(read_configuration(folders / name) for name in MAKERS)
