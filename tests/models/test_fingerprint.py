"""What a fingerprint covers: two folders of one fingerprint paint the same."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from efface.errors import CheckpointError
from efface.models.checkpoint import compare, fingerprint, load_model, read_record, save_model
from efface.models.families import FAMILIES, PIPELINES, architecture_of, read_configuration
from efface.models.stored_tensors import hash_tensors
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


def stored(folder, name, scale):
    """The weights of a masked auto-encoder times a number, under a name."""
    state = {key: scale * value for key, value in load_file(folder / "model.safetensors").items()}
    path = folder / name
    save = save_file if path.suffix == ".safetensors" else torch.save
    save(state, path, **({"metadata": {"format": "pt"}} if save is save_file else {}))


def point(folder, shard):
    """An index that says that every weight is in one shard."""
    map_ = dict.fromkeys(tiny_mae().network.state_dict(), shard)
    content = {"metadata": {"total_size": 1}, "weight_map": map_}
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))


def choose_another_shard(folder):
    stored(folder, "one.safetensors", 1.0)
    stored(folder, "two.safetensors", 0.5)
    (folder / "model.safetensors").unlink()
    point(folder, "one.safetensors")
    yield
    point(folder, "two.safetensors")


def change_a_bin(folder):
    stored(folder, "pytorch_model.bin", 1.0)
    (folder / "model.safetensors").rename(folder / "spare.safetensors")
    yield
    (folder / "spare.safetensors").rename(folder / "model.safetensors")
    stored(folder, "pytorch_model.bin", 0.5)
    (folder / "model.safetensors").rename(folder / "spare.safetensors")


def rename_a_file(folder):
    stored(folder, "a.safetensors", 0.5)
    yield
    (folder / "model.safetensors").rename(folder / "z.safetensors")
    (folder / "a.safetensors").rename(folder / "model.safetensors")


def uncover_a_bin(folder):
    stored(folder, "pytorch_model.bin", 0.5)
    yield
    (folder / "model.safetensors").rename(folder / "spare.safetensors")


def painted(folder):
    hidden = torch.arange(16).expand(1, -1) >= 8
    return load_model(folder).paint(torch.full((1, 1, 16, 16), 0.5), hidden)


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


@pytest.mark.parametrize(
    "choice", [choose_another_shard, change_a_bin, rename_a_file, uncover_a_bin]
)
def test_a_file_that_makes_the_library_load_other_weights_gives_another_fingerprint(copy, choice):
    folder = copy("mae")
    changing = choice(folder)
    next(changing)
    before, image = fingerprint(folder), painted(folder)
    next(changing, None)
    assert not torch.equal(painted(folder), image)
    assert fingerprint(folder) != before


def test_a_part_that_is_a_link_counts_as_if_it_lay_there(copy, tmp_path):
    folder = copy("vqgan")
    before = fingerprint(folder)
    (folder / "transformer").rename(tmp_path / "elsewhere")
    (folder / "transformer").symlink_to(tmp_path / "elsewhere")
    assert fingerprint(folder) == before
    save_model(tiny_vqgan(1), tmp_path / "other", {})
    (folder / "transformer").unlink()
    (folder / "transformer").symlink_to(tmp_path / "other" / "transformer")
    assert fingerprint(folder) != before


def test_a_link_to_the_folder_around_it_is_refused(copy):
    folder = copy("mae")
    (folder / "again").symlink_to(folder)
    with pytest.raises(CheckpointError, match="again is a link to a folder that it lies in"):
        fingerprint(folder)


@pytest.mark.parametrize(
    "shard", ["../one.safetensors", "weights.dat", 5, ["one.safetensors"], "/one.safetensors"]
)
def test_an_index_that_names_no_weights_beside_it_is_refused(copy, shard):
    folder = copy("mae")
    point(folder, shard)
    with pytest.raises(CheckpointError, match="which is no file of weights beside it"):
        fingerprint(folder)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"weight_map": []}'])
def test_an_index_that_is_damaged_is_refused(copy, content):
    folder = copy("mae")
    (folder / "model.safetensors.index.json").write_text(content)
    with pytest.raises(CheckpointError, match="index.json"):
        fingerprint(folder)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("model", "639e635633577e9c7ac63e659f906d6ecb40e63a61fe844a2675761fc72ad90e"),
        ("vqgan", "51d7768fe372b629626b575c47619de972b3ffbf2b0ea6ff6be1c453fe84c548"),
        ("diffusion", "f8d290cb2a72dcd8b5f9ca4cf4c9dab8b1d2c054ba6ff48cedaeb4a949afa7ce"),
    ],
)
def test_a_folder_of_one_file_a_network_is_known_by_its_tensors_alone(name, wanted):
    assert hash_tensors(DEMO / name) == wanted


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
