"""All GPUs of this machine over nccl: ``pytest -m gpu tests/training/test_many_gpus.py``."""

import pytest
import torch

from efface.steps import unlearn
from tests.steps.unlearn_run import QUICK, write_unlearn_run
from tests.training.test_processes import distance

pytestmark = pytest.mark.gpu
TOLERANCE = 1e-2
"""Distance over the distance moved; bfloat16 off, matrix products of other shapes on a GPU."""


def test_all_gpus_give_the_model_of_one(tmp_path):
    given = write_unlearn_run(tmp_path)
    count = torch.cuda.device_count()
    assert count, "no GPU is visible"
    method = {**QUICK, "batch_size": 4 * count + 1, "precision": "float32"}
    for name, processes in (("one", 1), ("all", count)):
        changes = {"run_id": name, "after": tmp_path / name}
        unlearn.run(**{**given, **changes, "method": {**method, "processes": processes}})
    moved = distance(tmp_path / "one", given["before"])
    assert distance(tmp_path / "one", tmp_path / "all") < TOLERANCE * moved
