import sys

import pytest

from tests.cluster.live.submission import Submission

RUN = "5f1c2d3e-0000-4000-8000-123456789abc"


def submit(code, tmp_path):
    return Submission([sys.executable, "-u", "-c", code], tmp_path / "submit.log")


def test_the_run_id_is_known_while_the_run_goes_on(tmp_path):
    code = f"import time; print('run {RUN}: http://kfp/#/runs/details/{RUN}'); time.sleep(60)"
    submission = submit(code, tmp_path)
    assert submission.run_id() == RUN
    submission.stop()


def test_a_submission_that_was_refused_is_told_with_its_words(tmp_path):
    submission = submit("import sys; sys.exit('no such host')", tmp_path)
    with pytest.raises(AssertionError, match="ended with 1: no such host"):
        submission.run_id()


def test_the_exit_code_is_that_of_the_command(tmp_path):
    assert submit("raise SystemExit(3)", tmp_path).ends_with(30) == 3


def test_a_run_that_takes_too_long_is_told_with_its_last_lines(tmp_path):
    submission = submit("import time; print('unlearn running'); time.sleep(60)", tmp_path)
    with pytest.raises(AssertionError, match=r"(?s)did not end within . s; last lines:"):
        submission.ends_with(0.3)
