"""The connection to Kubeflow Pipelines, where somebody else answers or the address is none."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from efface.cluster.kfp_api import connect
from efface.cluster.uploading import SERVICE
from efface.errors import ConfigError, InfrastructureError
from tests.cluster import fake_kfp
from tests.cluster.http_server import http_server


@contextmanager
def answering(data: bytes) -> Iterator[str]:
    """Answer one connection with these bytes, whatever it asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(data)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize(
    "host",
    [
        "http://",
        "http:// ",
        "http://a b",
        "http://[::1",
        "http://h:99999",
        "http://h:abc",
        "http://h\n",
    ],
)
def test_an_address_that_is_none_is_refused_before_anybody_is_asked(host):
    with pytest.raises(ConfigError, match="is not http://HOST"):
        connect(host)


def test_an_address_with_a_password_is_refused_without_showing_it():
    with pytest.raises(ConfigError) as refused:
        connect("http://me:secret@h:1")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("token", ["one\ntwo", "t\u00f6k\u20acn", "two words"])
def test_a_token_that_is_no_word_is_refused_without_showing_it(tmp_path, token):
    path = tmp_path / "token"
    path.write_text(token)
    with fake_kfp.serving() as kfp, pytest.raises(ConfigError) as refused:
        connect(kfp.url, token_file=path)
    assert "holds no bearer token" in str(refused.value)
    assert token not in str(refused.value)


def test_tls_where_none_is_spoken_is_a_wrong_address():
    with (
        http_server(lambda *_: (200, "<html>")) as url,
        pytest.raises(ConfigError, match="does not answer"),
    ):
        connect(url.replace("http:", "https:"))


def test_a_redirection_is_told_as_a_login_page():
    with http_server(lambda *_: (302, "moved")) as url, pytest.raises(ConfigError, match="login"):
        connect(url)


def test_an_error_that_is_no_text_is_a_failure_of_the_server():
    broken = b"HTTP/1.1 500 no\r\nContent-Length: 2\r\n\r\n\xff\xfe"
    with answering(broken) as url, pytest.raises(InfrastructureError, match="no text"):
        connect(url)


@pytest.mark.parametrize("content", ["<html>log in</html>", ["a list"]])
def test_a_page_in_the_place_of_an_answer_is_not_taken_for_an_empty_one(content):
    def respond(method, target, body, headers):
        return (200, {"multi_user": False}) if target.endswith("healthz") else (200, content)

    with http_server(respond) as url:
        kfp = connect(url)
        with pytest.raises(InfrastructureError, match="a login page"):
            kfp.every(SERVICE, "pipeline_service_list_pipelines", "pipelines")


def test_a_field_that_cannot_be_read_is_not_told_as_a_broken_connection():
    def respond(method, target, body, headers):
        odd = {"pipelines": [{"created_at": "yesterday"}]}
        return (200, {"multi_user": False}) if target.endswith("healthz") else (200, odd)

    with http_server(respond) as url:
        kfp = connect(url)
        with pytest.raises(InfrastructureError, match="cannot be read"):
            kfp.every(SERVICE, "pipeline_service_list_pipelines", "pipelines")
