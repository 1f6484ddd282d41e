"""The idle component: what a run does when no ticket is due."""

from kfp import dsl

from components.images import CORE


@dsl.component(base_image=CORE, install_kfp_package=False)
def idle(note: dsl.Output[dsl.Markdown]) -> None:
    """Say that nothing was due, so that a short run explains itself.

    Args:
        note: One sentence for people.
    """
    from pathlib import Path

    Path(note.path).write_text("No ticket was due: no model was touched.\n")
