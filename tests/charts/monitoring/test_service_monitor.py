from tests.charts.rendering import VALUES, named, of_kind, settings

KNOWN = ("--api-versions", "monitoring.coreos.com/v1/ServiceMonitor")


def test_it_finds_the_service_of_the_pushgateway():
    monitor = named("ServiceMonitor", "efface-pushgateway", *VALUES["everything"])
    service = named("Service", "efface-pushgateway", *VALUES["everything"])
    chosen = monitor["spec"]["selector"]["matchLabels"]
    assert chosen.items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]


def test_what_was_pushed_keeps_its_labels():
    monitor = named("ServiceMonitor", "efface-pushgateway", *VALUES["everything"])
    assert monitor["spec"]["endpoints"][0]["honorLabels"] is True


def test_a_pushgateway_of_somebody_else_is_not_scraped():
    given = settings("pushgateway.url=https://push.example.org")
    assert of_kind("ServiceMonitor", *given, *KNOWN) == []


def test_a_cluster_that_knows_the_kind_gets_one():
    assert len(of_kind("ServiceMonitor", *settings("pushgateway.enabled=true"), *KNOWN)) == 1
    assert of_kind("ServiceMonitor", *settings("pushgateway.enabled=true")) == []
