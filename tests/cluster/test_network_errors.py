import socket

import pytest
import urllib3

from efface.cluster.network_errors import reason_of


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
