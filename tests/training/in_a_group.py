"""What each of several processes does in ``test_group``: train with every method, keep the weights.

torchrun -m tests.training.in_a_group FOLDER
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from efface.errors import TrainingError
from efface.methods import METHODS, Method
from efface.storage import open_store
from efface.training.group import ALONE, joined
from efface.training.loop import unlearn
from tests.tiny import tiny_latent, tiny_mae
from tests.training.tiny_training import make_objective, settings_for, weights

CASES = {
    "i2i": {},
    "i2i-noise": {"target": "noise"},
    "i2i-worst-share": {"worst_share": 0.5},
    "i2i-saliency": {"saliency": 0.5, "weight_decay": 0.1},
    "i2i-output": {},
    "i2i-controlled": {"forget_bound": 0.9, "worst_share": 0.5},
    "random-encoder": {},
    "noisy-label": {},
    "retain-label": {},
    "max-loss": {"alpha": 2.0},
}
"""Name -> settings; the method is the longest name of one that it begins with."""


def method_of(case):
    return max((name for name in METHODS if case.startswith(name)), key=len)


def train_case(folder, case, group=ALONE, make=tiny_mae, **changes):
    """Train a dozen steps on batches that do not divide evenly; give student and outcome."""
    name = method_of(case)
    settings = settings_for(name, steps=12, warmup=1, batch_size=7, **CASES[case], **changes)
    objective = make_objective(folder, settings, METHODS[name], make, group)
    student = make()
    outcome = unlearn(
        student, objective, store=open_store(str(folder)), identity=case,
        is_enough=lambda: group.first,
    )  # fmt: skip
    return student, outcome


def breaks_down(folder, group):
    """What the process says when a loss of the second process is not finite after step 15."""

    def breaks(model, retain, forget, calls=[0]):  # noqa: B006 the list counts calls on purpose
        calls[0] += 1
        first, second = METHODS["i2i"].loss(model, retain, forget)
        bad = group.rank == 1 and calls[0] > 15
        return first * (float("nan") if bad else 1.0), second

    settings = settings_for("i2i", steps=40, save_every=0.0)
    objective = make_objective(folder, settings, Method(loss=breaks, uses_targets=True))
    try:
        unlearn(
            tiny_mae(), replace(objective, group=group), store=open_store(str(folder)),
            identity="nan", is_enough=lambda: False,
        )  # fmt: skip
    except TrainingError as error:
        return str(error)
    return "no error"


def main(folder):
    with joined() as group:
        keep = {case: weights(train_case(folder / case, case, group)[0]) for case in CASES}
        latent = train_case(folder / "latent", "i2i", group, tiny_latent)[0]
        keep["latent"] = latent.module.state_dict()
        keep["early"] = train_case(folder / "early", "i2i", group, probe_every=2)[1].steps
        keep["nan"] = breaks_down(folder / "nan", group)
        torch.save(keep, folder / f"{group.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
