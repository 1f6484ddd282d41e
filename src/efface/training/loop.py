"""The unlearning loop: the encoder moves, the decoder does not, a kill costs seconds.

There is no decoder in the step of a method that works on features, no teacher (its targets are
cached), no ``.item()`` in a step.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from efface.errors import PreemptedError, TrainingError
from efface.models.protocol import ImageToImageModel
from efface.progress import track
from efface.storage import Store
from efface.training.batches import draw_batch
from efface.training.bound import forget_losses, warn_if_missed
from efface.training.gradient import joined_gradient, weighted_gradient
from efface.training.objective import Objective
from efface.training.preemption import listening
from efface.training.saliency import Saliency, find_saliency
from efface.training.schedule import cooldown_steps, latest_cooldown, learning_rate
from efface.training.state import TrainingState, load_state, save_state

log = logging.getLogger(__name__)

CHECK_EVERY = 10
"""Steps between looks for NaN; a saved state has always been looked at first."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended."""

    steps: int
    """Optimiser steps taken in all."""
    resumed_from: int
    """Step the run was taken up at; 0 for a fresh one."""
    stopped_early: bool
    """Whether the gate's own statistics ended it."""
    retain_loss: float
    forget_loss: float


def unlearn(
    student: ImageToImageModel,
    objective: Objective,
    *,
    store: Store,
    identity: str,
    is_enough: Callable[[], bool],
) -> Outcome:
    """Train the encoder of ``student`` in place.

    Args:
        student: starts as a copy of the model in service, on the objective's device.
        objective: the two losses, and the settings of optimiser and schedule.
        store: where the training state is kept.
        identity: hash of everything the run depends on.
        is_enough: asked every ``probe_every`` steps whether the gate's own statistics pass; of
            several processes, the first one's answer holds.

    Raises:
        TrainingError: a loss or a weight is not finite; the last state that was saved stays.
        PreemptedError: SIGTERM came; the state is saved.
    """
    group = objective.group
    run = _Run(student, objective, store, identity)
    losses = torch.zeros(2)
    student.module.train()
    with track("unlearn", run.last_step, shown=group.first) as progress, listening(group) as stop:
        progress.advance(run.step)
        while run.step < run.last_step:
            if stop.asked():
                run.leave(losses)
            draw = draw_batch(objective.plan, run.step)
            retain, forget = objective.losses(student, draw)
            run.move(retain, forget, draw.mask)
            losses = torch.stack([retain.detach(), forget.detach()])
            progress.advance()
            if run.step % CHECK_EVERY == 0 or run.step == run.last_step:
                losses = group.total(losses)
                run.need_finite(losses)
                run.save_when_due()
            if run.may_stop() and group.decided(group.first and is_enough()):
                run.begin_cooldown()
    student.module.eval()
    run.end(student)
    return run.outcome(losses)


class _Run:
    """Optimiser, schedule and saved state of one run."""

    def __init__(
        self, student: ImageToImageModel, objective: Objective, store: Store, identity: str
    ) -> None:
        settings = objective.settings
        self.objective, self.settings, self.group = objective, settings, objective.group
        self.store, self.identity = store, identity
        self.encoder = dict(student.encoder_parameters())
        student.module.requires_grad_(False)
        for parameter in self.encoder.values():
            parameter.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(
            self.encoder.values(),
            lr=0.0,
            betas=(0.9, settings.beta2),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.step, self.cooldown_from = 0, latest_cooldown(settings)
        self.kept = 0
        self._look_at_start(student)
        if found := load_state(store, identity):
            self._restore(found)
        self.resumed_from, self.saved_at = self.step, time.monotonic()

    @property
    def last_step(self) -> int:
        return self.cooldown_from + cooldown_steps(self.settings)

    def _look_at_start(self, student: ImageToImageModel) -> None:
        """Find what is taken from the model in service, before a saved state replaces it."""
        self.bound_M: Tensor | None = None
        self.saliency: Saliency | None = None
        student.module.eval()
        if self.objective.method.direction:
            started = forget_losses(self.objective, student)
            self.bound_M = self.settings.forget_bound * started
        if self.settings.saliency < 1:
            parameters = list(self.encoder.values())
            self.saliency = find_saliency(
                self.objective, student, parameters, self.settings.saliency
            )

    def move(self, retain: Tensor, forget: Tensor, entry: int) -> None:
        """Take one optimiser step, on losses under an entry of the bank."""
        rate = learning_rate(self.settings, self.step, self.cooldown_from)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        parameters = list(self.encoder.values())
        direction = self.objective.method.direction
        if direction and self.bound_M is not None:
            movable = self.saliency.movable if self.saliency else None
            bound = self.bound_M[entry]
            joined_gradient(retain, forget, bound, direction, parameters, movable, self.group)
        else:
            weighted_gradient(retain, forget, self.settings.alpha, parameters, self.group)
        if self.saliency:
            self.saliency.mask_gradients()
        if self.settings.clip:
            torch.nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        self.optimizer.step()
        if self.saliency:
            self.saliency.put_back()
        self.step += 1

    def may_stop(self) -> bool:
        every = self.settings.probe_every
        return bool(every) and self.step % every == 0 and self.step < self.cooldown_from

    def begin_cooldown(self) -> None:
        log.info("stopping=early step=%d reason=gate-statistics-pass", self.step)
        self.cooldown_from = self.step
        self.save()

    def save_when_due(self) -> None:
        """Save at the first look, then every ``save_every`` seconds; a run that ends needs none."""
        due = not self.kept or time.monotonic() - self.saved_at >= self.settings.save_every
        if self.step < self.last_step and self.group.decided(due):
            self.save()

    def need_finite(self, losses: Tensor) -> None:
        """Look at the losses.

        Raises:
            TrainingError: one is not finite.
        """
        if not bool(losses.isfinite().all()):
            raise TrainingError(_broke_down("the loss", self.step, self.kept))

    def leave(self, losses: Tensor) -> None:
        """Save and give up the place.

        Raises:
            PreemptedError: always.
            TrainingError: the losses of the last step, or a weight, are not finite.
        """
        self.need_finite(self.group.total(losses))
        self.save()
        self.group.wait()
        raise PreemptedError(
            f"asked to stop after step {self.step} of {self.last_step}; the training state is "
            "saved: run again under the same run id to go on from there"
        )

    def end(self, student: ImageToImageModel) -> None:
        """Look once more at what the run leaves.

        Raises:
            TrainingError: a weight is not finite.
        """
        self._finite_encoder()
        if self.bound_M is not None:
            warn_if_missed(forget_losses(self.objective, student), self.bound_M)

    def _finite_encoder(self) -> dict[str, Tensor]:
        encoder = {name: p.detach().cpu() for name, p in self.encoder.items()}
        if not all(bool(tensor.isfinite().all()) for tensor in encoder.values()):
            raise TrainingError(_broke_down("a weight", self.step, self.kept))
        return encoder

    def save(self) -> None:
        encoder = self._finite_encoder()
        self.kept, self.saved_at = self.step, time.monotonic()
        if not self.group.first:
            return
        state = TrainingState(
            identity=self.identity,
            step=self.step,
            cooldown_from=self.cooldown_from,
            encoder=encoder,
            optimizer=self.optimizer.state_dict(),
        )
        save_state(self.store, state)

    def outcome(self, losses: Tensor) -> Outcome:
        retain, forget = losses.detach().tolist()
        return Outcome(
            steps=self.step,
            resumed_from=self.resumed_from,
            stopped_early=self.cooldown_from < latest_cooldown(self.settings),
            retain_loss=retain,
            forget_loss=forget,
        )

    def _restore(self, found: TrainingState) -> None:
        log.info("resume=yes step=%d", found.step)
        with torch.no_grad():
            for name, parameter in self.encoder.items():
                parameter.copy_(found.encoder[name])
        self.optimizer.load_state_dict(found.optimizer)
        self.step, self.cooldown_from = found.step, found.cooldown_from
        self.kept = found.step


def _broke_down(what: str, step: int, kept: int) -> str:
    state = f"the state of step {kept} is kept until the run is settled" if kept else "none is kept"
    return (
        f"training broke down at step {step}: {what} is not finite; {state}; the model in service "
        "is untouched; the same settings break down again: lower learning_rate or alpha, run anew"
    )
