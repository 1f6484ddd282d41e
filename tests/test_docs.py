"""What the documents say is there."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from efface.cli import build_parser
from efface.data.set_settings import ShardSettings
from efface.evidence.titles import METRICS
from efface.gate.rules import RULES
from efface.methods import METHODS
from efface.metrics.extractors.loading import KINDS
from efface.models.families import FAMILIES, PIPELINES
from efface.training.settings import PRESETS, TrainingSettings

ROOT = Path(__file__).parent.parent
FOLDERS = ("", "docs", "components/*", "charts/*", "images", "infra/*")
DOCUMENTS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.md".lstrip("/")))
README = (ROOT / "README.md").read_text()
COMMAND_LINE = (ROOT / "docs" / "command-line.md").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SUBCOMMANDS = {
    (command, word)
    for action in build_parser()._actions
    for command, parser in (getattr(action, "choices", None) or {}).items()
    for inner in parser._actions
    for word in (inner.choices if inner.dest == "what" else [""])
}


@pytest.mark.parametrize("command", sorted({" ".join(words).strip() for words in SUBCOMMANDS}))
def test_every_subcommand_is_documented(command):
    assert f"`efface {command}`" in COMMAND_LINE or command in {"bench", "data", "model", "policy"}


@pytest.mark.parametrize(
    ("names", "document"),
    [
        pytest.param(METHODS, "docs/method.md", id="methods"),
        pytest.param(PRESETS, "docs/method.md", id="presets"),
        pytest.param(RULES, "docs/gate.md", id="rules"),
        pytest.param(METHODS, "README.md", id="methods in the readme"),
        pytest.param(RULES, "README.md", id="rules in the readme"),
        pytest.param(METRICS, "README.md", id="metrics"),
        pytest.param({**FAMILIES, **PIPELINES}, "README.md", id="model families"),
        pytest.param(PIPELINES, "docs/bring-your-own.md", id="pipelines and their folders"),
        pytest.param(KINDS, "README.md", id="extractors"),
    ],
)
def test_every_name_that_a_user_can_give_is_documented(names, document):
    text = (ROOT / document).read_text()
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("settings", [TrainingSettings, ShardSettings])
def test_every_setting_is_documented(settings):
    names = [field.name for field in fields(settings)]
    assert [name for name in names if f"`{name}`" not in COMMAND_LINE] == []


def test_every_variable_of_the_environment_is_documented():
    source = (ROOT / "src" / "efface" / "settings.py").read_text()
    names = set(re.findall(r"EFFACE_[A-Z_]+", source))
    assert {name for name in names if f"`{name}`" not in COMMAND_LINE} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_in_the_documents_exists(document):
    named = re.findall(r"(?:^\$ |`)make ([a-z-]+)", document.read_text(), re.MULTILINE)
    assert set(named) <= TARGETS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_the_readme_starts_with_a_picture_and_commands():
    first_screen = README.splitlines()[:32]
    assert first_screen[0] == "# efface"
    assert any("intake" in line for line in first_screen)
    assert any(line.startswith("$ make demo") for line in first_screen)


def test_help_lists_every_target():
    listed = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(listed) == TARGETS
