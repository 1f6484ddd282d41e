"""Which images go into which set of a run.

Pure: a manifest and measured similarities go in, row numbers come out.

forget          the images to be deleted, all from the train split
forget-holdout  holdout images of the forgotten subjects, where there are any: forgotten by
                likeness, for they were never trained on (what the literature scores)
retain          the rest of the train split: what training holds on to
neighbours      the holdout images most similar to the forget set: what suffers first
control         the same kind, never trained on: the control images of the forgotten rights-holders,
                or of all where those have none, that are most similar to the forget set. With other
                kinds among them, what is compared with it would tell kinds apart
holdout         the holdout split, without forgotten subjects, and without rights-holders of whom
                every train image goes: their other subjects are forgotten by likeness too

A near-duplicate of a forget image is in none of them: in retain it would teach the image again, and
elsewhere it would be scored as something that the model should still know, or never knew.

Where retain is drawn from a proxy, nor is a near-duplicate of an image that is scored in it: the
new model would be trained on what it is scored with, and the model in service was not.

Shapes in names: N rows of the manifest.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from efface.data.forgetting import holders_gone
from efface.errors import DataError
from efface.files import sha256_bytes

Rows = npt.NDArray[np.int64]
"""Numbers of manifest rows."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Rows that the sets are drawn from, before anything is known about their content."""

    forget: Rows
    train: Rows
    """Train split without forget; a sample of it when there is a limit."""
    holdout: Rows
    """Holdout split without the forgotten subjects, and without rights-holders who are gone."""
    forget_holdout: Rows
    """Holdout split of the forgotten subjects; may be empty."""
    control: Rows
    of_proxy: bool = False
    """Whether train stands in for the train split, of images that the model never saw."""

    @property
    def scored(self) -> Rows:
        """Rows that were never trained on, of which sets to score are made; in manifest order."""
        return np.sort(np.concatenate([self.holdout, self.forget_holdout, self.control]))

    @property
    def to_compare(self) -> Rows:
        """All rows that must be compared with the forget set, in manifest order."""
        return np.sort(np.concatenate([self.train, self.scored]))


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How every compared row of the manifest relates to the forget set."""

    similarity_N: npt.NDArray[np.float32]
    """Largest cosine to a forget image, in the features of the distance extractor; 1 in forget."""
    duplicate_N: npt.NDArray[np.bool_]
    """Whether it is a near-duplicate of a forget image."""
    leak_N: npt.NDArray[np.bool_]
    """Whether it is of a proxy and a near-duplicate of an image that is scored."""


def choose_candidates(
    manifest: pa.Table,
    forget_ids: set[str],
    *,
    seed: int,
    retain_limit: int | None,
    is_proxy_N: npt.NDArray[np.bool_] | None = None,
) -> Candidates:
    """Split the manifest's rows into what is forgotten and what may be kept.

    Args:
        manifest: Of the dataset, with its proxy where there is one.
        forget_ids: Sample ids to forget.
        seed: Of the order in which retain is limited.
        retain_limit: Images in retain, at most; None for all.
        is_proxy_N: Rows that stand in for the train split; None or all False: retain is drawn from
            the train split itself.

    Raises:
        DataError: nothing to forget, or sample ids that the train split of the manifest does not
            have.
    """
    if not forget_ids:
        raise DataError(
            "the forget set is empty: no ticket has an image in the train split, "
            "nothing can be unlearned"
        )
    ids = np.array(manifest["sample_id"].to_pylist(), object)
    subjects = np.array(manifest["subject_id"].to_pylist(), object)
    split = np.array(manifest["split"].to_pylist(), object)
    is_forget = np.array([sample in forget_ids for sample in ids]) & (split == "train")
    if is_forget.sum() != len(forget_ids):
        unknown = sorted(forget_ids - set(ids[is_forget]))
        raise DataError(
            f"{len(unknown)} samples to forget, such as {unknown[0]!r}, are not in the train "
            "split of the dataset: run intake again on this dataset"
        )
    gone = set(subjects[is_forget])
    is_gone = np.array([subject in gone for subject in subjects])
    is_proxy = np.zeros(len(ids), np.bool_) if is_proxy_N is None else is_proxy_N
    holders = np.array(manifest["rights_holder"].to_pylist(), object)
    left = holders_gone(holders[is_forget], holders[(split == "train") & ~is_forget & ~is_proxy])
    is_left = np.array([holder in left for holder in holders])
    retain = is_proxy if is_proxy.any() else (split == "train") & ~is_forget
    train = in_random_order(np.flatnonzero(retain), ids, seed)[:retain_limit]
    return Candidates(
        forget=np.flatnonzero(is_forget),
        train=train,
        holdout=np.flatnonzero((split == "holdout") & ~is_gone & ~is_left & ~is_proxy),
        forget_holdout=np.flatnonzero((split == "holdout") & is_gone & ~is_proxy),
        control=np.flatnonzero((split == "control") & ~is_proxy),
        of_proxy=bool(is_proxy.any()),
    )


def plan_sets(
    manifest: pa.Table,
    candidates: Candidates,
    likeness: Likeness,
    *,
    seed: int,
    neighbours: int,
    control: int,
) -> dict[str, Rows]:
    """Rows of each set, in the order of their rank: random, from seed and sample id alone.

    Args:
        manifest: Of the dataset.
        candidates: Of ``choose_candidates``.
        likeness: Of the candidates to the forget set.
        seed: Of the ranks.
        neighbours: Size of neighbours, at most.
        control: Size of control, at most.

    Raises:
        DataError: a set is empty, or forget shares an image with another set.
    """
    ids = np.array(manifest["sample_id"].to_pylist(), object)

    def kept(rows: Rows) -> Rows:
        return rows[~(likeness.duplicate_N | likeness.leak_N)[rows]]

    def closest(rows: Rows, count: int) -> Rows:
        order = np.lexsort((ids[rows], -likeness.similarity_N[rows]))
        return rows[order[:count]]

    holdout = kept(candidates.holdout)
    alike = _same_kind(manifest, candidates.forget, kept(candidates.control))
    plan = {
        "forget": candidates.forget,
        "forget-holdout": kept(candidates.forget_holdout),
        "retain": kept(candidates.train),
        "neighbours": closest(holdout, neighbours),
        "control": closest(alike, control),
        "holdout": holdout,
    }
    plan = {
        name: in_random_order(rows, ids, seed)
        for name, rows in plan.items()
        if len(rows) or name != "forget-holdout"
    }
    check_plan(manifest, plan)
    return plan


def _same_kind(manifest: pa.Table, forget: Rows, rows: Rows) -> Rows:
    """Those of the forgotten rights-holders, or all where there are none."""
    holders = np.array(manifest["rights_holder"].to_pylist(), object)
    gone = set(holders[forget]) - {""}
    same = rows[np.array([holder in gone for holder in holders[rows]], np.bool_)]
    return same if len(same) else rows


def in_random_order(rows: Rows, ids: npt.NDArray[np.object_], seed: int) -> Rows:
    """Rows in the order of SHA-256 of seed and id: a new image leaves the others in order."""
    keys = [sha256_bytes(f"{seed}:{ids[row]}".encode()) for row in rows]
    return np.asarray([row for _, row in sorted(zip(keys, rows.tolist(), strict=True))], np.int64)


def check_plan(manifest: pa.Table, plan: dict[str, Rows]) -> None:
    """Refuse sets that training or scoring could not be trusted with.

    Raises:
        DataError: a set is empty, or forget shares an image (by id or by bytes) with another set.
    """
    advice = {
        "forget": "nothing can be unlearned",
        "retain": "keep train images of others than those who are forgotten, or take a proxy that "
        "is no copy of what is forgotten or scored",
        "holdout": "import images with split holdout, of subjects that are not forgotten",
        "neighbours": "ask for at least 1 and import images with split holdout",
        "control": "ask for at least 1 and import images with split control (never trained on)",
    }
    for name, rows in plan.items():
        if not len(rows):
            raise DataError(f"the {name} set is empty: {advice[name]}")
    for column in ("sample_id", "sha256"):
        values = manifest[column]
        forgotten = set(values.take(plan["forget"]).to_pylist())
        for name, rows in plan.items():
            if name == "forget":
                continue
            shared = forgotten.intersection(values.take(rows).to_pylist())
            if shared:
                raise DataError(
                    f"forget and {name} share {len(shared)} images, such as {column} "
                    f"{min(shared)!r}: an image is either forgotten or kept"
                )


def fingerprint(manifest: pa.Table, rows: Rows) -> str:
    """SHA-256 over the sorted ids and contents of some rows: equal for equal sets."""
    chosen = manifest.take(rows)
    pairs = zip(chosen["sample_id"].to_pylist(), chosen["sha256"].to_pylist(), strict=True)
    return sha256_bytes(
        "\n".join(sorted(f"{sample} {digest}" for sample, digest in pairs)).encode()
    )
