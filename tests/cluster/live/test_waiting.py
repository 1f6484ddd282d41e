import pytest

from tests.cluster.live.waiting import NotYetError, TimedOutError, wait_for


class Clock:
    """A clock that runs when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def wait(look, clock, seconds=10.0):
    return wait_for("the pod", look, seconds=seconds, every=3.0, clock=clock, sleep=clock.sleep)


def test_an_answer_ends_the_wait():
    clock = Clock()

    def look():
        if clock.now < 6:
            raise NotYetError("Pending")
        return "pod-1"

    assert wait(look, clock) == "pod-1"
    assert clock.now == 6


def test_a_wait_that_ran_out_says_what_it_waited_for_and_what_it_saw_last():
    clock = Clock()

    def look():
        raise NotYetError(f"Pending at {clock.now:.0f}")

    with pytest.raises(TimedOutError, match=r"waited 10 s for the pod; last seen: Pending at 12"):
        wait(look, clock)


def test_one_look_is_taken_when_there_is_no_time_at_all():
    assert wait(lambda: "there", Clock(), seconds=0) == "there"


def test_any_other_error_ends_the_wait_at_once():
    clock = Clock()

    def look():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        wait(look, clock)
    assert clock.now == 0
