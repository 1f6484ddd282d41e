"""The doctor: runs every check, none of which can stop the others."""

import logging
from collections.abc import Iterator, Mapping

from efface.cluster.checks import ACCESS, OF_KUBERNETES, OF_SERVICES, Check
from efface.cluster.checks.place import FAILED, SKIPPED, WARNING, Finding, Place, Row
from efface.cluster.kubernetes_api import Refused
from efface.errors import EffaceError, InfrastructureError

logger = logging.getLogger(__name__)

UNKNOWN = Finding(SKIPPED, "the Kubernetes API cannot be asked")


def examine(
    place: Place,
    of_kubernetes: Mapping[str, Check] = OF_KUBERNETES,
    of_services: Mapping[str, Check] = OF_SERVICES,
) -> Iterator[Row]:
    """One row a check, as each is done."""
    reached = True
    for name, check in of_kubernetes.items():
        finding = guarded(check, place) if reached else UNKNOWN
        reached = reached and not (name == ACCESS and finding.state == FAILED)
        yield Row(name, finding)
    for name, check in of_services.items():
        yield Row(name, guarded(check, place))


def guarded(check: Check, place: Place) -> Finding:
    """What a check finds; an error is a finding too."""
    try:
        return check(place)
    except Refused as error:
        return Finding(WARNING, str(error), "ask for the right to read this")
    except EffaceError as error:
        found, _, to_do = str(error).partition("; ")
        return Finding(FAILED, found, to_do)
    except Exception as error:
        logger.exception("check=%s crashed", check.__name__)
        told = f"the check itself broke ({type(error).__name__}: {error})"
        return Finding(FAILED, told, "please report it")


def exit_code(rows: list[Row]) -> int:
    """0 when nothing failed, else that of an InfrastructureError."""
    failed = any(row.finding.state == FAILED for row in rows)
    return InfrastructureError.exit_code if failed else 0
