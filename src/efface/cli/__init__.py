"""The command ``efface``: one subcommand a step, ``run`` for all of them, and what goes before.

    efface run            every step on this machine, in one process
    efface intake ...     one step; the same word as the component and the pipeline's task
    efface data import    a dataset out of a folder of images
    efface model import   a model of your own as the version in service
    efface bench table    methods measured against each other
    efface gate calibrate how often the gate errs
    efface compile        the pipeline as a file for Kubeflow Pipelines
    efface policy check   is this policy one that the gate can work with?
    efface submit         the pipeline on a cluster; also schedule, doctor

Modules that are slow to import (torch, mlflow, pyarrow) are imported where a subcommand needs them.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from efface import __version__, logs
from efface.cli import bench, calibrate, compiling, doctor, imports, run, schedule, steps, submit
from efface.cli.machine import refusal
from efface.errors import EffaceError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
NOBODY_READS = 141
"""Exit code after SIGPIPE, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit codes are in ``efface.errors``, and 130 after Ctrl-C."""
    given = build_parser().parse_args(calibrate.joined(sys.argv[1:] if argv is None else argv))
    logs.configure()
    try:
        code = int(given.handle(given))
        sys.stdout.flush()
        return code
    except EffaceError as error:
        print(f"efface {given.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"efface {given.command}: interrupted{given.after_interrupt}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # of `efface ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's exit says so
        return NOBODY_READS
    except OSError as error:
        if (refused := refusal(error)) is None:
            raise
        print(f"efface {given.command}: {refused}", file=sys.stderr)
        return refused.exit_code


def build_parser() -> argparse.ArgumentParser:
    """The parser with every subcommand."""
    parser = argparse.ArgumentParser(
        prog="efface",
        description="Deletion tickets go in; models that have verifiably forgotten come out, "
        "or are blocked with reasons.",
        epilog="Exit codes: 0 passed or nothing due, 2 bad input, 3 blocked by the gate, "
        "4 storage or a service failed, 1 a defect of efface.",
    )
    parser.add_argument("--version", action="version", version=f"efface {__version__}")
    parser.set_defaults(after_interrupt="")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run.add_command(commands)
    steps.add_commands(commands)
    imports.add_commands(commands)
    bench.add_command(commands)
    calibrate.add_command(commands)
    for on_cluster in (compiling, submit, schedule, doctor):
        on_cluster.add_command(commands)
    return parser
