from tests.charts.rendering import VALUES, named, pod_of


def test_the_service_finds_the_server():
    service = named("Service", "efface-mlflow", *VALUES["everything"])["spec"]
    deployment = named("Deployment", "efface-mlflow", *VALUES["everything"])
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    (port,) = pod_of(deployment)["containers"][0]["ports"]
    assert service["ports"] == [{"name": "http", "port": 5000, "targetPort": port["name"]}]
    assert port["containerPort"] == 5000
