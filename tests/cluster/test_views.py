"""A run on a terminal, and in a log."""

from io import StringIO

from rich.console import Console

from efface.cluster.tasks import Task
from efface.cluster.views import Lines, Moving, view_on

DONE = Task(name="shard", title="Make the sets", state="done", count=1, done=1, seconds=12.4)
LOOP = Task(name="evaluate", title="Score", state="running", count=3, done=1, seconds=5)


def shown(console: Console) -> str:
    stream = console.file
    assert isinstance(stream, StringIO)
    return stream.getvalue()


def test_a_terminal_gets_a_table_that_ends_with_the_last_state():
    console = Console(file=StringIO(), force_terminal=True, color_system=None, width=80)
    with view_on(console) as view:
        assert isinstance(view, Moving)
        view.show([LOOP])
        view.warn("unlearn [waits]")
        view.show([DONE, LOOP])
    last = [line for line in shown(console).splitlines() if "  " in line][-2:]
    assert [word in last[0] for word in ("shard", "Make the sets", "done", "12 s")] == [True] * 4
    assert [word in last[1] for word in ("evaluate", "running", "1/3")] == [True] * 3
    assert "unlearn [waits]" in shown(console)


def test_a_log_gets_a_line_a_change():
    console = Console(file=StringIO())
    with view_on(console) as view:
        assert isinstance(view, Lines)
        for tasks in ([LOOP], [LOOP], [DONE, LOOP]):
            view.show(tasks)
    assert shown(console) == "evaluate 1/3 running\nshard done\n"
