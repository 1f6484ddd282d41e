"""The rules, by the name they have in a policy."""

from efface.gate.rules.altered_queries import altered_queries
from efface.gate.rules.audited import RiseSettings
from efface.gate.rules.detector import DetectorSettings, detector
from efface.gate.rules.embedding_probe import EmbeddingProbeSettings, embedding_probe
from efface.gate.rules.encoder_swap import encoder_swap
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
from efface.gate.rules.membership import MembershipSettings, membership
from efface.gate.rules.relearning import RelearningSettings, relearning
from efface.gate.rules.retain_fid import RetainFidSettings, retain_fid
from efface.gate.rules.rule import Answer, Rule

__all__ = ["MAIN_RULES", "NEEDED_ATTACKS", "RULES", "Answer", "Rule"]

RULES = {
    "forget-distance-rises": Rule(judge=forget_distance_rises, settings=ForgettingSettings),
    "retain-fid": Rule(
        judge=retain_fid,
        settings=RetainFidSettings,
        least_images=lambda asked: {asked.set: asked.minimum_images},
    ),
    "retain-distance": Rule(
        judge=retain_distance,
        settings=RetainDistanceSettings,
        least_images=lambda asked: {asked.set: asked.minimum_images},
    ),
    "neighbours-distance": Rule(
        judge=neighbours_distance,
        settings=KeepingSettings,
        least_images=lambda asked: {"neighbours": asked.minimum_images},
    ),
    "sample-counts": Rule(
        judge=sample_counts,
        settings=SampleCountSettings,
        least_images=lambda asked: asked.minimum,
    ),
    "hygiene": Rule(judge=hygiene, settings=HygieneSettings),
    "held-out-masks": Rule(judge=held_out_masks, settings=HeldOutSettings),
    "altered-queries": Rule(judge=altered_queries, settings=RiseSettings, attack="mask-sweep"),
    "relearning": Rule(judge=relearning, settings=RelearningSettings, attack="relearning"),
    "membership": Rule(judge=membership, settings=MembershipSettings, attack="membership"),
    "detector": Rule(judge=detector, settings=DetectorSettings, attack="detector"),
    "embedding-probe": Rule(
        judge=embedding_probe, settings=EmbeddingProbeSettings, attack="embedding-probe"
    ),
    "encoder-swap": Rule(judge=encoder_swap, settings=RiseSettings, attack="encoder-swap"),
}
MAIN_RULES = ("forget-distance-rises", "retain-fid")
"""In every policy, and they always block."""
NEEDED_ATTACKS = {name: rule.attack for name, rule in RULES.items() if rule.attack}
"""Rules that look at the audit, and the attack that must have been run for them."""
