"""What can be said of an address without asking it."""

import re
from urllib.parse import urlsplit


def without_password(address: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"//[^@/]*@", "//", address)


def is_inside(address: str) -> bool:
    """Whether only pods know this name.

    Raises:
        ValueError: it is no address.
    """
    host = urlsplit(address).hostname or ""
    return "." not in host.removesuffix(".") or host.endswith((".svc", ".svc.cluster.local"))
