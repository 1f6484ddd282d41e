"""What the Kubernetes API says, as errors of efface."""

import pytest
from kubernetes.client import ApiException

from efface.cluster.kubernetes_api import explained
from efface.errors import EffaceError


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        pytest.param(422, 2, "change what it names", id="a size that is none"),
        pytest.param(400, 2, "change what it names", id="a request that is none"),
        pytest.param(401, 2, "log in", id="credentials"),
        pytest.param(500, 4, "failed", id="a failure of the server"),
    ],
)
def test_what_a_user_gave_is_not_a_failure_of_the_service(status, code, told):
    with pytest.raises(EffaceError, match=told) as error, explained("TrainJob"):
        raise ApiException(status=status, reason="Invalid")
    assert error.value.exit_code == code
