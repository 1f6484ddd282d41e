from tests.charts.rendering import VALUES, named, settings


def spec(*arguments):
    return named("NetworkPolicy", "efface-pushgateway", *arguments)["spec"]


def sources(*arguments):
    (rule,) = spec(*arguments)["ingress"]
    return [one["namespaceSelector"]["matchLabels"] for one in rule["from"]]


def test_it_calls_nobody():
    assert spec(*VALUES["everything"])["egress"] == []


def test_the_pipeline_pushes_and_prometheus_scrapes():
    pipeline, prometheus = sources(*VALUES["everything"])
    assert pipeline == {"kubernetes.io/metadata.name": "team"}
    assert prometheus == {"kubernetes.io/metadata.name": "monitoring"}


def test_any_namespace_scrapes_while_none_is_named():
    assert {} in sources(*settings("pushgateway.enabled=true"))
