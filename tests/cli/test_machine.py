import errno
import os

import pytest

from efface.cli import main
from efface.cli.machine import refusal


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "/registry: No space left on device: free space there and run again"),
        (errno.EACCES, "/registry: Permission denied: give this user the right to it"),
        (errno.EROFS, "/registry: Read-only file system: name a folder that can be written to"),
    ],
)
def test_what_the_machine_refuses_is_one_line_and_an_exit_code(monkeypatch, capsys, number, said):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number), "/registry")

    monkeypatch.setattr("efface.registry.import_base", refuse)
    assert main(["model", "import", "--name", "m", "folder"]) == 4
    written = capsys.readouterr().err
    assert said in written
    assert len(written.splitlines()) == 1


def test_a_path_that_no_file_system_takes_is_the_users_error(capsys):
    assert main(["model", "import", "--name", "m", "x" * 5000]) == 2
    written = capsys.readouterr().err
    assert "xxx...: File name too long: give a shorter path" in written
    assert len(written) < 200


def test_another_error_of_the_system_stays_a_defect():
    assert refusal(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
    assert refusal(OSError("no number")) is None
