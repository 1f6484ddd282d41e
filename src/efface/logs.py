"""Logging to standard error: one line per fact, ``key=value``; of libraries, warnings only."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure(level: int = logging.INFO) -> None:
    """Send efface's log lines of at least ``level``, and libraries' warnings, to standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format=FORMAT, force=True)
    logging.getLogger("efface").setLevel(level)
