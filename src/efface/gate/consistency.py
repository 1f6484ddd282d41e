"""Everything that a report says is held against the rest of it, whether a rule asks for it or not.

Nothing here says whether a model is good: a report of a bad model, or one with scores that could
not be computed, is as consistent as any. What is found is what no evaluation writes.
"""

from collections.abc import Iterator

from efface.gate.measurements import Measurements
from efface.gate.nesting import nesting_problems
from efface.gate.recipes import spelling_problems
from efface.gate.rules.audited import other_audit


def contradictions(measurements: Measurements) -> list[str]:
    """A sentence for each contradiction."""
    found = [*_scores(measurements), *spelling_problems(measurements.report), *_sets(measurements)]
    if problem := other_audit(measurements):
        found.append(problem)
    # Sums of numbers are worth a look only once each of them is possible.
    return found or list(nesting_problems(measurements))


def _scores(measurements: Measurements) -> Iterator[str]:
    for asked in measurements.asked():
        if problem := measurements.contradiction(asked):
            yield problem


def _sets(measurements: Measurements) -> Iterator[str]:
    report = measurements.report
    for name in sorted({str(score.set) for score in report.scores} - report.sets.keys()):
        yield f"The report has scores of {name}, which is none of its sets."
