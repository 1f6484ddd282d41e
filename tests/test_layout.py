"""What the import contracts of pyproject.toml cannot hold."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "efface"
FILES = sorted(p for top in ("src", "components", "pipelines") for p in (ROOT / top).rglob("*.py"))
SLOW = {"torch", "torchvision", "mlflow", "transformers", "diffusers", "kfp"}
SLOW |= {"kfp_server_api", "kubernetes"}

TORCH_FREE = [
    "efface.data.images",
    "efface.data.importing",
    "efface.data.manifest",
    "efface.data.shards",
    "efface.errors",
    "efface.evaluation.report",
    "efface.evidence.purge",
    "efface.files",
    "efface.gate.decide",
    "efface.gate.policy",
    "efface.settings",
    "efface.steps.gate",
    "efface.steps.intake",
    "efface.steps.settle",
    "efface.storage",
    "efface.tickets",
]
"""What the core image, which has no torch, must be able to import."""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """Full names of the modules that a file imports, also within functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{a.name}" for a in node.names}
    return names


def loaded_by(module: str) -> set[str]:
    """Top-level modules that are loaded after importing one, in a fresh interpreter."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_core_loads_no_torch():
    assert loaded_by(", ".join(TORCH_FREE)) & SLOW == set()


def test_the_command_line_loads_nothing_slow():
    slow = SLOW | {"pyarrow", "numpy", "scipy", "matplotlib", "boto3", "PIL"}
    assert loaded_by("efface.cli") & slow == set()


def test_only_settings_reads_the_environment():
    allowed = {"src/efface/settings.py", "src/efface/registry/connection.py"}
    words = ("os.environ", "os.getenv")
    sources = SOURCE.rglob("*.py")
    reading = {named(p) for p in sources if any(w in p.read_text() for w in words)}
    assert reading <= allowed


def test_only_placement_and_the_cluster_package_speak_of_kubernetes():
    speaking = {
        named(path)
        for path in FILES
        if any("kubernetes" in name.split(".") for name in imported(path))
    }
    assert {name for name in speaking if not name.startswith("src/efface/cluster/")} == {
        "pipelines/placement.py"
    }


def test_only_the_command_line_prints():
    calls = {
        named(path)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert {name for name in calls if not name.startswith("src/efface/cli/")} == set()


def test_no_file_is_named_after_nothing():
    empty = {"utils", "helpers", "common", "manager", "handler", "misc", "core"}
    assert {named(p) for p in FILES if p.stem in empty} == set()


def test_no_file_is_longer_than_a_reader_can_hold():
    assert {named(p) for p in FILES if len(p.read_text().splitlines()) > 300} == set()


@pytest.mark.parametrize("folder", sorted(p.name for p in SOURCE.iterdir() if p.is_dir()))
def test_tests_mirror_the_tree(folder):
    if folder == "__pycache__":
        pytest.skip("no code")
    tests = ROOT / "tests" / folder
    assert list(tests.glob("test_*.py")), f"no tests in {named(tests)}"


def test_the_version_of_the_images_is_that_of_the_package():
    from components.images import VERSION
    from efface import __version__

    assert __version__ == VERSION
