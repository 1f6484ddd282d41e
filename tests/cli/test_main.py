"""The command line: help, exit codes, messages."""

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from efface import cli
from efface.cli import build_parser, main, options
from efface.errors import BlockedError, ConfigError, InfrastructureError


def subcommands(parser, prefix=()):
    """(words, parser) of every subcommand that does something."""
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for name, inner in (item for group in groups for item in group.choices.items()):
        below = list(subcommands(inner, (*prefix, name)))
        yield from below or [((*prefix, name), inner)]


EVERY = list(subcommands(build_parser()))
IDS = [" ".join(words) for words, _ in EVERY]
every = pytest.mark.parametrize(("words", "parser"), EVERY, ids=IDS)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)


def test_every_step_is_a_subcommand():
    steps = {"intake", "shard", "unlearn", "evaluate", "merge", "audit", "gate", "explain"}
    steps |= {"register", "refuse", "settle", "run"}
    others = {"data import", "model import", "policy check", "gate calibrate"}
    on_cluster = {"compile", "submit", "schedule", "doctor"}
    assert set(IDS) == steps | others | on_cluster | {"bench table", "bench pictures"}


def test_help_comes_at_once():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "efface.cli", "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 1  # seconds of CPU; a tenth on an idle machine


@every
def test_every_option_has_help_with_its_default_or_says_that_it_is_required(words, parser):
    for action in parser._actions:
        if action.dest != "help" and action.option_strings:
            assert "(default: " in action.help or "(required)" in action.help, action.dest


@pytest.mark.parametrize(
    "words",
    [
        ("policy", "check", ""),
        ("data", "import", "images", "--table", "", "--out", "dataset"),
        ("data", "import", "images", "--table", "t.csv", "--out", ""),
        ("model", "import", "", "--name", "painter"),
        *[
            ("run", "--tickets", "t", "--dataset", "d", "--policy", "p", "--name", "n", *more)
            for more in (("--model", ""), ("--model", "m", "--workdir", " "))
        ],
        ("settle", "--tickets", "t", "--run-id", "r", "--workspace", ""),
        ("settle", "--tickets", "t", "--run-id", ""),
    ],
    ids=" ".join,
)
def test_an_empty_word_is_not_the_folder_one_is_in(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "is empty: give a value" in capsys.readouterr().err


@every
def test_paths_are_read_by_the_type_that_refuses_empty_ones(words, parser):
    assert [action.dest for action in parser._actions if action.type is Path] == []


@every
def test_required_options_are_those_that_say_so(words, parser):
    for action in parser._actions:
        if action.option_strings:
            assert action.required == ("(required)" in (action.help or ""))


@every
def test_every_subcommand_shows_its_help(words, parser, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    assert "usage: efface" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(ConfigError("policy p is empty: write keys"), 2, id="bad input"),
        pytest.param(BlockedError("the gate blocked this model"), 3, id="blocked"),
        pytest.param(InfrastructureError("disk full"), 4, id="infrastructure"),
        pytest.param(KeyboardInterrupt(), 130, id="interrupted"),
    ],
)
def test_an_error_is_one_message_and_an_exit_code(monkeypatch, capsys, error, code):
    def fail(given):
        raise error

    monkeypatch.setattr("efface.cli.imports.policy_check", fail)
    assert main(["policy", "check", "p.yaml"]) == code
    told = capsys.readouterr().err
    assert str(error) in told
    assert "Traceback" not in told


def test_a_defect_is_not_hidden(monkeypatch):
    def fail(given):
        raise ZeroDivisionError

    monkeypatch.setattr("efface.cli.imports.policy_check", fail)
    with pytest.raises(ZeroDivisionError):
        main(["policy", "check", "p.yaml"])


def test_an_unknown_option_is_bad_input(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["gate", "--fast"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("steps=200", ("steps", 200)),
        ("alpha=0.5", ("alpha", 0.5)),
        ("worst_share=.5", ("worst_share", 0.5)),
        ("alpha=-.5", ("alpha", -0.5)),
        ("alpha=2.", ("alpha", 2.0)),
        ("proxy=.", ("proxy", ".")),
        ("proxy=.5.tar", ("proxy", ".5.tar")),
        ("preset=published-vqgan", ("preset", "published-vqgan")),
        ("note=a=b", ("note", "a=b")),
    ],
)
def test_a_setting_is_a_number_where_it_looks_like_one(text, pair):
    assert options.key_value(text) == pair


@pytest.mark.parametrize("text", ["steps", "=200", ""])
def test_a_setting_without_a_key_or_value_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="KEY=VALUE"):
        options.key_value(text)


@pytest.mark.parametrize(
    ("words", "method"),
    [
        pytest.param([], {}, id="defaults"),
        pytest.param(["--method", "max-loss"], {"name": "max-loss"}, id="name"),
        pytest.param(
            ["--method", '{"name": "i2i", "alpha": 1}'], {"name": "i2i", "alpha": 1}, id="json"
        ),
        pytest.param(
            ["--method", "i2i", "--set", "steps=5"], {"name": "i2i", "steps": 5}, id="set"
        ),
    ],
)
def test_a_method_is_a_name_or_json_and_single_settings_win(words, method):
    parser = argparse.ArgumentParser()
    options.add_method(parser)
    assert options.method_of(parser.parse_args(words)) == method


def test_a_setting_given_twice_is_refused(capsys):
    parser = argparse.ArgumentParser()
    options.add_method(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--method", '{"name": "i2i", "alpha": 1, "alpha": 2}'])
    assert "key alpha given twice" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == f"efface {cli.__version__}"


def test_a_reader_that_leaves_early_gets_no_traceback():
    script = (
        "import argparse, efface.cli as cli\n"
        "given = argparse.Namespace(command='x', handle=lambda _: print('x\\n' * 10**6) or 0)\n"
        "cli.build_parser = lambda: argparse.Namespace(parse_args=lambda _: given)\n"
        "raise SystemExit(cli.main([]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (cli.NOBODY_READS, b"")
