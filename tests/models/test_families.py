import json

import pytest

from efface.errors import CheckpointError
from efface.models.families import load_family


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", '{"model_type": "bert"}', "architecture 'bert' .* use one of vit_mae"),
        ("config.json", "[]", "not a configuration in JSON"),
        (
            "model_index.json",
            '{"_class_name": "StableDiffusionPipeline"}',
            "pipeline 'StableDiffusionPipeline' .* EffacePixelInpainting, StableDiffusionInpaint",
        ),
        ("model_index.json", "{", "not a configuration in JSON"),
    ],
)
def test_what_no_family_reads_is_named_with_what_is_accepted(tmp_path, file, content, message):
    (tmp_path / file).write_text(content)
    with pytest.raises(CheckpointError, match=message):
        load_family(tmp_path)


def test_a_pipeline_is_told_by_its_index_even_beside_a_config(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit_mae"}))
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "Other"}))
    with pytest.raises(CheckpointError, match="pipeline 'Other'"):
        load_family(tmp_path)


def test_a_folder_of_neither_form_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"neither config\.json nor model_index\.json"):
        load_family(tmp_path)
