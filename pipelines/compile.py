"""Compile every graph to pipelines/compiled/*.yaml, which is kept in git.

python -m pipelines.compile            write
python -m pipelines.compile --check    fail when what is in git is stale
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from kfp import compiler

from pipelines.unlearn import unlearn_pipeline

COMPILED = Path(__file__).parent / "compiled"
GRAPHS = {"unlearn": unlearn_pipeline}


def stale() -> list[str]:
    """Names of the graphs whose compiled form differs from their code, but for KFP's version."""
    with tempfile.TemporaryDirectory() as folder:
        compile_all(Path(folder))
        names = [f"{name}.yaml" for name in GRAPHS]
        return [n for n in names if read_graph(COMPILED / n) != read_graph(Path(folder) / n)]


def compile_all(folder: Path) -> None:
    """Write every graph into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in GRAPHS.items():
        compiler.Compiler().compile(graph, str(folder / f"{name}.yaml"))


def read_graph(path: Path) -> list[dict[str, Any]]:
    """The documents of a compiled graph, less the version of KFP; empty when there is none."""
    if not path.exists():
        return []
    documents = list(yaml.safe_load_all(path.read_text()))
    for document in documents:
        document.pop("sdkVersion", None)
    return documents


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare (default: write)")
    if not parser.parse_args().check:
        compile_all(COMPILED)
        return 0
    names = stale()
    for name in names:
        print(f"{COMPILED / name} is stale: run `make compile`", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
