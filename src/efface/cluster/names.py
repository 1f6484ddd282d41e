"""Names that Kubernetes takes, checked here so that it need not refuse them later."""

import re

from efface.errors import ConfigError

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")


def check_name(what: str, name: str) -> str:
    """A name of an object, at most as long as a label's value.

    Raises:
        ConfigError: Kubernetes would refuse it.
    """
    if _NAME.fullmatch(name):
        return name
    raise ConfigError(
        f"{what} {name!r} is no name of Kubernetes: use lower-case letters, digits, - and ., at "
        "most 63, a letter or digit at both ends"
    )
