"""explain: verdict, scores and pictures of a run as one HTML page."""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from efface.audit.record import Audit, read_audit
from efface.data.manifest import read_manifest
from efface.data.reading import read_images
from efface.errors import InputError
from efface.evaluation.report import Report, read_report
from efface.evidence.page import Asked, Contents, contents_to_html
from efface.evidence.pictures import Gallery, images_to_gallery
from efface.evidence.titles import SET_MEANING, SET_TITLES
from efface.files import sha256_file, write_bytes
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.gate.verdict import Verdict, read_verdict
from efface.models.checkpoint import fingerprint
from efface.steps.handover.sets_file import read_sets, set_fingerprints
from efface.storage import open_store

logger = logging.getLogger(__name__)

PICTURES = 9
"""Images of each set on the page."""
SHOWN = ("forget", "neighbours", "holdout", "retain")
"""Sets with pictures, in the order of the page; retain only where there is no holdout."""


def run(
    *,
    report: Path,
    verdict: Path,
    sets: Path,
    before: Path,
    after: Path,
    policy: str,
    out: Path,
    audit: Path | None = None,
) -> None:
    """Write the evidence page.

    Args:
        report: ``report.json``; may be absent or damaged, the page then shows the verdict alone.
        verdict: ``verdict.json`` of the gate.
        sets: folder that the shard step wrote.
        before: folder of the model in service.
        after: folder of the unlearned model.
        policy: path of the policy; it says whether forget images may be shown.
        out: where the page goes.
        audit: ``audit.json``; None, absent or damaged: the page shows no attacks.

    Raises:
        InputError: verdict, sets, models or policy are absent or wrong; or the verdict is passed,
            and models, sets or report are not those that it is about.
    """
    rules = read_policy(policy)
    plan = read_sets(sets)
    sizes = {name: int(entry["samples"]) for name, entry in plan["sets"].items()}
    answer, scores = read_verdict(verdict), _report(report)
    if answer.passed:
        _check_shown(answer, scores, plan, {"before": before, "after": after})
    contents = Contents(
        verdict=answer,
        verdict_sha256=sha256_file(verdict),
        policy=rules,
        report=scores,
        asked=_asked(plan, sets),
        set_sizes=sizes,
        galleries=_galleries(sizes, sets, before, after, rules),
        audit=_audit(audit) if audit else None,
    )
    write_bytes(out, contents_to_html(contents).encode())
    logger.info("event=page_written path=%s forget_pictures=%s", out, contents.forget_pictures)


def _check_shown(
    verdict: Verdict, report: Report | None, plan: dict[str, Any], models: dict[str, Path]
) -> None:
    """Beside a passed verdict there are only pictures and scores that it is about."""
    for side, folder in models.items():
        if fingerprint(folder) != getattr(verdict, side):
            raise InputError(f"model {folder} is not the {side} that passed: give the one that did")
    if report is None or (report.before, report.after) != (verdict.before, verdict.after):
        raise InputError("the report is not the one that passed: give the one that did")
    if report.sets != set_fingerprints(plan):
        raise InputError("the sets are not those that were scored: give those of this run")


def spread_rows(manifest: pa.Table, count: int) -> list[int]:
    """Row numbers of up to ``count`` images, of as many subjects as possible, low ranks first."""
    ranks, subjects = manifest["rank"].to_pylist(), manifest["subject_id"].to_pylist()
    seen: Counter[str] = Counter()
    turns = []
    for row in sorted(range(len(ranks)), key=ranks.__getitem__):
        turns.append((seen[subjects[row]], ranks[row], row))
        seen[subjects[row]] += 1
    return [row for _, _, row in sorted(turns)[:count]]


def _report(path: Path) -> Report | None:
    try:
        return read_report(path)
    except InputError as error:
        logger.warning("event=report_unreadable error=%s", error)
        return None


def _audit(path: Path) -> Audit | None:
    try:
        return read_audit(path)
    except InputError as error:
        logger.warning("event=audit_unreadable error=%s", error)
        return None


def _asked(plan: dict[str, Any], sets: Path) -> list[Asked]:
    manifest = read_manifest(open_store(str(sets / "forget")))
    images = Counter(manifest["ticket_id"].to_pylist())
    return [
        Asked(ticket=ticket, subjects=len(subjects), images=images[ticket])
        for ticket, subjects in sorted(plan["tickets"].items())
    ]


def _galleries(
    sizes: dict[str, int], sets: Path, before: Path, after: Path, policy: Policy
) -> list[Gallery]:
    from efface.models.checkpoint import load_model

    old, new = load_model(before), load_model(after)
    shown = [name for name in SHOWN if sizes.get(name)]
    if "holdout" in shown and "retain" in shown:
        shown.remove("retain")
    if not policy.privacy.forget_pictures and "forget" in shown:
        shown.remove("forget")
    galleries = []
    for name in shown:
        manifest = read_manifest(open_store(str(sets / name)))
        images, _ = read_images(
            sets / name,
            size=old.image_size,
            channels=old.channels,
            rows=spread_rows(manifest, PICTURES),
        )
        galleries.append(
            images_to_gallery(
                images,
                before=old,
                after=new,
                mask=policy.masks.score[0],
                seed=policy.evaluation.seed,
                set_name=name,
                title=SET_TITLES[name],
                meaning=SET_MEANING[name],
            )
        )
    return galleries
