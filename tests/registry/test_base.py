from pathlib import Path

import pytest
import torch

from efface.errors import CheckpointError, InputError
from efface.models.checkpoint import fingerprint, load_model, save_model
from efface.registry import download_in_service, find_in_service, import_base
from efface.registry.connection import connected
from efface.registry.packing import log_painter
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae, tiny_vqgan


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_model(tiny_mae(), tmp_path / "model", {})
    return tmp_path / "model"


def change_settings(folder: Path) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text(path.read_text().replace("0.5", "0.4"))


def test_an_imported_model_comes_back_from_the_registry_unchanged(model, registry, tmp_path):
    imported = import_base(model, name="demo", registry=registry)
    found = download_in_service("models:/demo@champion", registry, tmp_path / "back")
    assert found["fingerprint"] == imported["fingerprint"] == fingerprint(tmp_path / "back")
    assert found["version"] == imported["version"] == "1"


def test_a_model_of_several_networks_comes_back_whole_and_names_diffusers(registry, tmp_path):
    save_model(tiny_vqgan(), tmp_path / "model", {})
    imported = import_base(tmp_path / "model", name="demo", registry=registry)
    download_in_service("models:/demo@champion", registry, tmp_path / "back")
    assert fingerprint(tmp_path / "back") == imported["fingerprint"]
    assert load_model(tmp_path / "back").family == "vqgan"
    (packed,) = tmp_path.glob("mlflow-artifacts/models/*/artifacts/requirements.txt")
    assert "diffusers==" in packed.read_text()


@pytest.mark.parametrize("name", ["@champion", "a\nb", "models:/demo", " demo"])
def test_a_name_that_nobody_could_ask_for_is_refused_before_mlflow_is_asked(model, name):
    with pytest.raises(InputError, match="cannot be registered: use 1 to 250 letters"):
        import_base(model, name=name, registry="http://127.0.0.1:9")


def test_a_name_of_other_letters_is_found_again(model, registry):
    import_base(model, name="d\u00e9mo v1.2", registry=registry)
    assert (
        find_in_service("models:/d\u00e9mo v1.2@champion", registry) == "models:/d\u00e9mo v1.2/1"
    )


def test_a_name_alone_means_the_model_in_service(model, registry, tmp_path):
    import_base(model, name="demo", registry=registry)
    assert download_in_service("demo", registry, tmp_path / "back")["uri"] == "models:/demo/1"


def test_importing_the_same_weights_again_makes_no_second_version(model, registry):
    first = import_base(model, name="demo", registry=registry)
    again = import_base(model, name="demo", registry=registry)
    assert (first["created"], again["created"]) == (True, False)
    assert again["version"] == first["version"]


def test_importing_old_weights_again_does_not_put_them_back_into_service_whatever_their_settings(
    model, registry, tmp_path
):
    import_base(model, name="demo", registry=registry)
    save_model(tiny_mae(1), tmp_path / "newer", {})
    import_base(tmp_path / "newer", name="demo", registry=registry)
    assert import_base(model, name="demo", registry=registry)["champion"] == "2"
    change_settings(model)
    again = import_base(model, name="demo", registry=registry)
    assert (again["created"], again["version"], again["champion"]) == (True, "3", "2")


def test_other_settings_of_the_weights_in_service_are_a_version_that_takes_their_place(
    model, registry, tmp_path
):
    import_base(model, name="demo", registry=registry)
    change_settings(model)
    again = import_base(model, name="demo", registry=registry)
    assert (again["created"], again["version"], again["champion"]) == (True, "2", "2")
    assert download_in_service("demo", registry, tmp_path / "back")["fingerprint"] == fingerprint(
        tmp_path / "back"
    )


def test_a_version_whose_tag_covers_its_weights_alone_is_still_read(model, registry, tmp_path):
    from efface.models.stored_tensors import hash_tensors

    import_base(model, name="demo", registry=registry)
    with connected(registry) as client:
        client.delete_model_version_tag("demo", "1", "weights_fingerprint")
        client.set_model_version_tag("demo", "1", "model_fingerprint", hash_tensors(model))
    found = download_in_service("demo", registry, tmp_path / "back")
    assert found["fingerprint"] == fingerprint(tmp_path / "back")


def test_a_folder_that_is_no_model_is_refused_before_mlflow_is_asked(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        import_base(tmp_path / "nothing", name="demo", registry="http://127.0.0.1:9")


def test_a_model_that_paints_no_numbers_is_refused_before_mlflow_is_asked(tmp_path):
    broken = tiny_mae()
    with torch.no_grad():
        broken.network.decoder.decoder_pred.bias[0] = float("nan")
    broken.save(tmp_path / "model")
    with pytest.raises(CheckpointError, match="such as decoder.decoder_pred.bias: take the weig"):
        import_base(tmp_path / "model", name="demo", registry="http://127.0.0.1:9")


@pytest.mark.parametrize("wanted", ["absent", "models:/demo@absent", "models:/demo/7"])
def test_an_unknown_model_alias_or_version_is_named(wanted, model, registry, tmp_path):
    import_base(model, name="demo", registry=registry)
    with pytest.raises(InputError, match="is not in the registry"):
        download_in_service(wanted, registry, tmp_path / "back")
    with pytest.raises(InputError, match="is not in the registry"):
        find_in_service(wanted, registry)
    assert find_in_service("demo", registry) == "models:/demo/1"


def test_a_stored_model_that_was_changed_is_refused_and_leaves_nothing(model, registry, tmp_path):
    import_base(model, name="demo", registry=registry)
    (stored,) = tmp_path.glob("mlflow-artifacts/models/*/artifacts/artifacts/*/model.safetensors")
    whole = stored.read_bytes()
    stored.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="was changed"):
        download_in_service("demo", registry, tmp_path / "back")
    stored.write_bytes(whole)
    change_settings(stored.parent)
    with pytest.raises(CheckpointError, match="was changed"):
        download_in_service("demo", registry, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_weights_in_another_format_are_registered_as_safetensors(model, registry, tmp_path):
    from safetensors.torch import load_file

    wanted = fingerprint(model)
    torch.save(load_file(model / "model.safetensors"), model / "pytorch_model.bin")
    (model / "model.safetensors").unlink()
    (model / "efface.json").unlink()
    assert import_base(model, name="demo", registry=registry)["fingerprint"] == wanted
    assert download_in_service("demo", registry, tmp_path / "back")["fingerprint"] == wanted


def test_shards_are_registered_whole(model, registry, tmp_path):
    wanted = fingerprint(model)
    (model / "model.safetensors").unlink()
    tiny_mae().network.save_pretrained(model, max_shard_size="20KB")
    assert len(list(model.glob("*.safetensors"))) > 1
    assert import_base(model, name="demo", registry=registry)["fingerprint"] == wanted


def test_a_model_with_weights_that_are_not_published_is_not_packed(model):
    (model / "pytorch_model.bin").write_bytes(b"other weights")
    with pytest.raises(CheckpointError, match="keep safetensors alone in it"):
        log_painter(model, mask="centre:2x2", metadata={})


def test_only_configuration_and_safetensors_are_published(model, registry, tmp_path):
    (model / "optimizer.pt").write_bytes(b"moments")
    import_base(model, name="demo", registry=registry)
    (published,) = tmp_path.glob("mlflow-artifacts/models/*/artifacts/artifacts/checkpoint")
    assert {path.suffix for path in published.iterdir()} == {".json", ".safetensors"}


def test_requirements_are_pinned_to_versions_that_an_index_has(model, registry, tmp_path):
    import_base(model, name="demo", registry=registry)
    (packed,) = tmp_path.glob("mlflow-artifacts/models/*/artifacts")
    requirements = (packed / "requirements.txt").read_text().split()
    assert all("==" in line and "+" not in line for line in requirements)
    assert {line.split("==")[0] for line in requirements} >= {"torch", "transformers", "mlflow"}


def test_the_run_of_an_import_is_in_the_experiment_of_the_model(model, registry):
    import_base(model, name="demo", registry=registry)
    with connected(registry) as client:
        experiment = client.get_experiment_by_name("efface/demo")
        assert len(client.search_runs([experiment.experiment_id])) == 1


@pytest.mark.parametrize("make", [tiny_diffusion, tiny_latent])
def test_a_diffusers_pipeline_comes_back_from_the_registry_whole(make, registry, tmp_path):
    save_model(make(), tmp_path / "model", {})
    imported = import_base(tmp_path / "model", name="demo", registry=registry)
    found = download_in_service("demo", registry, tmp_path / "back")
    assert found["fingerprint"] == imported["fingerprint"]
    assert fingerprint(tmp_path / "back") == fingerprint(tmp_path / "model")
    assert load_model(tmp_path / "back").family == "diffusion"
    (packed,) = tmp_path.glob("mlflow-artifacts/models/*/artifacts")
    assert "diffusers==" in (packed / "requirements.txt").read_text()
