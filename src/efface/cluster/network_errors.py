"""What went wrong on the network, or what a server said of it, in few words."""

import json
import re
from typing import Any

PREFIX = re.compile(r"^(<.*?>|\w+\(.*?\)): ")
"""The connection object that urllib3 prints in front."""


def reason_of(error: BaseException) -> str:
    """``[Errno 111] Connection refused`` out of a chain of errors that urllib3 raised."""
    reason = getattr(error, "reason", None) or error
    return PREFIX.sub("", str(reason)) or type(reason).__name__


def said(body: Any) -> str:
    """What a server says in the body of an error, on one line; empty when it says nothing so.

    Kubernetes and KFP say ``message``, the gateway in front of KFP ``error``.
    """
    try:
        found = json.loads(body)
        text = found.get("message") or found.get("error_message") or found.get("error")
    except (AttributeError, TypeError, ValueError):
        return ""
    return " ".join(str(text or "").split())[:500]
