"""Two words that are one command, beside the step of the first word."""

from efface.cli import build_parser, calibrate

PLAN = ["--plan", "p.yaml"]
STEP = ["--report", "r", "--policy", "p", "--after", "a", "--out", "o", "--run-id", "r"]


def parsed(*words):
    return build_parser().parse_args(calibrate.joined(words))


def test_the_two_words_are_one_command():
    assert parsed("gate", "calibrate", *PLAN).handle is calibrate.calibrate


def test_the_step_stays_a_command_of_its_own():
    assert parsed("gate", *STEP).command == "gate"
    assert parsed("gate", *STEP[:-1], "calibrate").run_id == "calibrate"
