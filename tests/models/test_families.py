import json

import pytest

from efface.errors import CheckpointError
from efface.models.families import index_of, load_family
from tests.tiny import tiny_diffusion, tiny_latent, tiny_mae, tiny_vqgan


@pytest.mark.parametrize("make", [tiny_mae, tiny_vqgan, tiny_diffusion, tiny_latent])
def test_a_folder_loads_as_the_family_that_wrote_it(make, tmp_path):
    made = make()
    made.save(tmp_path)
    assert load_family(tmp_path).family == made.family


def test_a_folder_of_several_networks_is_told_by_its_index(tmp_path):
    tiny_mae().save(tmp_path)
    (tmp_path / "model_index.json").write_text("{}")
    assert index_of(tmp_path).name == "model_index.json"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", {"model_type": "bert"}),
        ("config.json", {"model_type": ["vit_mae"]}),
        ("config.json", {}),
        ("model_index.json", {"_class_name": "StableDiffusionPipeline"}),
        ("model_index.json", {"_class_name": "vit_mae"}),
    ],
)
def test_an_unknown_architecture_names_the_known_ones(name, content, tmp_path):
    (tmp_path / name).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="is not supported: use one of vit_mae, EffaceToken"):
        load_family(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "model_index.json"])
@pytest.mark.parametrize(
    "content",
    [b"{", b"[1]", b"\xff", b'{"a":' * 100_000],
    ids=["cut", "list", "bytes", "deep"],
)
def test_an_index_that_is_no_json_object_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{name} is not a configuration in JSON"):
        load_family(tmp_path)


def test_a_folder_without_index_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no config\.json or model_index\.json"):
        load_family(tmp_path)
