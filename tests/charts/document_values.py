"""Copies the comments of values.yaml to values.schema.json and README.md: ``make chart``."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "charts" / "efface"
START, END = "<!-- values: written by make chart -->\n", "<!-- end of values -->\n"


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value of the chart."""

    path: tuple[str, ...]
    default: Any
    comment: str
    """The lines above it; empty when there are none."""

    @property
    def name(self) -> str:
        """As it is given to --set."""
        return ".".join(self.path)


def read_values(source: str) -> Iterator[Value]:
    """Every value that has no values below it, in the order of the file."""
    defaults = yaml.safe_load(source)
    parents: list[str] = []
    comment: list[str] = []
    for line in source.splitlines():
        key = re.match(r"( *)(\w+):(.*)", line)
        if line.strip().startswith("#"):
            comment.append(line.strip().removeprefix("#").strip())
        elif key and (depth := len(key[1]) // 2) <= len(parents):
            path = (*parents[:depth], key[2])
            default = defaults
            for word in path:
                default = default[word]
            is_value = bool(key[3].strip() or comment)
            parents = list(path[:-1] if is_value else path)
            if is_value:
                yield Value(path=path, default=default, comment=" ".join(comment))
            comment = []
        else:
            comment = []


def with_descriptions(schema: dict[str, Any], values: list[Value]) -> dict[str, Any]:
    """The schema with the comments as descriptions."""
    new = json.loads(json.dumps(schema))
    for value in values:
        node = new
        for word in value.path:
            node = node["properties"][word]
        node["description"] = value.comment
    return dict(new)


def with_table(document: str, values: list[Value]) -> str:
    """The document with a table of the values between its two marks."""
    rows = [f"| `{v.name}` | `{json.dumps(v.default)}` | {v.comment} |\n" for v in values]
    table = "".join(["| value | default | what it is |\n", "|---|---|---|\n", *rows])
    before, _, rest = document.partition(START)
    return f"{before}{START}\n{table}\n{END}{rest.partition(END)[2]}"


def documented(chart: Path = CHART) -> dict[Path, str]:
    """What the two files ought to be."""
    values = list(read_values((chart / "values.yaml").read_text()))
    schema, readme = chart / "values.schema.json", chart / "README.md"
    described = with_descriptions(json.loads(schema.read_text()), values)
    return {
        schema: json.dumps(described, indent=2) + "\n",
        readme: with_table(readme.read_text(), values),
    }


if __name__ == "__main__":
    for path, content in documented().items():
        path.write_text(content)
