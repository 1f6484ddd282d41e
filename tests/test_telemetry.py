import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prometheus_client import generate_latest

from efface.telemetry import RunNumbers, push, to_registry

NUMBERS = RunNumbers(
    tickets={"completed": 2, "no_data_found": 1},
    verdict="passed",
    purged_bytes=4096,
    not_purged=0,
    success=True,
    at=1_800_000_000.0,
)
FAILED = RunNumbers(tickets={}, verdict="none", purged_bytes=0, not_purged=1, success=False, at=1.0)


class Gateway(BaseHTTPRequestHandler):
    """Remembers what was sent to it."""

    received: list[tuple[str, str, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.command, self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    Gateway.received.clear()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_numbers_of_a_run_are_told() -> None:
    text = generate_latest(to_registry(NUMBERS)).decode()
    assert 'efface_tickets{state="completed"} 2.0' in text
    assert 'efface_verdict{verdict="passed"} 1.0' in text
    assert 'efface_verdict{verdict="blocked"} 0.0' in text
    assert "efface_purged_bytes 4096.0" in text
    assert "efface_last_success_timestamp_seconds 1.8e+09" in text


def test_a_failed_run_leaves_the_last_success_as_it_was() -> None:
    assert b"last_success" not in generate_latest(to_registry(FAILED))


def test_numbers_are_added_at_the_gateway(gateway: str) -> None:
    assert push(gateway, NUMBERS)
    [(method, path, body)] = Gateway.received
    assert (method, path) == ("POST", "/metrics/job/efface")
    assert b"efface_purged_bytes 4096.0" in body


def test_without_a_gateway_nothing_is_sent() -> None:
    assert push("", NUMBERS) is False


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "ftp://nowhere", "http://[bad"])
def test_a_gateway_that_does_not_answer_is_only_logged(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert push(address, NUMBERS) is False
    assert "metrics=not_pushed" in caplog.text
