from tests.charts.rendering import named, of_kind, settings
from tests.charts.schedule.test_job import PLACES


def spec(*arguments):
    return named("NetworkPolicy", "efface-schedule", *PLACES, *arguments)["spec"]


def test_nobody_reaches_the_job():
    assert spec()["ingress"] == []


def test_the_job_reaches_names_and_the_pipelines_namespace():
    names, api = spec()["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    (to,) = api["to"]
    labels = to["namespaceSelector"]["matchLabels"]
    assert labels == {"kubernetes.io/metadata.name": "kubeflow"}
    assert [port["port"] for port in api["ports"]] == [443, 8888]


def test_an_api_elsewhere_is_reached_by_its_ports():
    _, api = spec(
        *settings(
            "kubeflow.host=https://kfp.example.org:8443", "networkPolicy.kubeflowPorts={8443}"
        )
    )["egress"]
    assert api == {"ports": [{"protocol": "TCP", "port": 8443}]}


def test_policies_can_be_left_out():
    assert of_kind("NetworkPolicy", *PLACES, *settings("networkPolicy.enabled=false")) == []
