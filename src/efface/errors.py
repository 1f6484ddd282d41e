"""Every error a user can meet, and the exit code it ends the command with.

    EffaceError
    +-- InputError                exit 2  something the user gave is wrong
    |   +-- ConfigError                   a setting, a policy, a mask or a method
    |   +-- TicketError                   a deletion ticket, or two that contradict each other
    |   +-- DataError                     a manifest, a shard, an image, or sets that overlap
    |   +-- CheckpointError               weights: absent, damaged, or of another architecture
    +-- BlockedError              exit 3  the gate said no; the verdict holds the reasons
    +-- InfrastructureError       exit 4  storage, disk, or a service that does not answer
        +-- TrainingError                 the optimisation broke down; blocks its tickets
        +-- PreemptedError    exit 143    asked to stop (SIGTERM); what was reached is saved

Exit 0 is a passed gate, or nothing due. Exit 1 is a defect of efface itself: it shows a traceback,
please report it. A message says what was given, what is accepted, and what to do.
"""


class EffaceError(Exception):
    """Base of every error that efface raises on purpose."""

    exit_code = 1


class InputError(EffaceError):
    """Something the user gave is wrong."""

    exit_code = 2


class ConfigError(InputError):
    """A setting, a policy, a mask or a method is wrong."""


class TicketError(InputError):
    """A deletion ticket is malformed, or contradicts another one."""


class DataError(InputError):
    """A manifest, a shard or an image is wrong."""


class CheckpointError(InputError):
    """Model weights are absent, damaged, or of another architecture."""


class BlockedError(EffaceError):
    """The gate blocked the model."""

    exit_code = 3


class InfrastructureError(EffaceError):
    """Storage, the disk or a service failed."""

    exit_code = 4


class PreemptedError(InfrastructureError):
    """Somebody asked the process to stop; what was reached is saved, run again to go on."""

    exit_code = 143
    """128 + SIGTERM, what a shell says of a process that SIGTERM ended."""


class TrainingError(InfrastructureError):
    """The optimisation broke down, and would again: the tickets are blocked, as by the gate."""
