"""KFP's cron expressions: six fields, as robfig/cron v1 reads them.

The first field is the second; a five-field expression of crontab would be read wrongly or refused
late, so it is refused here.
"""

import re

from efface.errors import ConfigError

FIELDS = (
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 6),
)
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
NAMES = {
    "month": {name: number for number, name in enumerate(MONTHS, start=1)},
    "day of week": {name: number for number, name in enumerate(DAYS)},
}
WORD = "([0-9]{1,2}|[a-z]{3})"
ITEM = re.compile(rf"(?:(\*|\?)|{WORD}(?:-{WORD})?)(?:/([0-9]{{1,2}}))?")


def check_cron(text: str) -> str:
    """The expression with single spaces, once it is known to be one.

    Raises:
        ConfigError: not six fields, or a field that cannot be read.
    """
    words = text.split()
    if len(words) != len(FIELDS):
        names = ", ".join(name for name, _, _ in FIELDS)
        hint = f"; with a leading 0 for the second: '0 {text}'" if len(words) == 5 else ""
        raise ConfigError(
            f"cron {text!r} has {len(words)} fields; six are needed: {names}{hint}. "
            "Every night at two: '0 0 2 * * *'"
        )
    for word, (name, low, high) in zip(words, FIELDS, strict=True):
        for item in word.split(","):
            if not _fits(item.lower(), name, low, high):
                raise ConfigError(
                    f"cron {text!r}: {item!r} is no {name}; use {low} to {high}, *, ranges a-b, "
                    "steps /n, or a list of these with commas"
                )
    return " ".join(words)


def _fits(item: str, name: str, low: int, high: int) -> bool:
    match = ITEM.fullmatch(item)
    if match is None or (match[4] and int(match[4]) == 0):
        return False
    ends = [_number(word, name) for word in (match[2], match[3]) if word]
    inside = all(number is not None and low <= number <= high for number in ends)
    return inside and [n or 0 for n in ends] == sorted(n or 0 for n in ends)


def _number(word: str, name: str) -> int | None:
    return int(word) if word.isdecimal() else NAMES.get(name, {}).get(word)
