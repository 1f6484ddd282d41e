import sys

import pytest

from tests.cluster.live.commands import CommandError, call


def test_what_a_command_writes_is_given():
    assert call(sys.executable, "-c", "print(input())", given="hello") == "hello\n"


def test_a_command_that_failed_is_told_with_its_words_and_what_it_said():
    code = "import sys; sys.exit('no such namespace')"
    with pytest.raises(CommandError, match=r"(?s)-c import sys.*exit 1: no such namespace"):
        call(sys.executable, "-c", code)


def test_a_command_that_is_not_installed_is_told():
    with pytest.raises(CommandError, match="no-such-tool is not installed: put it on PATH"):
        call("no-such-tool")


def test_a_command_that_hangs_is_ended():
    with pytest.raises(CommandError, match="gave no answer within 0 s"):
        call(sys.executable, "-c", "import time; time.sleep(60)", seconds=0.2)
