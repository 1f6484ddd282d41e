import socket

import pytest
import urllib3

from efface.cluster.network_errors import reason_of, said


def test_the_reason_is_told_without_the_objects_around_it():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with (
            urllib3.PoolManager(retries=0) as pool,
            pytest.raises(urllib3.exceptions.HTTPError) as e,
        ):
            pool.request("GET", address)
    told = "Failed to establish a new connection: [Errno 111] Connection refused"
    assert reason_of(e.value) == told


def test_an_error_without_words_is_its_name():
    assert reason_of(TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param('{"message": "no\\n such pod"}', "no such pod", id="Kubernetes"),
        pytest.param('{"error": "away", "code": 14}', "away", id="gateway of KFP"),
        pytest.param('["message"]', "", id="list"),
        pytest.param("<html>", "", id="page"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_what_a_server_said_is_one_line(body, told):
    assert said(body) == told
