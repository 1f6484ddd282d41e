"""The Terraform code as the tests see it: parsed, without a provider."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2

TERRAFORM = Path(__file__).parents[2] / "infra" / "terraform"
FOLDERS = sorted(path.parent for path in TERRAFORM.glob("*/*/variables.tf"))


def name_of(folder: Path) -> str:
    return folder.relative_to(TERRAFORM).as_posix()


def blocks(folder: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Label, or labels joined by a dot, and content of every block of a kind, without quotes."""
    for path in sorted(folder.glob("*.tf")):
        for block in plain(hcl2.loads(path.read_text())).get(kind, []):
            for label, content in block.items():
                if kind in {"resource", "data"}:
                    yield from ((f"{label}.{name}", inner) for name, inner in content.items())
                else:
                    yield label, content


def resource(module: str, label: str) -> dict[str, Any]:
    """One resource of a module."""
    return dict(blocks(TERRAFORM / "modules" / module, "resource"))[label]


def gpu_taint(module: str) -> dict[str, Any]:
    """The taint of a module's GPU nodes, which its resources and outputs share."""
    parsed = plain(hcl2.loads((TERRAFORM / "modules" / module / "nodes.tf").read_text()))
    return dict(parsed["locals"][0]["gpu_taint"])


def plain(value: Any) -> Any:
    """Parsed HCL without the quotes and marks of the parser."""
    if isinstance(value, dict):
        return {str(plain(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.strip('"') if isinstance(value, str) else value


def plan(folder: Path, variables: Path) -> subprocess.CompletedProcess[str]:
    """Plan a module's variables alone, which needs no provider; their rules hold."""
    terraform = shutil.which("terraform") or shutil.which("tofu")
    assert terraform, "terraform is not installed"
    shutil.copy(folder / "variables.tf", variables.parent)
    words = ["plan", "-input=false", "-lock=false", "-no-color", f"-var-file={variables}"]
    return subprocess.run(
        [terraform, f"-chdir={variables.parent}", *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
