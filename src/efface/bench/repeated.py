"""Deletion requests in a row on one model: do the first ones hold?"""

from dataclasses import replace

from efface.bench.cell import Bench, Result
from efface.bench.gridding import cell_of, row_of
from efface.bench.subjects import choose_subjects, dataset_without, write_ticket
from efface.bench.table import Row
from efface.progress import track


def repeated_rows(bench: Bench) -> list[Row]:
    """A row for each request after its own run, and one after the last run."""
    model, _, mask = bench.first
    subjects = choose_subjects(bench.plan.dataset, bench.requests)
    datasets, served = [bench.plan.dataset], [bench.models[model]]
    done: list[Result] = []
    with track("requests", total=2 * len(subjects)) as progress:
        for number, subject in enumerate(subjects):
            ticket = write_ticket(bench.work, [subject])
            cell = cell_of(bench, model, ticket, bench.i2i, dataset=datasets[-1], score=(mask,))
            done.append(bench.run(replace(cell, model=served[-1])))
            served.append(done[-1].after)
            gone = subjects[: number + 1]
            datasets.append(dataset_without(bench.plan.dataset, bench.work, gone))
            progress.advance()
        last = []
        for subject, dataset in zip(subjects, datasets, strict=False):
            ticket = write_ticket(bench.work, [subject])
            untouched = {"name": "original"}
            cell = cell_of(bench, model, ticket, untouched, dataset=dataset, score=(mask,))
            last.append(bench.run(replace(cell, made=served[-1])))
            progress.advance()
    rows = []
    for title, results in (("after its own run", done), ("after the last run", last)):
        group = f"{model}, {mask}, hole: {title}"
        rows += [
            row_of(group, f"request {number}", found, mask, "hole", before=True)
            for number, found in enumerate(results, 1)
        ]
    return rows
