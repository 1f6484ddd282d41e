"""Folders that travel through a store, between nodes that share no disk."""

import posixpath
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from efface.storage import Store

AT_ONCE = 8
"""Files under way at a time."""


def deliver(folder: Path, store: Store, name: str) -> None:
    """Copy a folder in under ``name``; what was there goes first."""
    store.erase(name)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    keys = [posixpath.join(name, path.relative_to(folder).as_posix()) for path in files]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(store.upload, files, keys))


def collect(store: Store, name: str, folder: Path) -> None:
    """Copy all that lies under ``name`` to ``folder/name``."""
    keys = store.list(f"{name}/")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(store.download, keys, [folder / key for key in keys]))
