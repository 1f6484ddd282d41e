"""Files that are either whole or absent: write to a temporary neighbour, flush, rename."""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from efface.errors import EffaceError, InfrastructureError, InputError
from efface.typed import is_version

NO_PATH = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.ELOOP)
"""What the system says of a path that can never be written."""
_ASKING = Lock()
"""The system tells the mask only while another is set."""
_IN_WORDS = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust (safetensors) tell what the system said: in the message alone."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path; on success it becomes ``path``, on any failure nothing is left.

    Raises:
        InputError: something that is no file is there, such as a folder, or it is among the
            devices, where /dev/stdout may lead to a file and would itself be replaced.
        InfrastructureError: the disk is full or not writable.
    """
    with _disk_errors(path):
        folder = Path(os.path.realpath(path.parent))
        if folder == Path("/dev") or folder.is_relative_to("/proc"):
            raise InputError(f"cannot write {path}: it is a device; give the path of a file")
        if path.exists() and not path.is_file():
            raise InputError(f"cannot write {path}: it is there, and no file; give another path")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    temporary = Path(name)
    try:
        with _disk_errors(path):
            yield temporary
            temporary.chmod(0o666 & ~umask())
            _flush(temporary)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder; on success it replaces ``path``, on failure nothing is left.

    Raises:
        InfrastructureError: the disk is full or not writable.
    """
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        with _disk_errors(path):
            yield temporary
            temporary.chmod(0o777 & ~umask())
            _put_in_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put_in_place(made: Path, path: Path) -> None:
    """Rename a folder; a former one goes first, as a whole, so that a kill leaves no half of it."""
    if path.is_file() and not path.stat().st_size:
        path.unlink()
    if not path.is_dir():
        os.replace(made, path)
        return
    former = tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.")
    os.replace(path, former)
    os.replace(made, path)
    shutil.rmtree(former)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON document, keys in the order given, NaN refused."""
    write_bytes(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def refuse_endless(path: Path, what: str) -> None:
    """Refuse a pipe, a device or a socket, which a reader may wait at for ever.

    Raises:
        InputError: it is there, after links, and neither a file nor a folder.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{what} {path} is a pipe or a device: give a regular file")


def read_json(
    path: Path, *, kind: str, version: int, schema: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Read a JSON document of efface and check its version field.

    Args:
        path: of the document.
        kind: what it is, for messages.
        version: the one that this efface reads.
        schema: JSON Schema of what its readers rest on; None where they check it themselves.

    Raises:
        InputError: absent, not JSON, of a version this efface does not know, or not as its schema
            says.
    """
    refuse_endless(path, kind)
    try:
        content = load_json(path.read_text())
    except FileNotFoundError:
        raise InputError(
            f"{kind} {path} does not exist: run the step that writes it first"
        ) from None
    except (IsADirectoryError, NotADirectoryError):
        raise InputError(
            f"{kind} {path} is a folder, or in something that is none: give the file itself"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{kind} {path} is not JSON ({error}): make it again") from None
    found = content.get("version") if isinstance(content, dict) else None
    if not is_version(found, version):
        raise InputError(
            f"{kind} {path} has version {found!r}; this efface reads version {version}"
        )
    if schema is not None and (problem := schema_problem(content, schema)):
        raise InputError(f"{kind} {path} is damaged, {problem}; make it again")
    return dict(content)


def schema_problem(content: Any, schema: dict[str, Any]) -> str | None:
    """Where and why a document is not as a JSON Schema says, or None."""
    from jsonschema import Draft202012Validator

    error = next(Draft202012Validator(schema).iter_errors(content), None)
    if error is None:
        return None
    return f"{error.json_path.removeprefix('$').removeprefix('.') or 'it'}: {error.message[:200]}"


def load_json(text: str) -> Any:
    """What a JSON text says.

    Raises:
        InputError: a key given twice.
        ValueError: not JSON.
    """
    return json.loads(text, object_pairs_hook=_unique)


def given_twice(pairs: list[tuple[str, Any]]) -> list[str]:
    """Keys of one JSON object that it gives more than once, in order of their names."""
    counts = Counter(name for name, _ in pairs)
    return sorted(name for name, count in counts.items() if count > 1)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if twice := given_twice(pairs):
        raise InputError(f"key {', '.join(twice)} given twice in {json.dumps(found)}: keep one")
    return found


def sha256_bytes(content: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file as hexadecimal text, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def umask() -> int:
    """What the process takes away from a new file's mode; ``tempfile`` takes away more."""
    with _ASKING:
        mask = os.umask(0)
        os.umask(mask)
    return mask


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except EffaceError:
        raise
    except Exception as error:
        code = _system_code(error)
        if code in (errno.ENOSPC, errno.EDQUOT):
            raise InfrastructureError(
                f"disk full while writing {path}: nothing half-written is left; free some and rerun"
            ) from error
        if code in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise InfrastructureError(f"cannot write {path}: {os.strerror(code)}") from error
        if code in NO_PATH:
            raise InputError(
                f"cannot write {path}: {os.strerror(code)}; give another path"
            ) from error
        raise


def _system_code(error: Exception) -> int:
    """The number of a system's error, such as ``errno.ENOSPC``; 0 of any other."""
    if isinstance(error, OSError):
        return error.errno or 0
    found = _IN_WORDS.search(str(error))
    return int(found[1]) if found else 0
