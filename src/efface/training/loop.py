"""The unlearning loop: the encoder moves, the decoder does not, a kill costs seconds.

There is no decoder in the step of a method that works on features, no teacher (its targets are
cached), no ``.item()`` in a step. Names: B batch, C channels, H/W pixels, N patches, T visible
tokens, K width of a feature.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from efface.errors import TrainingError
from efface.methods import Half, Method
from efface.models.protocol import ImageToImageModel
from efface.progress import track
from efface.storage import Store
from efface.training.batches import Plan, draw_batch
from efface.training.device import autocast
from efface.training.schedule import cooldown_steps, latest_cooldown, learning_rate
from efface.training.settings import TrainingSettings
from efface.training.state import TrainingState, load_state, save_state
from efface.training.targets import Targets

log = logging.getLogger(__name__)

CHECK_EVERY = 10
"""Steps between looks for NaN; a saved state has always been looked at first."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """The two sets, as the model's ``prepare`` made them."""

    retain: Tensor
    forget: Tensor


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
    images: Images,
    plan: Plan,
    targets: Targets | None,
    method: Method,
    settings: TrainingSettings,
    *,
    store: Store,
    identity: str,
    is_enough: Callable[[], bool],
    device: torch.device,
) -> Outcome:
    """Train the encoder of ``student`` in place.

    Args:
        student: starts as a copy of the model in service.
        images: retain and forget images.
        plan: what batches are drawn from.
        targets: teacher features; None for a method that uses none.
        method: the two losses.
        settings: optimiser and schedule.
        store: where the training state is kept.
        identity: hash of everything the run depends on.
        is_enough: asked every ``probe_every`` steps whether the gate's own statistics pass.
        device: where to compute.

    Raises:
        TrainingError: the loss is not finite; the last finite state stays saved.
    """
    run = _Run(student, settings, store, identity)
    losses = torch.zeros(2, device=device)
    assert method.loss is not None
    student.module.train()
    with track("unlearn", run.last_step) as progress:
        progress.advance(run.step)
        while run.step < run.last_step:
            retain, forget = _halves(images, plan, targets, run.step, device)
            with autocast(device, settings.precision):
                losses = torch.stack(method.loss(student, retain, forget))
            run.move(losses[0] + settings.alpha * losses[1])
            progress.advance()
            if run.step % CHECK_EVERY == 0 or run.step == run.last_step:
                _need_finite(losses, run.step)
                run.save_when_due()
            if run.may_stop() and is_enough():
                run.begin_cooldown()
    student.module.eval()
    return run.outcome(losses)


class _Run:
    """Optimiser, schedule and saved state of one run."""

    def __init__(
        self, student: ImageToImageModel, settings: TrainingSettings, store: Store, identity: str
    ) -> None:
        self.settings, self.store, self.identity = settings, store, identity
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
        if found := load_state(store, identity):
            self._restore(found)
        self.resumed_from, self.saved_at = self.step, time.monotonic()

    @property
    def last_step(self) -> int:
        return self.cooldown_from + cooldown_steps(self.settings)

    def move(self, loss: Tensor) -> None:
        rate = learning_rate(self.settings, self.step, self.cooldown_from)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped
        if self.settings.clip:
            torch.nn.utils.clip_grad_norm_(list(self.encoder.values()), self.settings.clip)
        self.optimizer.step()
        self.step += 1

    def may_stop(self) -> bool:
        every = self.settings.probe_every
        return bool(every) and self.step % every == 0 and self.step < self.cooldown_from

    def begin_cooldown(self) -> None:
        log.info("stopping=early step=%d reason=gate-statistics-pass", self.step)
        self.cooldown_from = self.step
        self.save()

    def save_when_due(self) -> None:
        if time.monotonic() - self.saved_at >= self.settings.save_every:
            self.save()

    def save(self) -> None:
        encoder = {name: p.detach().cpu() for name, p in self.encoder.items()}
        if not all(bool(tensor.isfinite().all()) for tensor in encoder.values()):
            raise TrainingError(_diverged(self.step))
        state = TrainingState(
            identity=self.identity,
            step=self.step,
            cooldown_from=self.cooldown_from,
            encoder=encoder,
            optimizer=self.optimizer.state_dict(),
        )
        save_state(self.store, state)
        self.saved_at = time.monotonic()

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


def _halves(
    images: Images, plan: Plan, targets: Targets | None, step: int, device: torch.device
) -> tuple[Half, Half]:
    draw = draw_batch(plan, step)
    hidden = plan.bank.hidden_MN[draw.mask].to(device).expand(plan.batch_size, -1)
    to_retain = targets.of_retain(draw).to(device) if targets else None
    to_noise = targets.noise[draw.mask].to(device) if targets else None
    if to_noise is not None:
        to_noise = to_noise.expand(plan.batch_size, -1, -1)
    return (
        Half(
            given=images.retain[draw.retain].to(device),
            hidden_BN=hidden,
            seed_B=draw.retain_seed,
            targets_BTK=to_retain,
        ),
        Half(
            given=images.forget[draw.forget].to(device),
            hidden_BN=hidden,
            seed_B=draw.forget_seed,
            targets_BTK=to_noise,
        ),
    )


def _need_finite(losses: Tensor, step: int) -> None:
    if not bool(losses.isfinite().all()):
        raise TrainingError(_diverged(step))


def _diverged(step: int) -> str:
    return (
        f"training broke down at step {step}: the loss is not finite; the last good state is kept; "
        "lower learning_rate or alpha and run again"
    )
