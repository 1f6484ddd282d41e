import pytest

from efface.errors import InfrastructureError
from efface.storage import open_store
from efface.tickets.failures import first_failure, remembered


@pytest.fixture
def shared(tmp_path):
    return open_store(str(tmp_path / "run"))


def fail(shared, step, error):
    with pytest.raises(type(error)), remembered(shared, step):
        raise error


def test_the_step_that_failed_first_is_the_one_told(shared):
    assert first_failure(shared) == ""
    fail(shared, "unlearn", InfrastructureError("disk full"))
    fail(shared, "evaluate", InfrastructureError("no model"))
    assert first_failure(shared) == "unlearn: disk full"


def test_a_later_attempt_that_does_well_takes_the_note_away(shared):
    fail(shared, "unlearn", InfrastructureError("disk full"))
    with remembered(shared, "unlearn"):
        pass
    assert first_failure(shared) == ""


def test_a_defect_is_told_by_its_kind_alone(shared):
    fail(shared, "shard", KeyError("jane@example.org"))
    assert first_failure(shared) == "shard: KeyError"


def test_a_note_that_cannot_be_written_hides_no_error(tmp_path):
    (tmp_path / "run").write_text("a file in the way")
    fail(open_store(str(tmp_path / "run")), "shard", InfrastructureError("disk full"))
