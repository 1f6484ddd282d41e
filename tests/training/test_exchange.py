import uuid

import pytest

from efface.storage import open_store
from efface.training.exchange import collect, deliver
from tests.s3 import s3_client


@pytest.fixture(scope="module")
def bucket():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3_client().create_bucket(Bucket="exchange")
        yield "s3://exchange"
    server.stop()


@pytest.fixture(params=["local", "s3"])
def store(request, tmp_path):
    if request.param == "local":
        return open_store(str(tmp_path / "exchange"))
    return open_store(f"{request.getfixturevalue('bucket')}/{uuid.uuid4().hex}")


def test_a_folder_arrives_as_it_was_and_what_was_there_before_does_not(store, tmp_path):
    source = tmp_path / "source"
    (source / "shards").mkdir(parents=True)
    (source / "sets.json").write_text("{}")
    (source / "shards" / "0.tar").write_bytes(b"x" * 100_000)
    store.write("sets/old.bin", b"old")
    store.write("sets-of-another/a.bin", b"stays")
    deliver(source, store, "sets")
    collect(store, "sets", tmp_path / "there")
    found = {p.relative_to(tmp_path / "there") for p in (tmp_path / "there").rglob("*.*")}
    assert {path.as_posix() for path in found} == {"sets/sets.json", "sets/shards/0.tar"}
    assert (tmp_path / "there/sets/shards/0.tar").read_bytes() == b"x" * 100_000
    assert store.exists("sets-of-another/a.bin")
