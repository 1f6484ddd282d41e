"""What is made once and kept in the work folder, also when several processes share it.

A second process waits for the first and takes what it made: two commands on one work folder share
the work between them. A process that is killed leaves no lock, and a hidden folder that the next
one deletes.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Keep other processes from making ``path``; gives whether it is still to be made."""
    lock = path.parent / "locks" / path.name
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield not path.exists()


def make_folder(folder: Path, make: Callable[[Path], None]) -> None:
    """Make a folder unless it is there; one that fails leaves none."""
    if folder.exists():
        return
    with alone(folder) as needed:
        if not needed:
            return
        temporary = folder.with_name(f".{folder.name}")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            make(temporary)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        temporary.rename(folder)
