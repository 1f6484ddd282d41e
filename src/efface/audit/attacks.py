"""The attacks by name, and the audit that runs those that a policy asks for."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from efface.audit.detector import detector
from efface.audit.embedding_probe import embedding_probe
from efface.audit.encoder_swap import encoder_swap
from efface.audit.fine_tuning import Effort
from efface.audit.mask_sweep import mask_sweep
from efface.audit.membership import membership
from efface.audit.record import AttackResult
from efface.audit.relearning import relearning
from efface.audit.settings import AuditSettings
from efface.audit.view import Pictures, View
from efface.models.protocol import ImageToImageModel
from efface.progress import track

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is attacked."""

    before: ImageToImageModel
    """The model in service."""
    after: ImageToImageModel
    """The unlearned model; no attack changes it."""
    sets: Mapping[str, Pictures]
    """forget, control, retain and holdout."""
    view: View
    masks: list[str]
    """Masks that were never trained on."""
    settings: AuditSettings

    @property
    def effort(self) -> Effort:
        """Of the fine-tuning attacker."""
        given = self.settings
        return Effort(
            images=given.relearn_images,
            steps=given.relearn_steps,
            rate=given.relearn_rate,
            repeats=given.relearn_repeats,
            tolerance=given.relearn_tolerance,
        )


RUN: dict[str, Callable[[Target], AttackResult]] = {
    "mask-sweep": lambda t: mask_sweep(
        t.before,
        t.after,
        t.sets["forget"],
        t.view,
        masks=t.masks,
        jpeg=t.settings.jpeg,
        shifts=t.settings.shifts,
    ),
    "encoder-swap": lambda t: encoder_swap(t.before, t.after, t.sets["forget"], t.view),
    "membership": lambda t: membership(t.before, t.after, t.sets, t.view),
    "detector": lambda t: detector(t.before, t.after, t.sets["forget"], t.sets["control"], t.view),
    "embedding-probe": lambda t: embedding_probe(t.before, t.after, t.sets, t.view),
    "relearning": lambda t: relearning(t.before, t.after, t.sets, t.view, t.effort),
}
"""One for each name in ``efface.audit.settings.ATTACKS``, in that order."""


def run_attacks(target: Target) -> list[AttackResult]:
    """Run the attacks that the settings name."""
    names = [name for name in RUN if name in target.settings.attacks]
    results = []
    with track("attacks", len(names)) as progress:
        for name in names:
            results.append(RUN[name](target))
            log.info("attack=%s findings=%d", name, len(results[-1].findings))
            progress.advance(1)
    return results
