import pytest

from efface.errors import ConfigError
from tests.cluster.live.environment import REQUIRED, read_environment

GIVEN = {name: f"value of {name}" for name in REQUIRED}


def test_one_message_names_every_variable_that_is_missing():
    given = {**GIVEN, "EFFACE_BUCKET": ""}
    del given["KUBECONFIG"]
    with pytest.raises(ConfigError) as caught:
        read_environment(given)
    named = {line.split()[0] for line in str(caught.value).splitlines()[1:]}
    assert named == {"KUBECONFIG", "EFFACE_BUCKET"}


def test_pods_reach_the_store_under_the_same_address_unless_another_is_given():
    assert read_environment(GIVEN).pod_endpoint == GIVEN["AWS_ENDPOINT_URL"]
    other = {**GIVEN, "EFFACE_POD_ENDPOINT_URL": "http://s3.storage.svc:9000"}
    assert read_environment(other).pod_endpoint == "http://s3.storage.svc:9000"


def test_minutes_become_seconds():
    assert read_environment({**GIVEN, "EFFACE_WAIT_MINUTES": "1.5"}).wait == 90


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan"])
def test_a_wait_that_is_no_time_is_refused(text):
    with pytest.raises(ConfigError, match="EFFACE_WAIT_MINUTES"):
        read_environment({**GIVEN, "EFFACE_WAIT_MINUTES": text})


def test_the_secret_is_not_shown():
    given = {**GIVEN, "AWS_SECRET_ACCESS_KEY": "not-for-logs"}
    assert "not-for-logs" not in repr(read_environment(given))
