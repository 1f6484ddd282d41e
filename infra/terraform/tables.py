"""Write the tables of inputs and outputs in the READMEs of modules and environments.

python infra/terraform/tables.py            write
python infra/terraform/tables.py --check    fail when one is stale
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import hcl2

HERE = Path(__file__).parent
BEGIN, END = "<!-- tables.py: begin -->", "<!-- tables.py: end -->"


def folders() -> list[Path]:
    """Every module and environment."""
    return sorted(path.parent for path in HERE.glob("*/*/variables.tf"))


def blocks(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    """Name -> content of every block of a kind with one label, such as ``variable``."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.tf")):
        for block in hcl2.loads(path.read_text()).get(kind, []):
            found |= {name.strip('"'): content for name, content in block.items()}
    return found


def text(value: Any) -> str:
    """A parsed value as Terraform shows it."""
    if isinstance(value, str):
        return value.removeprefix("${").removesuffix("}") if value.startswith("${") else value
    if isinstance(value, list):
        return f"[{', '.join(text(item) for item in value)}]"
    return json.dumps(value)


def described(block: dict[str, Any]) -> str:
    """What a block says it is."""
    return str(block.get("description", "")).strip('"').replace('\\"', '"')


def default(block: dict[str, Any]) -> str:
    """The default of a variable, for the table."""
    return f"`{text(block['default'])}`" if "default" in block else "required"


def tables(folder: Path) -> str:
    """The tables of a folder."""
    inputs = [
        f"| `{name}` | {described(block)} | `{text(block.get('type', ''))}` | {default(block)} |"
        for name, block in blocks(folder, "variable").items()
    ]
    outputs = [
        f"| `{name}` | {described(block)} |" for name, block in blocks(folder, "output").items()
    ]
    return "\n".join(
        [
            BEGIN,
            "| input | what it is | type | default |",
            "|---|---|---|---|",
            *inputs,
            "",
            "| output | what it is |",
            "|---|---|",
            *outputs,
            END,
        ]
    )


def fresh(folder: Path) -> str:
    """The README of a folder with its tables as they should be."""
    readme = (folder / "README.md").read_text()
    before, _, rest = readme.partition(BEGIN)
    return before + tables(folder) + rest.partition(END)[2]


def stale() -> list[Path]:
    """READMEs whose tables are not those of the code."""
    readmes = [folder / "README.md" for folder in folders()]
    return [path for path in readmes if path.read_text() != fresh(path.parent)]


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare (default: write)")
    check = parser.parse_args().check
    for path in stale():
        if check:
            print(f"{path} is stale: python infra/terraform/tables.py", file=sys.stderr)
        else:
            path.write_text(fresh(path.parent))
    return 1 if check and stale() else 0


if __name__ == "__main__":
    sys.exit(main())
