"""Reports and policies made of simulated images, so that the truth behind them is known."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from efface.evaluation.recipe import recipe_key, score_recipe
from efface.evaluation.report import Hygiene, Report, Score
from efface.gate.policy import EvaluationSettings, ExtractorSpec, Masks, Policy, Privacy
from efface.metrics.extractor_kinds import extractor_recipe
from efface.metrics.intervals import Estimate, clustered_mean, student

TOWER, CLASSIFIER = "a" * 64, "b" * 64
SHAPED = {"configuration_sha256": "d" * 64}
SCORED, HELD_OUT = "centre:4x4", "outpaint:6x6"
Changes = dict[tuple[str, str], NDArray[np.float64]]
"""(ticket, subject) -> change of the distance of each image."""
CLEAN = Hygiene(
    unexpected_keys=[],
    missing_keys=[],
    moved_outside_encoder=[],
    not_finite=[],
    changed_settings=[],
)
BEFORE = 0.02
"""Mean distance of the model in service; its outputs are close to the originals."""
RULES: dict[str, dict[str, Any]] = {
    "forget-distance-rises": {"minimum_rise": 0.05},
    "retain-fid": {"relative": 0.05, "absolute": 40.0, "minimum_images": 500},
    "retain-distance": {"margin": 0.02},
    "neighbours-distance": {"margin": 0.05},
    "sample-counts": {"minimum": {"forget": 20, "holdout": 500, "neighbours": 50}},
    "hygiene": {},
    "held-out-masks": {"minimum_rise": 0.02},
}
MAIN = {name: RULES[name] for name in ("forget-distance-rises", "retain-fid")}


def policy(rules: dict[str, dict[str, Any]] | None = None) -> Policy:
    """A policy with every rule on, or with the rules given."""
    return Policy(
        name="simulated",
        extractors={
            kind: ExtractorSpec(uri=f"small-cnn:{kind}", sha256=sha256, **SHAPED)
            for kind, (_, sha256) in EXTRACTORS.items()
        },
        masks=Masks(train=["centre:4x4"], score=[SCORED], held_out=[HELD_OUT]),
        evaluation=EvaluationSettings(seed=7),
        privacy=Privacy(),
        rules=RULES if rules is None else rules,
        sha256="c" * 64,
        folder=".",
    )


def with_settings(rule: str, **changes: Any) -> Policy:
    """The policy with every rule on and some settings of one rule changed."""
    return policy({**RULES, rule: {**RULES[rule], **changes}})


def recipe(kind: str, mask: str, region: str = "hole", **changes: Any) -> dict[str, Any]:
    """What the evaluator writes of a score with the policy's extractor of this kind."""
    name, sha256 = EXTRACTORS[kind]
    extractor = extractor_recipe(
        "small-cnn", name=name, weights_sha256=sha256, dimension=64, size=32, **SHAPED
    )
    return {**score_recipe(extractor, mask, region, 7), **changes}


def key_of(kind: str, mask: str, region: str = "hole") -> str:
    """Name of a recipe."""
    return recipe_key(recipe(kind, mask, region))


EXTRACTORS = {
    "distance": ("fashion-tower", TOWER),
    "fid": ("fashion-classifier", CLASSIFIER),
}
RECIPES = {
    recipe_key(one): one
    for one in (recipe("distance", SCORED), recipe("distance", HELD_OUT), recipe("fid", SCORED))
}


def triple(
    sides: dict[str, Estimate], *, metric: str, set_name: str, mask: str, **who: str
) -> list[Score]:
    """before, after and change of one measurement."""
    kind = "distance" if metric == "distance" else "fid"
    where = {"metric": metric, "set": set_name, "mask": mask, "region": "hole", **who}
    return [
        Score(side=side, recipe=key_of(kind, mask), **where, **vars(estimate))
        for side, estimate in sides.items()
    ]


def distances(
    change_N: NDArray[np.float64],
    subjects: list[str],
    *,
    set_name: str,
    mask: str = SCORED,
    **who: str,
) -> list[Score]:
    """Scores of images whose distance was about ``BEFORE`` and changed by ``change_N``."""
    before_N = np.array([BEFORE + offset for offset in offsets(subjects)])
    found = {"before": before_N, "after": before_N + change_N, "change": change_N}
    sides = {side: clustered_mean(values, subjects) for side, values in found.items()}
    return triple(sides, metric="distance", set_name=set_name, mask=mask, **who)


def offsets(subjects: list[str]) -> Iterator[float]:
    """How far each image's distance before is from ``BEFORE``: by its subject and its place there.

    So an image has the same one wherever it is counted: with its subject, its ticket, or its set.
    """
    seen: Counter[str] = Counter()
    for subject in subjects:
        yield 0.002 * np.sin(crc32(subject.encode())) + 0.005 * np.sin(seen[subject])
        seen[subject] += 1


def forgotten(change: Changes, *, mask: str = SCORED) -> list[Score]:
    """Scores of the forget set: all together, each ticket, each subject, from changes per image."""
    scores: list[Score] = []
    for wanted in ["", *dict.fromkeys(ticket for ticket, _ in change)]:
        part = {key: v for key, v in change.items() if wanted in ("", key[0])}
        values = np.concatenate(list(part.values()))
        subjects = [key[1] for key, v in part.items() for _ in v]
        scores += distances(values, subjects, set_name="forget", mask=mask, ticket=wanted)
    for (ticket, subject), v in change.items():
        who = {"ticket": ticket, "subject": subject}
        scores += distances(v, [subject] * len(v), set_name="forget", mask=mask, **who)
    return scores


def fid(
    before: float, after: float, *, error: float = 0.1, n: int = 2000, set_name: str = "holdout"
) -> list[Score]:
    """FID of a set, with a jackknife of 20 groups for its change."""
    values = {"before": before, "after": after, "change": after - before}
    sides = {s: student(v, error, 19, n=n, clusters=min(n, 70)) for s, v in values.items()}
    return triple(sides, metric="fid", set_name=set_name, mask=SCORED)


def kept(mean: float, *, set_name: str, n: int, seed: int = 1) -> list[Score]:
    """Distances of images that stay, changed by about ``mean``."""
    noise = np.random.default_rng(seed).normal(0, 0.02, n)
    subjects = [f"kept-{index % 50}" for index in range(n)]
    return distances(mean + noise - noise.mean(), subjects, set_name=set_name)


def changes(
    mean: float, *, subjects: int = 8, images: int = 40, spread: float = 0.08, seed: int = 0
) -> Changes:
    """Changes per image for subjects shared out to two tickets."""
    random = np.random.default_rng(seed)
    return {
        (f"ticket-{index % 2}", f"subject-{index}"): random.normal(mean, spread, images)
        for index in range(subjects)
    }


def report_of(
    change: Changes, others: list[Score], *, held_out: Changes | None = None, **fields: Any
) -> Report:
    """A report on these forget images, with other scores beside them.

    On held-out masks every subject has risen by about 0.15, unless ``held_out`` says otherwise.
    """
    tickets: dict[str, list[str]] = {}
    for ticket, subject in change:
        tickets.setdefault(ticket, []).append(subject)
    random = np.random.default_rng(5)
    weaker = held_out or {key: random.normal(0.15, 0.08, 40) for key in change}
    base = Report(
        before="1" * 64,
        after="2" * 64,
        sets={"forget": "3" * 64, "holdout": "4" * 64, "neighbours": "5" * 64},
        tickets=tickets,
        recipes=RECIPES,
        scores=forgotten(change) + forgotten(weaker, mask=HELD_OUT) + others,
        hygiene=CLEAN,
    )
    return replace(base, **fields)


def good_others() -> list[Score]:
    """What a good model scores on images that stay."""
    holdout = kept(0.005, set_name="holdout", n=2000)
    neighbours = kept(0.02, set_name="neighbours", n=300, seed=2)
    return holdout + neighbours + fid(15.7, 15.9)


def good_report(**fields: Any) -> Report:
    """A report that every rule passes."""
    return report_of(changes(0.3), good_others(), **fields)


def swapped(report: Report, old: Score, *new: Score) -> Report:
    """The report with one score replaced by others, or by none."""
    scores = [one for score in report.scores for one in (new if score is old else (score,))]
    return replace(report, scores=scores)


def one(report: Report, **wanted: str) -> Score:
    """The only score that has these fields."""
    (score,) = report.find(**{"ticket": "", "subject": "", **wanted})
    return score


def renamed(report: Report, **changes: Any) -> Report:
    """The report with fields of every recipe changed, and each recipe named after what it says."""
    new = {key: {**given, **changes} for key, given in report.recipes.items()}
    scores = [replace(score, recipe=recipe_key(new[score.recipe])) for score in report.scores]
    recipes = {recipe_key(given): given for given in new.values()}
    return replace(report, recipes=recipes, scores=scores)
