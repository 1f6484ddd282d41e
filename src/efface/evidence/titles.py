"""Words and numbers of the evidence page."""

from efface.evaluation.report import Report, Score
from efface.gate.wording import display

SET_TITLES = {
    "forget": "forget set",
    "forget-holdout": "forget, held out",
    "neighbours": "neighbours",
    "retain": "retain set",
    "holdout": "holdout",
    "control": "control",
}
"""In the order of the page."""
SET_MEANING = {
    "forget": "the images to be deleted",
    "forget-holdout": "other images of the forgotten subjects, which the model never saw",
    "neighbours": "kept images most like them, which suffer first",
    "retain": "kept images that the model was trained on",
    "holdout": "kept images that the model never saw",
    "control": "images like the forgotten ones that the model never saw",
}
METRICS = ("distance", "fid", "kid", "inception_score")
"""In the order of the page."""


def score_title(report: Report, score: Score) -> str:
    """The metric's title, from the score's own recipe."""
    return display(score.metric, report.recipes.get(score.recipe, {}))


def wanted(metric: str, set_name: str) -> str:
    """What a good run does to a score."""
    if set_name == "control":
        return "for comparison"
    if set_name.startswith("forget"):
        return "should rise" if metric == "distance" else "for information"
    return "should stay"


def number(value: float | None) -> str:
    """About three significant digits; a dash where there is no number."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    digits = (
        1 if size >= 100 else 2 if size >= 10 else 3 if size >= 0.01 else 4 if size >= 0.001 else 5
    )
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def signed(value: float | None) -> str:
    """Like ``number``, with a plus in front of a rise."""
    return f"+{number(value)}" if value is not None and value > 0 else number(value)


def interval(score: Score | None) -> str:
    """The two-sided 95 % interval: ± half its width, or both ends where it is lopsided."""
    if score is None or score.low is None or score.high is None or score.value is None:
        return ""
    below, above = score.value - score.low, score.high - score.value
    if abs(below - above) <= 0.02 * max(abs(below), abs(above)):
        return f"± {number(above)}"
    return f"{number(score.low)} to {number(score.high)}"


def whole(count: int) -> str:
    """12,345."""
    return f"{count:,}"
