"""A local folder as a store."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from efface.errors import InfrastructureError, InputError
from efface.files import refuse_endless, umask, whole_file, write_bytes
from efface.storage.store import Keys


class LocalStore:
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self.place = str(folder)
        self._folder = folder

    def read(self, key: str) -> bytes:
        """See ``Store``."""
        with _local_errors(self.place, key):
            return self._readable(key).read_bytes()

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """See ``Store``."""
        with _local_errors(self.place, key), self._readable(key).open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)

    def write(self, key: str, content: bytes) -> None:
        """See ``Store``."""
        with _local_errors(self.place, key):
            write_bytes(self._path(key), content)

    def create(self, key: str, content: bytes) -> bool:
        """See ``Store``."""
        target = self._path(key)
        with _local_errors(self.place, key):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            try:
                with os.fdopen(handle, "wb") as stream:
                    os.fchmod(handle, 0o666 & ~umask())  # other users of the folder read it
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                os.link(name, target)  # unlike rename, refuses to replace
            except FileExistsError:
                return False
            finally:
                os.unlink(name)
        return True

    def list(self, prefix: str = "") -> Keys:
        """See ``Store``; not listed are names that begin with a dot, and a disk's lost+found.

        A folder that cannot be looked into is an error: what is in it might be what is asked for.
        """
        return sorted(key for key in self._walk(prefix) if key.startswith(prefix))

    def stamps(self, prefix: str = "") -> dict[str, str]:
        """See ``Store``."""
        found = {}
        for key in self.list(prefix):
            with _local_errors(self.place, key):
                found[key] = self._path(key).stat()
        return {key: f"{about.st_size} {about.st_mtime_ns}" for key, about in found.items()}

    def delete(self, key: str) -> None:
        """See ``Store``."""
        with _local_errors(self.place, key):
            self._path(key).unlink(missing_ok=True)

    def delete_all(self, prefix: str) -> Keys:
        """See ``Store``; folders that become empty go too."""
        keys = self.list(prefix)
        for key in keys:
            self.delete(key)
            self._drop_empty(self._path(key).parent)
        return keys

    def erase(self, name: str) -> dict[str, int]:
        """See ``Store``; a link goes, what it points to stays."""
        target = self._path(name)
        sizes: dict[str, int] = {}
        with _local_errors(self.place, name):
            for path in [target, *left_by_killed_writers(target)]:
                for file in _files_of(path):
                    sizes[file.relative_to(self._folder).as_posix()] = file.lstat().st_size
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        return sizes

    def exists(self, key: str) -> bool:
        """See ``Store``."""
        with _local_errors(self.place, key):
            return self._path(key).is_file()

    def upload(self, source: Path, key: str) -> None:
        """See ``Store``."""
        with _local_errors(self.place, key), whole_file(self._path(key)) as temporary:
            shutil.copyfile(source, temporary)

    def download(self, key: str, target: Path) -> None:
        """See ``Store``."""
        with _local_errors(self.place, key), whole_file(target) as temporary:
            shutil.copyfile(self._readable(key), temporary)

    @contextmanager
    def writing(self, key: str) -> Iterator[IO[bytes]]:
        """See ``Store``."""
        with (
            _local_errors(self.place, key),
            whole_file(self._path(key)) as temporary,
            temporary.open("wb") as stream,
        ):
            yield stream

    @contextmanager
    def reading(self, key: str) -> Iterator[IO[bytes]]:
        """See ``Store``."""
        with _local_errors(self.place, key):
            stream = self._readable(key).open("rb")
        with stream:
            yield stream

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if key.startswith("/") or ".." in parts:
            raise InputError(f"key {key!r} leaves {self.place}: use a relative path without ..")
        return self._folder / key

    def _readable(self, key: str) -> Path:
        path = self._path(key)
        refuse_endless(path, "file")
        return path

    def _drop_empty(self, folder: Path) -> None:
        while folder != self._folder and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def _walk(self, prefix: str) -> Iterator[str]:
        """Files of the folders that can hold keys with this prefix."""
        for parent, folders, names in os.walk(self._folder, onerror=self._cannot_list):
            inside = Path(parent).relative_to(self._folder)
            keys = {name: (inside / name).as_posix() for name in folders}
            folders[:] = [n for n in folders if not _is_hidden(n) and _may_hold(keys[n], prefix)]
            yield from ((inside / name).as_posix() for name in names if not _is_hidden(name))

    def _cannot_list(self, error: OSError) -> None:
        """``os.walk`` passes over what it cannot read; only what is not there may be passed."""
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise InfrastructureError(
                f"folder {error.filename or self.place} cannot be listed ({error.strerror}): give "
                "this user the right to read it, or mend the disk, then run again"
            ) from error


def left_by_killed_writers(target: Path) -> list[Path]:
    """Temporary neighbours that ``efface.files`` made for ``target``: .NAME.12345678."""
    if not target.parent.is_dir():
        return []
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}")
    return [path for path in target.parent.iterdir() if pattern.fullmatch(path.name)]


def _files_of(path: Path) -> list[Path]:
    if path.is_symlink() or path.is_file():
        return [path]
    return [Path(parent) / name for parent, _, names in os.walk(path) for name in names]


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "lost+found"


def _may_hold(folder: str, prefix: str) -> bool:
    """Whether keys in a folder can begin with a prefix."""
    return f"{folder}/".startswith(prefix) or prefix.startswith(f"{folder}/")


@contextmanager
def _local_errors(place: str, key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InputError(f"{place}/{key} does not exist: check the place and the name") from None
    except PermissionError as error:
        raise InfrastructureError(
            f"{place}/{key}: access refused ({error.strerror}); give this user the right to it, "
            "then run again"
        ) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{place}/{key}: the name is too long for this disk") from error
        raise InfrastructureError(
            f"{place}/{key}: {error.strerror}; mend the disk or make room, then run again"
        ) from error
