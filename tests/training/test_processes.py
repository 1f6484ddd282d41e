"""Real processes: torchrun over gloo, what a failure of one of them says."""

import pytest

from efface.errors import ConfigError, DataError
from efface.models.checkpoint import load_model, read_record
from efface.steps import unlearn
from tests.steps.unlearn_run import QUICK, write_unlearn_run

TOLERANCE = 5e-4
"""Distance of two models over the distance they moved."""


@pytest.fixture
def given(tmp_path):
    return write_unlearn_run(tmp_path)


def distance(first, second):
    one, other = (load_model(folder).module.state_dict() for folder in (first, second))
    return sum(float((one[name] - other[name]).square().sum()) for name in one) ** 0.5


def test_the_step_gives_the_model_of_one_process_with_two(given, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    found = {}
    for folder, processes in ((one, 1), (two, 2)):
        method = {**QUICK, "batch_size": 5, "processes": processes}
        changes = {"run_id": folder.name, "after": folder, "method": method}
        found[processes] = unlearn.run(**{**given, **changes})
    assert distance(one, two) < TOLERANCE * distance(one, given["before"])
    assert found[2] == pytest.approx(found[1], rel=1e-3)
    records = [read_record(folder)["lineage"] for folder in (one, two)]
    assert records[0]["settings"] == records[1]["settings"]


@pytest.mark.slow
def test_what_one_of_two_processes_refuses_ends_the_step_with_its_message(given):
    shard = next((given["sets"] / "retain").rglob("*.tar"))
    content = bytearray(shard.read_bytes())
    content[540] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(DataError):
        unlearn.run(**{**given, "method": {**QUICK, "processes": 2}})
    assert not given["after"].exists()


def test_a_batch_with_fewer_images_than_processes_is_refused(given):
    with pytest.raises(ConfigError, match="batch_size is 4, and 5 processes share"):
        unlearn.run(**{**given, "method": {**QUICK, "processes": 5}})
