"""The table a dataset is imported from: CSV with one line an image, and who it belongs to.

sample,subject,rights_holder,split
alice/1.jpg,alice,studio-north,train
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from efface.data.manifest import SPLITS
from efface.errors import DataError, InputError
from efface.files import refuse_endless
from efface.spelling import spelling_fault

COLUMNS = ("sample", "subject", "rights_holder", "split")
"""``rights_holder`` may be empty; the order of the columns is free."""
_SHOWN = 10


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One checked line of the table."""

    sample: str
    """Path of the image below the source; also its sample id."""
    subject: str
    rights_holder: str
    split: str
    number: int
    """Line in the file, counted from 1, the header included."""


def read_table(path: Path) -> list[Line]:
    """Read and check the table.

    Returns:
        Its lines, sorted by sample.

    Raises:
        DataError: absent, not UTF-8, without the right header or without lines, or lines that are
            wrong; up to ten of those are named with their line numbers.
    """
    try:
        refuse_endless(path, "table")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines, problems = _read_lines(csv.reader(stream, strict=True), path)
    except InputError as error:
        raise DataError(str(error)) from None
    except OSError as error:
        raise DataError(
            f"table {path} cannot be read ({error.strerror}): give a CSV file"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"table {path} is not UTF-8 (byte {error.start}): save it as UTF-8"
        ) from None
    problems += _repeated(lines)
    if problems:
        shown = "\n  ".join(f"line {number}: {text}" for number, text in sorted(problems)[:_SHOWN])
        more = f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise DataError(f"table {path} has {len(problems)} wrong lines:\n  {shown}{more}")
    if not lines:
        raise DataError(f"table {path} names no image: add lines {','.join(COLUMNS)}")
    return sorted(lines)


def _read_lines(reader: Any, path: Path) -> tuple[list[Line], list[tuple[int, str]]]:
    lines: list[Line] = []
    problems: list[tuple[int, str]] = []
    order: list[int] | None = None
    for fields in _rows(reader, problems):
        if not any(field.strip() for field in fields):
            continue
        if order is None:
            order = _header(fields, path)
        elif problem := _problem(fields, order):
            problems.append((reader.line_num, problem))
        else:
            sample, subject, holder, split = (fields[at] for at in order)
            lines.append(Line(sample, subject, holder, split, reader.line_num))
    return lines, problems


def _rows(reader: Any, problems: list[tuple[int, str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        problems.append((reader.line_num, f"not CSV ({error}); the lines after it were not read"))


def _header(fields: Sequence[str], path: Path) -> list[int]:
    names = [field.strip().lower() for field in fields]
    if sorted(names) != sorted(COLUMNS):
        raise DataError(
            f"table {path} begins with {','.join(fields)!r}: "
            f"its first line must be {','.join(COLUMNS)}"
        )
    return [names.index(name) for name in COLUMNS]


def _problem(fields: Sequence[str], order: Sequence[int]) -> str:
    if len(fields) != len(order):
        return (
            f"{len(fields)} fields instead of {len(order)}; put fields with commas in double quotes"
        )
    sample, subject, holder, split = (fields[at] for at in order)
    if not sample or not subject:
        return "sample and subject must not be empty"
    for name, value in (("subject", subject), ("rights_holder", holder)):
        if fault := spelling_fault(value):
            return f"{name} {value!r} {fault}; no ticket can name it otherwise"
    if (
        sample.startswith("/")
        or ".." in PurePosixPath(sample).parts
        or "\\" in sample
        or "\0" in sample
    ):
        return f"sample {sample!r} must be a path below the source, with / and without .."
    if split not in SPLITS:
        return f"split {split!r} unknown, use one of {', '.join(SPLITS)}"
    return ""


def _repeated(lines: list[Line]) -> list[tuple[int, str]]:
    first: dict[str, int] = {}
    problems = []
    for line in lines:
        if line.sample in first:
            problems.append(
                (line.number, f"sample {line.sample!r} is already on line {first[line.sample]}")
            )
        first.setdefault(line.sample, line.number)
    return problems
