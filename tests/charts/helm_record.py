"""Helm's record of a release, a Secret that Helm sends as protobuf where it reads JSON.

The numbers of the fields are those of runtime.Unknown, core/v1 Secret and meta/v1 ObjectMeta.
"""

import base64
from collections.abc import Iterator
from typing import Any

MAGIC = b"k8s\x00"


def to_secret(body: bytes) -> dict[str, Any]:
    """The Secret as JSON has it."""
    (raw,) = (value for number, value in fields(body.removeprefix(MAGIC)) if number == 2)
    content = list(fields(raw))
    (metadata,) = (list(fields(value)) for number, value in content if number == 1)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": next(value.decode() for number, value in metadata if number == 1),
            "labels": {k.decode(): v.decode() for k, v in entries(metadata, 11)},
        },
        "data": {k.decode(): base64.b64encode(v).decode() for k, v in entries(content, 2)},
        "type": next(value.decode() for number, value in content if number == 3),
    }


def entries(message: list[tuple[int, bytes]], number: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each entry of a map."""
    for found, value in message:
        if found == number:
            entry = dict(fields(value))
            yield entry[1], entry.get(2, b"")


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field that has a length; numbers alone are passed over."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        size, at = varint(message, at)
        if tag & 7 == 2:
            yield tag >> 3, message[at : at + size]
            at += size


def varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
