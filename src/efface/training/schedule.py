"""Learning rate: linear warm-up, hold, then a cosine to zero that starts when stopping is decided.

The fall begins at the latest ``cooldown * steps`` before the end. When the gate's own statistics
pass earlier, it begins there, and the run ends that much sooner.
"""

import math

from efface.training.settings import TrainingSettings


def cooldown_steps(settings: TrainingSettings) -> int:
    """Steps over which the rate falls."""
    return max(1, round(settings.cooldown * settings.steps))


def latest_cooldown(settings: TrainingSettings) -> int:
    """Step at which the rate begins to fall when nothing stops the run earlier."""
    return settings.steps - cooldown_steps(settings)


def learning_rate(settings: TrainingSettings, step: int, cooldown_from: int) -> float:
    """Rate of the optimiser step number ``step`` (from 0)."""
    rate = settings.learning_rate * min(1.0, (step + 1) / max(1, settings.warmup))
    if step < cooldown_from:
        return rate
    share = (step - cooldown_from + 1) / (cooldown_steps(settings) + 1)
    return rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
