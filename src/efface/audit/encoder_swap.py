"""encoder-swap: put the original encoder into the unlearned model. Everything must come back.

Unlearning trains the encoder alone (Li et al. 2024), so whoever holds the original encoder holds
what was forgotten. That is why the promise is about the model that is served.
"""

import copy

import torch

from efface.audit.record import AttackResult, to_finding
from efface.audit.view import Pictures, View
from efface.metrics.intervals import clustered_mean
from efface.models.protocol import ImageToImageModel


def encoder_swap(
    before: ImageToImageModel, after: ImageToImageModel, forget: Pictures, view: View
) -> AttackResult:
    """How far the forget distance is above that before, as served and with the original encoder."""
    old_N = view.distances(forget.images_NCHW, before)
    models = {"as served": after, "original encoder": with_encoder(after, before)}
    findings = []
    for case, model in models.items():
        new_N = view.distances(forget.images_NCHW, model)
        note = f"{old_N.mean():.4g} before, {new_N.mean():.4g} now"
        rise = clustered_mean(new_N - old_N, forget.subjects)
        findings.append(to_finding(case, "1 - cosine", rise, note))
    return AttackResult(
        attack="encoder-swap", seed=view.seed, recipe=view.recipe, findings=findings
    )


@torch.no_grad()
def with_encoder(model: ImageToImageModel, source: ImageToImageModel) -> ImageToImageModel:
    """A copy of ``model`` with the encoder weights of ``source``."""
    swapped = copy.deepcopy(model)
    weights = dict(source.encoder_parameters())
    for name, parameter in swapped.encoder_parameters():
        parameter.copy_(weights[name])
    return swapped
