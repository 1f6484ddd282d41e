"""One subcommand a step: its options."""

from typing import TYPE_CHECKING

from efface.cli import calls, options
from efface.cli.options import add_command, add_out, add_required, add_run

if TYPE_CHECKING:
    from efface.cli.options import Commands

MODELS = ("sets", "before", "after", "policy")


def add_commands(commands: "Commands") -> None:
    """Add every step, in the order of the graph."""
    parser = add_command(
        commands, "intake", calls.intake, "claim the due tickets and find their images"
    )
    add_required(parser, "tickets", "dataset")
    add_out(parser, "folder for batch.json and forget.parquet")
    add_run(parser)

    parser = add_command(commands, "shard", calls.shard, "write the sets to train on and to score")
    add_required(parser, "batch", "policy")
    add_out(parser, "folder for the sets")
    add_run(parser)
    options.add_sharding(parser)

    parser = add_command(commands, "unlearn", calls.unlearn, "train the encoder to forget")
    add_required(parser, "sets", "policy", "model", "before", "after")
    add_run(parser)
    options.add_registry(parser)
    options.add_method(parser)

    parser = add_command(commands, "evaluate", calls.evaluate, "score the model before and after")
    add_required(parser, *MODELS)
    parser.add_argument("--shard", help="part to score (default: all parts, merged into a report)")
    add_out(parser, "statistics of the part; of all parts: report.json")
    add_run(parser)

    parser = add_command(commands, "merge", calls.merge, "merge the statistics of all parts")
    parser.add_argument(
        "statistics", nargs="+", type=options.path_word, help="what evaluate --shard wrote"
    )
    add_required(parser, *MODELS)
    add_out(parser, "report.json")

    parser = add_command(
        commands,
        "audit",
        calls.audit,
        "run the attacks that the policy names under audit.attacks (none unless named) on the new "
        "model",
    )
    add_required(parser, *MODELS)
    add_out(parser, "audit.json")

    parser = add_command(commands, "gate", calls.gate, "answer whether the model may be served")
    add_required(parser, "report", "policy", "after")
    options.add_audit(parser)
    add_out(parser, "verdict.json, always written")
    add_run(parser)

    parser = add_command(commands, "explain", calls.explain, "write the evidence page")
    add_required(parser, "report", "verdict", *MODELS)
    options.add_audit(parser)
    add_out(parser, "the page, HTML")

    for name, handle, text in (
        ("register", calls.register, "register a model that passed, as candidate"),
        ("refuse", calls.refuse, "put on record why a model was blocked"),
    ):
        parser = add_command(commands, name, handle, text)
        add_required(parser, "verdict", "report", "page", "batch", "sets", "policy", "name")
        add_run(parser)
        options.add_registry(parser)
        options.add_audit(parser)
        if name == "register":
            add_required(parser, "after")

    parser = add_command(
        commands, "settle", calls.settle, "answer the tickets, delete private copies"
    )
    add_required(parser, "tickets")
    add_run(parser)
    parser.add_argument(
        "--error", default="", help="what the failed step said, for the tickets (default: nothing)"
    )
