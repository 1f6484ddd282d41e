"""How many processes, on how many nodes: settings of a run that do not change what it computes."""

from dataclasses import dataclass, fields
from typing import Any

from efface.errors import ConfigError
from efface.typed import need, typed


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Where a training runs. Beside the settings of the method, in the same mapping."""

    processes: int = 0
    """Processes on each node; 0: one for each GPU that is visible, or one."""
    nodes: int = 1
    """Nodes; more than one: a TrainJob of Kubeflow Trainer (``efface.cluster.launcher``)."""
    node_gpus: int = 0
    """GPUs of each node of a TrainJob."""
    node_gpu_type: str = "nvidia.com/gpu"
    """What Kubernetes calls them."""
    node_cpus: int = 4
    """CPU cores of each node of a TrainJob."""
    node_memory: str = "16Gi"
    """Memory of each node of a TrainJob, as Kubernetes writes it."""
    queue: str = ""
    """Kueue queue that a TrainJob waits in; empty: none."""
    runtime: str = "torch-distributed"
    """ClusterTrainingRuntime of a TrainJob."""
    node_timeout: int = 86_400
    """Seconds until a TrainJob is deleted, waiting for nodes included."""

    def __post_init__(self) -> None:
        """Refuse values that contradict their meaning."""
        for name, least in (("nodes", 1), ("node_cpus", 1), ("node_timeout", 1)):
            _need(getattr(self, name) >= least, name, f"at least {least}", getattr(self, name))
        for name in ("processes", "node_gpus"):
            _need(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        _need(
            not (self.node_gpus and self.processes > self.node_gpus),
            "processes",
            f"at most node_gpus ({self.node_gpus})",
            self.processes,
        )

    def processes_here(self, gpus: int) -> int:
        """Processes on this node.

        Args:
            gpus: visible here.

        Raises:
            ConfigError: more processes than GPUs are asked for.
        """
        if gpus and self.processes > gpus:
            raise ConfigError(
                f"processes is {self.processes}, and {gpus} GPU(s) are visible: use 0 for one "
                "process a GPU, or ask for more GPUs"
            )
        return self.processes or max(1, gpus)

    @property
    def processes_of_node(self) -> int:
        """Processes on each node of a TrainJob."""
        return self.processes or max(1, self.node_gpus)

    def check_batch(self, batch_size: int, processes: int) -> None:
        """Refuse a batch that leaves a process without work.

        Raises:
            ConfigError: fewer images than processes.
        """
        if batch_size < processes:
            raise ConfigError(
                f"batch_size is {batch_size}, and {processes} processes share each batch: use a "
                "larger batch_size or fewer processes"
            )


def take_spread(method: dict[str, Any]) -> tuple[Spread, dict[str, Any]]:
    """Split what a user gave into where to run and how to unlearn.

    Raises:
        ConfigError: a value of the wrong type or out of range.
    """
    known = {field.name: field.default for field in fields(Spread)}
    given = {
        name: typed(f"method setting {name}", method[name], known[name])
        for name in known
        if name in method
    }
    return Spread(**given), {name: value for name, value in method.items() if name not in known}


def _need(true: bool, name: str, accepted: str, given: Any) -> None:
    need(true, f"method setting {name}", accepted, given)
