"""Distance of each subject before and after, as SVG that takes the page's own colours."""

import io
from collections.abc import Sequence
from typing import Any

from efface.evidence.tables import SubjectRow

MOST = 40
"""Subjects in the plot; of more, those that were forgotten least."""
COLOURS = {"#010101": "var(--ink)", "#020202": "var(--faint)", "#030303": "var(--line)"}
COLOURS |= {"#040404": "var(--before)", "#050505": "var(--after)", "#060606": "var(--page)"}
"""Stand-ins that matplotlib draws with -> colours of the page, so light and dark both work."""
INK, FAINT, LINE, BEFORE, AFTER, PAGE = COLOURS


def subjects_to_svg(
    rows: Sequence[SubjectRow], *, axis: str, reference: float | None = None
) -> str:
    """Draw one line a subject: hollow dot before, full dot after, each with its 95 % interval.

    Args:
        rows: least forgotten first; only the first ``MOST`` are drawn.
        axis: what is measured, such as ``CLIP distance``.
        reference: the same measure for images that were never trained on; None draws no line.

    Returns:
        An ``<svg>`` element without scripts or links; empty text when there are no rows.
    """
    if not rows:
        return ""
    import matplotlib
    from matplotlib.figure import Figure

    drawn = list(rows)[:MOST]
    settings = {"svg.fonttype": "none", "svg.hashsalt": "subjects", "font.size": 9}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(8.6, 0.9 + 0.26 * len(drawn)), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.set_facecolor("none")
        for place, row in enumerate(drawn):
            _draw(axes, place, row)
        if reference is not None:
            axes.axvline(reference, color=FAINT, linewidth=1, linestyle=(0, (2, 3)), zorder=0)
            axes.text(
                reference,
                -0.9,
                "never trained on",
                color=FAINT,
                ha="center",
                va="bottom",
                fontsize=8,
            )
        _dress(axes, drawn, axis)
        target = io.StringIO()
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None})
    return _inline(target.getvalue())


def _draw(axes: Any, place: int, row: SubjectRow) -> None:
    before, after = row.before, row.after
    axes.plot([before.value, after.value], [place, place], color=LINE, linewidth=1.2, zorder=1)
    for score, colour, face in ((before, BEFORE, PAGE), (after, AFTER, AFTER)):
        if score.low is not None and score.high is not None:
            axes.plot(
                [score.low, score.high],
                [place, place],
                color=colour,
                linewidth=2.6,
                alpha=0.45,
                zorder=2,
            )
        axes.plot(
            [score.value],
            [place],
            "o",
            color=colour,
            markerfacecolor=face,
            markersize=5.5,
            zorder=3,
        )


def _dress(axes: Any, drawn: list[SubjectRow], axis: str) -> None:
    axes.set_ylim(len(drawn) - 0.4, -1.0)
    axes.set_yticks(range(len(drawn)), [row.subject[:10] for row in drawn], family="monospace")
    axes.set_xlim(left=min(0.0, *axes.get_xlim()))
    axes.set_xlabel(axis, color=INK)
    axes.tick_params(colors=INK, length=0)
    axes.grid(axis="x", color=LINE, linewidth=0.6, alpha=0.7)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _inline(svg: str) -> str:
    """Without the XML prologue and fixed size, in the page's colours."""
    svg = svg[svg.index("<svg") :]
    for stand_in, colour in COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg.replace(
        "<svg ", '<svg class="plot" role="img" aria-label="distance per subject" ', 1
    )
