"""Each component runs on an image that has what it imports."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from components.images import CORE, GPU

COMPONENTS = Path(__file__).parents[2] / "components"
NAMES = sorted(path.parent.name for path in COMPONENTS.glob("*/component.py"))
ABSENT = ("diffusers", "matplotlib", "mlflow", "open_clip", "safetensors", "torch", "transformers")
"""What the core image does not have."""
WITHOUT = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def image_of(name: str) -> str:
    component = getattr(importlib.import_module(f"components.{name}"), name)
    return component.component_spec.implementation.container.image


def imports_of(name: str) -> list[str]:
    """The lines in a component's body that import efface."""
    text = (COMPONENTS / name / "component.py").read_text()
    return re.findall(r"^    (from efface\S* import .+)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_component_names_one_of_the_two_images(name):
    assert image_of(name) in {CORE, GPU}


@pytest.mark.parametrize("name", [name for name in NAMES if image_of(name) == CORE])
def test_a_component_of_the_core_imports_nothing_that_the_core_lacks(name):
    code = "\n".join([WITHOUT, *imports_of(name)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_core_runs_what_needs_no_model():
    assert {name for name in NAMES if image_of(name) == CORE} == {
        "gate",
        "idle",
        "intake",
        "settle",
    }
