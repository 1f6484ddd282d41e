"""One process of a training that several do together: ``torchrun -m efface.training.worker PLACE``.

PLACE is the exchange, a folder or s3:// address with a job in it. torchrun says which process this
is; on several nodes it reads PET_NNODES, PET_NODE_RANK, PET_MASTER_ADDR and so on, which the
runtime ``torch-distributed`` of Kubeflow Trainer sets.
"""

import logging
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import distributed

from efface import logs
from efface.errors import EffaceError
from efface.storage import Store, open_store
from efface.training.answers import write_failure, write_outcome
from efface.training.exchange import collect, deliver
from efface.training.group import Group, joined
from efface.training.job import Job, read_job, train

log = logging.getLogger(__name__)


def main(place: str) -> int:
    """Do a share of the job at ``place``; gives the exit code of ``efface.errors``."""
    logs.configure()
    exchange = open_store(place)
    try:
        with joined() as group:
            _work(exchange, group)
    except EffaceError as error:
        log.error("exit=%d %s", error.exit_code, error)
        write_failure(exchange, _rank(), error)
        return error.exit_code
    except Exception as error:
        write_failure(exchange, _rank(), error)
        raise
    return 0


def _work(exchange: Store, group: Group) -> None:
    logs.configure(logging.INFO if group.first else logging.WARNING)
    job = read_job(exchange)
    with tempfile.TemporaryDirectory(prefix="efface-") as folder:
        here = _brought_here(job, exchange, group, Path(folder))
        outcome = train(here, group)
        if group.first:
            if here.after != job.after:
                deliver(Path(here.after), exchange, job.after)
            write_outcome(exchange, outcome)
        group.wait()


def _brought_here(job: Job, exchange: Store, group: Group, folder: Path) -> Job:
    """The job with paths of this node; the first process of a node copies what is not here."""
    shared = Path(group.named(str(folder)))
    places = {"sets": job.sets, "policy": job.policy, "before": job.before}
    away = {name: place for name, place in places.items() if _is_in_exchange(place)}
    if group.local_rank == 0:
        for top in sorted({place.partition("/")[0] for place in away.values()}):
            collect(exchange, top, shared)
    group.wait()
    if _is_in_exchange(job.after):
        away["after"] = job.after
    changes: dict[str, Any] = {name: str(shared / place) for name, place in away.items()}
    return replace(job, **changes)


def _is_in_exchange(place: str) -> bool:
    return not Path(place).is_absolute() and "://" not in place


def _rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
