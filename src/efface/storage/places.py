"""Whether two places are one: an address can be written in many ways."""

from pathlib import Path

FILE = "file://"


def same_place(one: str, other: str) -> bool:
    """Whether two places of ``open_store`` are the same folder or the same prefix of a bucket.

    Links and ``..`` are followed; two endpoints that show one bucket are not seen through.
    """
    return _resolved(one) == _resolved(other)


def absolute(place: str) -> str:
    """The place as it is known from every folder of this machine."""
    return place if "://" in place else str(Path(place).absolute())


def _resolved(place: str) -> str:
    if "://" in place and not place.startswith(FILE):
        scheme, _, rest = place.partition("://")
        bucket, _, prefix = rest.partition("/")
        return f"{scheme}://{bucket}/{prefix.strip('/')}"
    return str(Path(place.removeprefix(FILE)).resolve())
