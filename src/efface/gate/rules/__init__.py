"""The rules, by the name they have in a policy."""

from efface.gate.rules.attacks import (
    AlteredQueriesSettings,
    RelearningSettings,
    altered_queries,
    relearning,
)
from efface.gate.rules.forgetting import (
    ForgettingSettings,
    HeldOutSettings,
    forget_distance_rises,
    held_out_masks,
)
from efface.gate.rules.form import HygieneSettings, SampleCountSettings, hygiene, sample_counts
from efface.gate.rules.keeping import (
    KeepingSettings,
    RetainDistanceSettings,
    neighbours_distance,
    retain_distance,
)
from efface.gate.rules.retain_fid import RetainFidSettings, retain_fid
from efface.gate.rules.rule import Answer, Rule

__all__ = ["MAIN_RULES", "NEEDED_ATTACKS", "RULES", "Answer", "Rule"]

RULES = {
    "forget-distance-rises": Rule(judge=forget_distance_rises, settings=ForgettingSettings),
    "retain-fid": Rule(judge=retain_fid, settings=RetainFidSettings),
    "retain-distance": Rule(judge=retain_distance, settings=RetainDistanceSettings),
    "neighbours-distance": Rule(judge=neighbours_distance, settings=KeepingSettings),
    "sample-counts": Rule(judge=sample_counts, settings=SampleCountSettings),
    "hygiene": Rule(judge=hygiene, settings=HygieneSettings),
    "held-out-masks": Rule(judge=held_out_masks, settings=HeldOutSettings),
    "altered-queries": Rule(judge=altered_queries, settings=AlteredQueriesSettings),
    "relearning": Rule(judge=relearning, settings=RelearningSettings),
}
MAIN_RULES = ("forget-distance-rises", "retain-fid")
"""In every policy, and they always block."""
NEEDED_ATTACKS = {"altered-queries": "mask-sweep", "relearning": "relearning"}
"""Rules that look at the audit, and the attack that must have been run for them."""
