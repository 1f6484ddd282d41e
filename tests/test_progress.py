"""How a long loop shows how far it is."""

import json
import logging

import pytest

from efface import progress
from efface.progress import track


def test_a_watcher_finds_a_file_while_the_loop_runs_and_none_after(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFACE_PROGRESS", str(tmp_path / "watched"))
    monkeypatch.setattr(progress, "FILE_EVERY", 0.0)
    with track("unlearn", 3) as loop:
        loop.advance(2)
        (path,) = (tmp_path / "watched").iterdir()
        content = json.loads(path.read_text())
        assert (content["label"], content["done"], content["total"]) == ("unlearn", 2, 3)
    assert list((tmp_path / "watched").iterdir()) == []


def test_the_file_is_gone_also_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFACE_PROGRESS", str(tmp_path))
    with pytest.raises(ZeroDivisionError), track("unlearn", 3):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_a_line_is_logged_at_the_end(caplog):
    with caplog.at_level(logging.INFO), track("score", 5) as loop:
        loop.advance(5)
    assert caplog.messages == ["progress=score done=5 total=5 seconds=0"]


def test_lines_are_logged_now_and_then_not_each_round(caplog, monkeypatch):
    monkeypatch.setattr(progress, "LOG_EVERY", 1e9)
    with caplog.at_level(logging.INFO), track("score", 100) as loop:
        for _ in range(100):
            loop.advance()
    assert len(caplog.messages) == 1


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with track("score", 2) as loop:
        loop.advance()
        (sink,) = loop.sinks
        assert type(sink).__name__ == "Bar"


def test_the_last_line_is_not_logged_twice(caplog, monkeypatch):
    monkeypatch.setattr(progress, "LOG_EVERY", 0.0)
    with caplog.at_level(logging.INFO), track("score", 2) as loop:
        loop.advance()
        loop.advance()
    assert [line.split()[1] for line in caplog.messages] == ["done=1", "done=2"]


def test_a_loop_within_a_loop_has_a_bar_too(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with track("cells", 1) as outer, track("unlearn", 1) as inner:
        inner.advance()
        outer.advance()
        assert type(inner.sinks[0]).__name__ == type(outer.sinks[0]).__name__ == "Bar"
