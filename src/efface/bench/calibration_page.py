"""A calibration of the gate as JSON and as a page to read."""

from collections.abc import Sequence
from pathlib import Path

from efface.bench.calibrating import Calibration
from efface.files import write_bytes, write_json
from efface.gate.calibration import Rate, Suggestion

VERSION = 3
RATES = """## How often a model passes

{good} should pass. All others should not; original, the model in service saved again, cannot, as
nothing of it changed. Intervals are two-sided 95 % (Clopper-Pearson), over trainings, not over
datasets. Suggested thresholds come from the first half of the seeds and are tried on the second.

| run | policy as it is | with the suggested thresholds |
|---|---|---|
"""
PLACES = """
## Where the thresholds belong

A critical value is the strictest setting that a run still passes; here those of all seeds. A
suggestion is from the first half of the seeds; how many runs of the second half pass it stands
beside it, bad runs of all kinds that the rule is there to block counted together: one that lets
bad runs through is none. Rules that need held-out masks or attacks are not tried. Good: worst,
median, best; bad: best, median, worst.

| rule | setting | now | suggested | good, bad that pass it | good runs | bad runs |
|---|---|---|---|---|---|---|
"""


def write_calibration(
    found: Calibration, out: Path, *, file: str, command: str, trained: str
) -> list[Path]:
    """Write FILE.json and FILE.md, with how the models were trained; gives their paths."""
    rules = [
        {
            "rule": one.threshold.rule, "key": one.threshold.key, "present": one.present,
            "suggested": one.suggested,
            "passed": {
                name: None if rate is None else vars(rate)
                for name, rate in (("good", one.good_passed), ("bad", one.bad_passed))
            },
            "good": _finite(one.good),
            "bad": {kind: _finite(values) for kind, values in one.bad.items()},
        }
        for one in found.suggestions
    ]  # fmt: skip
    rates = {
        name: {kind: vars(rate) for kind, rate in rates.items()}
        for name, rates in (("present", found.present), ("moved", found.moved))
    }
    content = {
        "version": VERSION,
        "seeds": list(found.seeds),
        "good": found.good,
        "trained": trained,
        "thresholds": rules,
        "pass_rates": rates,
    }
    paths = [out / f"{file}.json", out / f"{file}.md"]
    write_json(paths[0], content)
    write_bytes(paths[1], to_markdown(found, command, trained).encode())
    return paths


def to_markdown(found: Calibration, command: str, trained: str) -> str:
    """The page that a person reads."""
    head = (
        f"# The gate, calibrated\n\nCommand: `{command}`. Seeds {found.seeds[0]} to "
        f"{found.seeds[-1]}; a seed sets the training, which subject is left out, random masks "
        "where the plan has any, and which images are scored of a set that has more. Trained in "
        f"{trained}.\n\n"
    )
    rates = "".join(
        f"| {kind} | {_rate(found.present[kind])} | {_rate(found.moved[kind])} |\n"
        for kind in found.present
    )
    places = "".join(_place(one) for one in found.suggestions)
    return f"{head}{RATES.format(good=found.good)}{rates}{PLACES}{places}"


def _place(one: Suggestion) -> str:
    up = one.threshold.stricter_up
    good = sorted(one.good, reverse=not up)
    bad = sorted((value for values in one.bad.values() for value in values), reverse=up)
    suggested = "they overlap" if one.suggested is None else f"{one.suggested:.3g}"
    tried = "–"
    if one.good_passed and one.bad_passed:
        found = one.good_passed, one.bad_passed
        tried = ", ".join(f"{rate.count} of {rate.n}" for rate in found)
    return (
        f"| {one.threshold.rule} | {one.threshold.key} | {one.present:g} | {suggested} | {tried} | "
        f"{_spread(good)} | {_spread(bad)} |\n"
    )


def _rate(rate: Rate) -> str:
    return f"{rate.count} of {rate.n} [{rate.low:.0%}, {rate.high:.0%}]"


def _spread(values: Sequence[float]) -> str:
    return f"{values[0]:.3g}, {values[len(values) // 2]:.3g}, {values[-1]:.3g}" if values else "–"


def _finite(values: Sequence[float]) -> list[float | None]:
    return [None if value == float("inf") else value for value in values]
