"""What may be chosen when a graph is compiled."""

import pytest

from efface.cluster.choices import HOURS, Choices
from efface.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param({"pull_policy": "Sometimes"}, "use one of Always", id="pull policy"),
        pytest.param({"release": "Efface"}, "lower-case", id="capital"),
        pytest.param({"release": ""}, "lower-case", id="no release"),
        pytest.param({"queue": "-gpu"}, "both ends", id="queue"),
        pytest.param({"shared_memory": "lots"}, "512Mi", id="size"),
        pytest.param({"parallel": -1}, "0 or more, got -1", id="parallel"),
        pytest.param({"retries": -1}, "0 or more, got -1", id="retries"),
        pytest.param({"hours": {"unlern": 3}}, "no such step; use intake", id="step"),
        pytest.param({"hours": {"unlearn": 0}}, "above 0 hours", id="hours"),
        pytest.param({"hours": {"unlearn": float("inf")}}, "to 8760 hours", id="endless"),
        pytest.param({"hours": {"unlearn": 1e-6}}, "from a second", id="no time"),
        pytest.param({"parallel": 10**20}, "10000 or less", id="parallel without end"),
        pytest.param({"retries": 10**11}, "100 or less", id="retries without end"),
        pytest.param({"shared_memory": "4K"}, "512Mi", id="K, which Kubernetes writes k"),
        pytest.param({"shared_memory": "4"}, "512Mi", id="four bytes"),
    ],
)
def test_what_kubernetes_would_refuse_is_refused_before(given, told):
    with pytest.raises(ConfigError, match=told):
        Choices(**given)


def test_a_step_has_its_usual_time_unless_it_is_given_another():
    chosen = Choices(hours={"unlearn": 0.5})
    assert chosen.seconds("unlearn") == 1800
    assert chosen.seconds("shard") == HOURS["shard"] * 3600
