"""Things of Kubeflow Pipelines that are found by name, and made once when they are absent."""

import json
from collections.abc import Callable
from typing import Any

from efface.cluster.kfp_api import KfpApi
from efface.errors import InputError

LONGEST = 128
"""Characters of a name that KFP's database keeps whole."""


def check_title(what: str, name: str) -> str:
    """A name as people read it, once KFP can keep it and a line can show it.

    Raises:
        InputError: empty, too long, or with something that is not printed.
    """
    if 0 < len(name) <= LONGEST and name.isprintable() and name == name.strip():
        return name
    raise InputError(
        f"name of the {what} {name[:LONGEST]!r} has {len(name)} characters: use 1 to {LONGEST} on "
        "one line, no space at either end"
    )


def by_name(name: str) -> str:
    """KFP's filter for things that are called ``name``."""
    wanted = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [wanted]})


def find_named(kfp: KfpApi, service: str, verb: str, field: str, name: str, **kwargs: Any) -> Any:
    """The thing of this name, None when there is none.

    Args:
        kfp: The API.
        service: As in ``KfpApi.call``.
        verb: Method of the service that lists such things.
        field: Field of its answer that holds them.
        name: What people call it.
        **kwargs: What else the method takes.
    """
    found = kfp.every(service, verb, field, filter=by_name(name), **kwargs)
    return next((thing for thing in found if thing.display_name == name), None)


def found_or_made(find: Callable[[], Any], make: Callable[[], Any]) -> tuple[Any, bool]:
    """The thing, and whether it is new; another one may make it a moment earlier."""
    if found := find():
        return found, False
    try:
        return make(), True
    except InputError:
        if found := find():
            return found, False
        raise
