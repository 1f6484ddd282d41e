"""A value as a message shows it: whole where it is short, with the beginning of it where not.

A few lines of YAML can stand for more text than any memory holds, where lists name one another.
"""

import reprlib
from typing import Any


def _short() -> reprlib.Repr:
    made = reprlib.Repr()
    made.maxlevel, made.maxlist, made.maxdict, made.maxtuple = 3, 8, 8, 8
    made.maxstring = made.maxother = made.maxlong = 200
    return made


_SHORT = _short()


def shown(value: Any) -> str:
    """``repr`` of a value, without the middle or the depths of a long one."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python writes out no number of more than 4300 digits
        return "a number of thousands of digits"
