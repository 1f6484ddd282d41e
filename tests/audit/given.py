"""Tiny models, pictures and a view for attacks; and audits whose truth is known."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from efface.audit.record import AttackResult, Audit, Finding, to_finding
from efface.audit.relearning import CASES
from efface.audit.settings import AuditSettings
from efface.audit.view import Pictures, View
from efface.gate.rules.embedding_probe import CASES as PROBED
from efface.metrics.extractors.small_cnn import SmallCnnExtractor
from efface.metrics.intervals import clustered_mean
from efface.models.mae import MaskedAutoencoder
from tests.tiny import tiny_images, tiny_mae
from tests.tiny_evaluation import tiny_network


def tiny_view() -> View:
    extractor = SmallCnnExtractor(tiny_network("tower"), "sha-tower")
    return View(mask="centre:2x2", extractor=extractor, seed=0)


def pictures(count: int, seed: int = 0, subjects: int = 6) -> Pictures:
    """Random images, shared out to subjects."""
    names = [f"subject-{seed}-{number % subjects}" for number in range(count)]
    return Pictures(images_NCHW=tiny_images(count, seed), subjects=names)


def smooth(count: int, seed: int = 0, subjects: int = 6) -> Pictures:
    """Slopes of random direction, which a model can learn."""
    random = torch.Generator().manual_seed(seed)
    tilt = torch.randn((count, 2, 1, 1), generator=random)
    y, x = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="ij")
    pixels: Tensor = (tilt[:, 0] * y + tilt[:, 1] * x).sigmoid() * 255
    names = [f"subject-{seed}-{number % subjects}" for number in range(count)]
    return Pictures(images_NCHW=pixels.to(torch.uint8)[:, None], subjects=names)


def four_sets(count: int = 12) -> dict[str, Pictures]:
    names = ("forget", "control", "retain", "holdout")
    return {name: pictures(count, seed) for seed, name in enumerate(names)}


def models() -> tuple[MaskedAutoencoder, MaskedAutoencoder]:
    """Before, and after with another encoder under the same decoder."""
    before, other = tiny_mae(0).eval(), tiny_mae(1).eval()
    after = tiny_mae(0).eval()
    weights = dict(other.encoder_parameters())
    with torch.no_grad():
        for name, parameter in after.encoder_parameters():
            parameter.copy_(weights[name])
    for model in (before, after):
        for parameter in model.module.parameters():
            if parameter.dim() == 2:  # random weights hardly see a difference between images
                parameter.data.mul_(12)
        model.module.requires_grad_(False)
    return before, after


def by_case(result: AttackResult) -> dict[str, Finding]:
    return {finding.case: finding for finding in result.findings}


def share(case: str, unit: str, value: float, low: float, high: float) -> Finding:
    """An AUC or a share with the interval of a bootstrap, on 160 images."""
    return Finding(
        case=case, unit=unit, value=value, low=low, high=high, n=160, clusters=16,
        standard_error=(high - low) / 4,
    )  # fmt: skip


def good_audit(settings: AuditSettings, recipe: dict[str, Any], **fields: Any) -> Audit:
    """An audit that every rule passes: rises of about .3; 20 steps against 10; AUCs about .5."""
    random = np.random.default_rng(0)
    subjects = [f"subject-{number % 8}" for number in range(80)]
    queries = settings.swept_queries(["centre:4x4"], ["outpaint:6x6"])
    rises = [
        to_finding(query, "1 - cosine", clustered_mean(random.normal(0.3, 0.05, 80), subjects))
        for query in queries
    ]
    steps = {"forget": [18.0, 20.0, 22.0], "control": [9.0, 10.0, 11.0]}
    counts = [
        to_finding(case, "steps", clustered_mean(np.array(steps[case]), ["0", "1", "2"]))
        for case in CASES
        if case in steps
    ]
    found = {
        "mask-sweep": rises,
        "relearning": counts,
        "membership": [
            share("forget after, AUC", "AUC", 0.5, 0.43, 0.57),
            share("forget after, TPR at 1 % FPR", "share", 0.01, 0.0, 0.04),
        ],
        "detector": [
            share("before", "AUC", 0.55, 0.48, 0.6),
            share("after", "AUC", 0.57, 0.5, 0.63),
        ],
        "embedding-probe": [
            to_finding(
                case, "squared error", clustered_mean(random.normal(-0.01, 0.01, 160), subjects * 2)
            )
            for case in PROBED
        ],
        "encoder-swap": [replace(rises[0], case="original encoder")],
    }
    results = [
        AttackResult(attack=attack, seed=7, recipe=recipe, findings=findings)
        for attack, findings in found.items()
    ]
    given = {"before": "1" * 64, "after": "2" * 64, "sets": {}, "settings": asdict(settings)}
    return Audit(**{**given, "results": results, **fields})
