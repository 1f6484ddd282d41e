import pytest

from efface.cluster.amounts import AMOUNTS, wrong_amount
from efface.cluster.graph import find_compiled, read_graph
from efface.cluster.parameters import check_parameters
from efface.cluster.rewriting import with_defaults
from efface.errors import InputError


@pytest.fixture(scope="module")
def graph():
    return read_graph(find_compiled())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gpus", ["0", "1", "8", "16"]),
        ("cpu", ["1", "0.5", "500m", "12", "1.25"]),
        ("gpu_memory", ["4Gi", "1.5Gi", "512Mi", "64G", "900000Ki"]),
        ("gpu_type", ["", "nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.5gb"]),
        ("tickets", ["s3://b/tickets"]),
    ],
)
def test_what_kubernetes_understands_is_taken(name, values):
    assert [value for value in values if wrong_amount(name, value)] == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gpus", ["two", "", "-1", "1.5", "1 ", "\u0663", "1e3"]),
        ("cpu", ["", "0", "0.0", "0m", "four", "1.5m", "-1", "2 cores"]),
        ("memory", ["", "16", "16GB", "16gi", "0Gi", "0.0Gi", "much", "16 Gi"]),
        ("gpu_type", ["gpu", "nvidia.com/", "/gpu", "nvidia.com/gpu/2", "a b/c"]),
    ],
)
def test_what_it_would_refuse_later_is_refused(name, values):
    assert [value for value in values if not wrong_amount(name, value)] == []


def test_every_amount_is_a_parameter_of_the_graph_whose_default_is_one(graph):
    defaults = {name: graph.parameters[name]["defaultValue"] for name in AMOUNTS}
    check_parameters(graph, defaults, whole=False)


def test_wrong_amounts_of_a_run_are_all_named_with_what_is_accepted(graph):
    with pytest.raises(InputError) as refused:
        check_parameters(graph, {"gpus": "two", "memory": "16"}, whole=False)
    assert 'gpus must be a whole number such as "2", or "0" for none, got \'two\'' in str(
        refused.value
    )
    assert "memory must be a size with its unit" in str(refused.value)


def test_a_wrong_amount_is_no_default_either(graph):
    with pytest.raises(InputError, match="gpus must be a whole number"):
        with_defaults(graph, {"gpus": "two"})
