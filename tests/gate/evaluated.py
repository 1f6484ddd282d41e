"""A report by the real evaluator, of made-up distances and features: all that a report holds.

Two tickets, one of which asks for a subject of the other too; two sets, two regions, every metric.
The policy asks for little of it, so that most scores are used by no rule.
"""

from dataclasses import replace

import numpy as np

from efface.audit.record import Audit
from efface.audit.settings import AuditSettings
from efface.evaluation.merging import merge_to_report
from efface.evaluation.report import Report
from efface.evaluation.statistics_file import FeatureStatistics, ShardStatistics, Side
from efface.gate.policy import Masks, Policy
from efface.metrics.extractor_kinds import extractor_recipe
from efface.metrics.gaussian import features_to_moments
from efface.metrics.inception_score import probabilities_to_sums
from efface.metrics.sketch import features_to_sketch
from tests.audit.given import good_audit
from tests.gate.reports import CLASSIFIER, CLEAN, SCORED, SHAPED, TOWER, policy

DIMENSION, CLASSES = 4, 3
TICKETS = {"brand": ["bag-0", "bag-1", "bag-2"], "person": ["bag-1"]}
SETS = {"forget": "3" * 64, "holdout": "4" * 64}
RULES = {
    "forget-distance-rises": {"minimum_rise": 0.05},
    "retain-fid": {"relative": 1.0, "absolute": 40.0, "minimum_images": 10},
    "hygiene": {},
}


def asked(rules=None) -> Policy:
    """What is asked for: little."""
    masks = Masks(train=[SCORED], score=[SCORED], held_out=[])
    return replace(policy(RULES if rules is None else rules), masks=masks)


def statistics(set_name: str, subjects: list[str], rise: float) -> ShardStatistics:
    """Images of one set whose distance rose by about ``rise``."""
    random, n = np.random.default_rng(len(subjects)), len(subjects)
    distances, features = {}, {}
    ids = [f"{set_name}-{row}" for row in range(n)]
    for region in ("full", "hole"):
        before = random.uniform(0.01, 0.05, n)
        distances[Side(SCORED, region, "before")] = before
        distances[Side(SCORED, region, "after")] = before + random.normal(rise, 0.05, n)
        real = random.normal(size=(n, DIMENSION))
        for side, shift in (("real", 0.0), ("before", 0.5), ("after", 0.52)):
            rows = real + random.normal(shift, 0.1, real.shape)
            shares = random.dirichlet(np.ones(CLASSES), n)
            of = np.array(subjects)
            sums = {name: probabilities_to_sums(shares[of == name]) for name in np.unique(of)}
            features[Side(SCORED, region, side)] = FeatureStatistics(
                moments=features_to_moments(rows),
                sketch=features_to_sketch(ids, subjects, rows.astype(np.float32)),
                sums={} if side == "real" else sums,
            )
    shape = {"dimension": DIMENSION, "size": 32, **SHAPED}
    return ShardStatistics(
        shard=set_name,
        set=set_name,
        set_fingerprint=SETS[set_name],
        before="1" * 64,
        after="2" * 64,
        seed=7,
        extractors={
            "distance": extractor_recipe("small-cnn", name="tower", weights_sha256=TOWER, **shape),
            "fid": extractor_recipe("small-cnn", name="cnn", weights_sha256=CLASSIFIER, **shape),
        },
        sample_id=np.array(ids),
        subject=np.array(subjects),
        ticket=np.array(["brand" if set_name == "forget" else ""] * n),
        distances=distances,
        features=features,
    )


FORGET = statistics("forget", ["bag-0"] * 12 + ["bag-1"] * 9 + ["bag-2"] * 15, 0.3)
HOLDOUT = statistics("holdout", [f"kept-{row % 25}" for row in range(90)], 0.0)


def merged(forget: ShardStatistics = FORGET, holdout: ShardStatistics = HOLDOUT) -> Report:
    """The report on these statistics."""
    return merge_to_report(
        [forget, holdout],
        sets=SETS,
        sizes={one.set: len(one.sample_id) for one in (forget, holdout)},
        tickets=TICKETS,
        hygiene=CLEAN,
        notes=["holdout: 90 of 100 images were scored."],
    )


def its_audit(report: Report) -> Audit:
    """An audit of the same run; no rule asks for what it found."""
    return good_audit(AuditSettings(), {}, sets=report.sets)
