"""What went wrong on the network, in few words."""

import re

PREFIX = re.compile(r"^(<.*?>|\w+\(.*?\)): ")
"""The connection object that urllib3 prints in front."""


def reason_of(error: BaseException) -> str:
    """``[Errno 111] Connection refused`` out of a chain of errors that urllib3 raised."""
    reason = getattr(error, "reason", None) or error
    return PREFIX.sub("", str(reason)) or type(reason).__name__
