from tests.charts.rendering import named, settings

ON = settings("mlflow.enabled=true")


def spec(*arguments):
    return named("NetworkPolicy", "efface-mlflow", *ON, *arguments)["spec"]


def test_the_pods_of_the_pipeline_and_the_release_may_ask():
    (rule,) = spec(*settings("kubeflow.namespace=team"))["ingress"]
    pipeline, own = rule["from"]
    assert pipeline["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "team"}
    assert own == {"podSelector": {}}


def test_with_everything_on_its_volume_it_reaches_only_the_name_service():
    assert [port["port"] for rule in spec()["egress"] for port in rule["ports"]] == [53, 53]


def test_it_reaches_a_database_that_is_elsewhere():
    rules = spec(*settings("mlflow.database.existingSecret=database"))["egress"]
    assert {"protocol": "TCP", "port": 5432} in rules[-1]["ports"]
