import pytest

from efface.errors import ConfigError
from efface.training.spread import Spread, take_spread


def test_what_says_where_is_split_from_what_says_how():
    spread, method = take_spread({"steps": 4.0, "nodes": 2.0, "queue": "gpu"})
    assert (spread.nodes, spread.queue) == (2, "gpu")
    assert method == {"steps": 4.0}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"nodes": 0}, "nodes must be at least 1, got 0"),
        ({"nodes": "2"}, "nodes must be a whole number, got '2'"),
        ({"nodes": True}, "nodes must be a whole number, got True"),
        ({"processes": -1}, "processes must be 0 or more"),
        ({"processes": 3, "node_gpus": 2}, r"processes must be at most node_gpus \(2\), got 3"),
    ],
)
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        take_spread(given)


@pytest.mark.parametrize(
    ("asked", "gpus", "processes"), [(0, 0, 1), (0, 1, 1), (0, 8, 8), (2, 8, 2), (2, 0, 2)]
)
def test_there_is_one_process_for_each_gpu_unless_asked_otherwise(asked, gpus, processes):
    assert Spread(processes=asked).processes_here(gpus) == processes


def test_more_processes_than_gpus_are_refused():
    with pytest.raises(ConfigError, match="processes is 4, and 2 GPU"):
        Spread(processes=4).processes_here(2)
