"""What the machine refuses, as an error with what to do; any other OSError is a defect."""

import errno

from efface.errors import EffaceError, InfrastructureError, InputError

_REFUSALS: dict[int, tuple[type[EffaceError], str]] = {
    errno.ENAMETOOLONG: (InputError, "give a shorter path"),
    errno.ENOSPC: (InfrastructureError, "free space there and run again"),
    errno.EDQUOT: (InfrastructureError, "free space there, or ask for a larger quota"),
    errno.EROFS: (InfrastructureError, "name a folder that can be written to"),
    errno.EACCES: (InfrastructureError, "give this user the right to it, or name another place"),
    errno.EPERM: (InfrastructureError, "give this user the right to it, or name another place"),
    errno.EIO: (InfrastructureError, "the disk fails: look at it, then run again"),
}


def refusal(error: OSError) -> EffaceError | None:
    """The error that a user is shown for what the machine refused; None: not one of these."""
    found = _REFUSALS.get(error.errno or 0)
    if found is None:
        return None
    kind, advice = found
    place = str(error.filename or "")
    named = f"{place[:60]}...: " if len(place) > 200 else f"{place}: " if place else ""
    return kind(f"{named}{error.strerror}: {advice}")
