"""YAML that people write: a key given twice is refused, not chosen in silence (JSON: ``files``).

So is what no step could write down later: half a character, and lists that name one another until
they stand for more than memory holds.
"""

import re
from typing import Any

import yaml

MOST_VALUES = 1_000_000
"""Values of a document, with each that is named by an alias counted where it is named."""
_HALF = re.compile("[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, but with unique keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that was given before; to override one of a merged mapping is fine."""
        lines: dict[tuple[str, str], int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = key.start_mark.line + 1
            if before := lines.get((key.tag, key.value)):
                raise yaml.YAMLError(
                    f"key {key.value} given twice, in line {before} and in line {line}: keep one"
                )
            lines[key.tag, key.value] = line
        return super().construct_mapping(node, deep)


def load_yaml(content: str | bytes) -> Any:
    """What a YAML document says; JSON is YAML too.

    Raises:
        yaml.YAMLError: not YAML, or a key given twice, half a character, or more than
            ``MOST_VALUES``; the message names the lines.
        RecursionError: nested too deeply.
    """
    loader = _Loader(content)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _count(node, {}) > MOST_VALUES:
            raise yaml.YAMLError(
                f"more than {MOST_VALUES} values, with aliases written out: name fewer"
            )
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Values under a node, itself included; what holds itself is left to its readers."""
    if isinstance(node, yaml.ScalarNode):
        if half := _HALF.search(node.value):
            raise yaml.YAMLError(
                f"half a character ({half[0]!r}) in line {node.start_mark.line + 1}: take it out"
            )
        return 1
    if id(node) not in known:
        known[id(node)] = 1
        inner = node.value
        if isinstance(node, yaml.MappingNode):
            inner = [part for pair in inner for part in pair]
        known[id(node)] = 1 + sum(_count(part, known) for part in inner)
    return known[id(node)]
