"""Every value is explained, and explained in one place."""

import yaml

from tests.charts.document_values import CHART, documented, read_values

VALUES = list(read_values((CHART / "values.yaml").read_text()))


def test_every_value_has_a_comment():
    assert [value.name for value in VALUES if not value.comment] == []


def test_no_value_is_overlooked():
    given = yaml.safe_load((CHART / "values.yaml").read_text())
    for value in VALUES:
        node = given
        for word in value.path[:-1]:
            node = node[word]
        del node[value.path[-1]]
    left = [path for path, node in given.items() if any(_leaves(node))]
    assert left == []


def test_schema_and_readme_say_what_the_comments_say():
    stale = [path.name for path, content in documented().items() if path.read_text() != content]
    assert stale == [], "run `make chart`"


def test_a_group_of_values_is_read_as_its_members():
    source = "a:\n  # One.\n  b: 1\n  # Many.\n  c:\n    d: {}\n# Last.\ne: x\n"
    found = [(value.name, value.default, value.comment) for value in read_values(source)]
    assert found == [("a.b", 1, "One."), ("a.c", {"d": {}}, "Many."), ("e", "x", "Last.")]


def _leaves(node):
    if not isinstance(node, dict):
        yield node
    else:
        for inner in node.values():
            yield from _leaves(inner)
