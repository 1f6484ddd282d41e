from tests.charts.rendering import named, of_kind, pod_of, settings

ON = settings("pushgateway.enabled=true")


def test_there_is_none_unless_asked_for():
    assert of_kind("Service") == []


def test_the_numbers_outlive_a_restart_of_the_container():
    pod = pod_of(named("Deployment", "efface-pushgateway", *ON))
    assert "--persistence.file=/tmp/metrics" in pod["containers"][0]["args"]
    assert pod["volumes"] == [{"name": "tmp", "emptyDir": {}}]


def test_there_is_one_for_two_would_each_hold_a_part():
    spec = named("Deployment", "efface-pushgateway", *ON)["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_the_service_leads_to_it_at_the_address_that_the_pods_are_told():
    told = named("ConfigMap", "efface-settings", *ON)["data"]["EFFACE_PUSHGATEWAY"]
    service = named("Service", "efface-pushgateway", *ON)
    (port,) = service["spec"]["ports"]
    assert told == f"http://{service['metadata']['name']}.efface.svc:{port['port']}"
    labels = named("Deployment", "efface-pushgateway", *ON)["spec"]["template"]["metadata"][
        "labels"
    ]
    assert service["spec"]["selector"].items() <= labels.items()
