"""Models of the size people use, with random weights, through the unlearn step. Off by default.

    python -m pytest tests/models/test_true_size.py -m true_size -s

Making one, unlearning and comparing each have a process of their own, so that the peak memory
printed is their own. What was measured: docs/results/true-size.md. A model and its copies lie on
the disk for so long: up to 12 GiB.
"""

import resource
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import torch

from efface.models.checkpoint import compare, fingerprint, save_model
from efface.models.protocol import ImageToImageModel
from efface.models.stored_tensors import tensor_names
from efface.steps import unlearn
from tests.steps.unlearn_run import write_unlearn_run
from tests.true_size_models import mae_large, mage_base, stable_diffusion_inpainting

MOST_GIBIBYTES = 10
ONE_STEP = {"steps": 1, "warmup": 1, "batch_size": 1, "noise_images": 1, "probe_every": 0}
ONE_STEP |= {"precision": "float32"}


@dataclass(frozen=True)
class Measured:
    """What a process found, and what it took."""

    found: Any
    gibibytes: float
    """Most memory."""
    seconds: float
    """Of processor time, so that a busy machine takes no longer."""


def make_model(make: Callable[[], ImageToImageModel], folder: Path) -> tuple[int, int]:
    """Save a model; gives its number of weights and of tensors."""
    torch.manual_seed(0)
    model = make()
    save_model(model, folder, {})
    return sum(p.numel() for p in model.module.parameters()), len(model.module.state_dict())


def take_a_step(given: dict[str, Any]) -> dict[str, float]:
    """The unlearn step, on one thread."""
    torch.set_num_threads(1)
    return unlearn.run(**given)


def measured(work: Callable[..., Any], *given: Any) -> Measured:
    """Do something in this process, which does nothing else."""
    found = work(*given)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Measured(found, peak, time.process_time())


def apart(work: Callable[..., Any], *given: Any) -> Measured:
    """Do something in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, work, *given).result()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path)  # pytest would keep it


@pytest.mark.true_size
@pytest.mark.parametrize(
    ("make", "millions"),
    [(mae_large, 329.5), (mage_base, 211), (stable_diffusion_inpainting, 859.5 + 3)],
)
def test_a_model_of_true_size_is_unlearned_and_the_student_alone_is_saved(make, millions, folder):
    given = {**write_unlearn_run(folder), "method": ONE_STEP}
    shutil.rmtree(given["model"])
    weights, tensors = apart(make_model, make, Path(given["model"])).found
    trained = apart(take_a_step, given)
    compared = apart(compare, given["before"], given["after"])
    saved = sum(path.stat().st_size for path in given["after"].rglob("*.safetensors"))
    print(
        f"\n{make.__name__}: {weights / 1e6:.1f} M weights; unlearn {trained.gibibytes:.1f} GiB, "
        f"{trained.seconds:.0f} s; compare {compared.gibibytes:.1f} GiB, {compared.seconds:.0f} s; "
        f"{saved / 2**30:.2f} GiB saved"
    )
    assert weights / 1e6 == pytest.approx(millions, rel=0.01)
    assert trained.found["steps"] == 1
    assert fingerprint(given["before"]) != fingerprint(given["after"])
    assert not any(vars(compared.found).values())  # nothing but the encoder moved
    assert tensor_names(given["after"]) == tensor_names(Path(given["model"]))
    assert len(tensor_names(given["after"])) == tensors  # transformers may give them other names
    assert saved < weights * 4 * 1.01
    assert trained.gibibytes < MOST_GIBIBYTES
