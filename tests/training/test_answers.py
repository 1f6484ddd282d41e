import pytest

from efface.errors import DataError, InfrastructureError, PreemptedError
from efface.storage import open_store
from efface.training.answers import (
    forget_answers,
    preempted,
    read_failure,
    read_outcome,
    write_failure,
    write_outcome,
)
from efface.training.group import PeerLostError
from efface.training.loop import Outcome

OUTCOME = Outcome(steps=4, resumed_from=0, stopped_early=False, retain_loss=0.1, forget_loss=0.2)


@pytest.fixture
def exchange(tmp_path):
    return open_store(str(tmp_path))


def test_an_outcome_is_read_as_it_was_written_and_forgotten_when_asked(exchange):
    assert read_outcome(exchange) is None
    write_outcome(exchange, OUTCOME)
    assert read_outcome(exchange) == OUTCOME
    forget_answers(exchange)
    assert read_outcome(exchange) is None


def test_the_first_failure_counts_and_keeps_its_kind(exchange):
    write_failure(exchange, 1, DataError("the image is damaged"))
    write_failure(exchange, 0, InfrastructureError("later"))
    failure = read_failure(exchange)
    assert isinstance(failure, DataError)
    assert str(failure) == "the image is damaged"


def test_a_process_that_only_missed_another_does_not_count(exchange):
    write_failure(exchange, 0, PeerLostError("gone"))
    write_failure(exchange, 1, DataError("the image is damaged"))
    assert isinstance(read_failure(exchange), DataError)


def test_when_all_that_is_known_is_that_one_is_gone_it_is_no_defect_of_efface(exchange):
    write_failure(exchange, 0, PeerLostError("another process is gone"))
    failure = read_failure(exchange)
    assert isinstance(failure, InfrastructureError)
    assert failure.exit_code == 4


def test_a_defect_keeps_its_traceback(exchange):
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        write_failure(exchange, 0, error)
    failure = read_failure(exchange)
    assert isinstance(failure, RuntimeError)
    assert "test_answers.py" in str(failure)


def test_processes_that_said_nothing_were_killed(exchange):
    assert "killed, perhaps for lack of memory" in str(read_failure(exchange))


def test_a_job_that_was_asked_to_stop_is_preempted_whether_it_could_save_or_not(exchange):
    assert "before the training state could be saved" in str(preempted(exchange))
    write_failure(exchange, 0, PreemptedError("after step 5"))
    assert str(preempted(exchange)) == "after step 5"
