"""YAML that people write: a key given twice is refused, not chosen in silence (JSON: ``files``)."""

from typing import Any

import yaml


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
        yaml.YAMLError: not YAML, or a key given twice; the message names both lines.
        RecursionError: nested too deeply.
    """
    return yaml.load(content, _Loader)
