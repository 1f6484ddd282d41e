import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from efface.errors import InfrastructureError, InputError
from efface.storage import LocalStore, Store, open_store
from efface.storage.s3_errors import explained
from tests.given import refuse
from tests.s3 import s3_client

BUCKET = "efface-tests"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[None]:
    """The endpoint that the environment names, else moto's server."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("AWS_ENDPOINT_URL"):
            server = None
        else:
            from moto.server import ThreadedMotoServer

            server = ThreadedMotoServer(port=0, verbose=False)
            server.start()
            host, port = server.get_host_and_port()
            patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
            patch.setenv("AWS_ACCESS_KEY_ID", "test")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        make_bucket()
        yield
        if server:
            server.stop()


def make_bucket() -> None:
    client = s3_client()
    names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    if BUCKET not in names:
        client.create_bucket(Bucket=BUCKET)


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "local":
        return open_store(str(tmp_path / "place"))
    request.getfixturevalue("endpoint")
    return open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}")


def test_what_was_written_is_read(store: Store) -> None:
    store.write("a/b.bin", b"one")
    store.write("a/b.bin", b"two")
    assert store.read("a/b.bin") == b"two"


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(2, 3, b"234"), (8, 5, b"89"), (20, 5, b"")],
    ids=["inside", "over the end", "beyond the end"],
)
def test_a_range_is_read(store: Store, offset: int, length: int, expected: bytes) -> None:
    store.write("digits", b"0123456789")
    assert store.read_range("digits", offset, length) == expected


def test_create_refuses_what_exists(store: Store) -> None:
    assert store.create("lease", b"first")
    assert not store.create("lease", b"second")
    assert store.read("lease") == b"first"


def test_of_many_who_create_at_the_same_time_one_succeeds(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.create("lease", b"%d" % n), range(8)))
    assert won.count(True) == 1
    assert store.read("lease") == b"%d" % won.index(True)


def test_keys_are_listed_by_prefix_in_order(store: Store) -> None:
    for key in ("b/2", "b/10", "a", "bc"):
        store.write(key, b"x")
    assert store.list("b") == ["b/10", "b/2", "bc"]
    assert store.list("b/") == ["b/10", "b/2"]
    assert store.list("none") == []


def test_delete_all_removes_what_begins_with_the_prefix(store: Store) -> None:
    for key in ("run/1", "run/deep/2", "runner"):
        store.write(key, b"x")
    assert store.delete_all("run/") == ["run/1", "run/deep/2"]
    assert store.list() == ["runner"]


def test_deleting_twice_is_fine(store: Store) -> None:
    store.write("a", b"x")
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")


def test_a_prefix_of_a_key_does_not_exist(store: Store) -> None:
    store.write("folder/key", b"x")
    assert store.exists("folder/key")
    assert not store.exists("folder/ke")
    assert not store.exists("folder")


def test_files_go_up_and_come_down(store: Store, tmp_path: Path) -> None:
    (tmp_path / "up").write_bytes(bytes(9_000_000))  # more than one part
    store.upload(tmp_path / "up", "big")
    store.download("big", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()


@pytest.mark.parametrize("verb", ["read", "range", "download"])
def test_an_absent_key_is_the_users_error(store: Store, verb: str, tmp_path: Path) -> None:
    verbs = {
        "read": lambda: store.read("absent"),
        "range": lambda: store.read_range("absent", 0, 1),
        "download": lambda: store.download("absent", tmp_path / "down"),
    }
    with pytest.raises(InputError, match="absent does not exist"):
        verbs[verb]()
    assert not (tmp_path / "down").exists()


@pytest.fixture
def no_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder "secret" in ``tmp_path`` that even root may not look into."""
    (tmp_path / "secret" / "deep").mkdir(parents=True)
    (tmp_path / "secret" / "a").write_bytes(b"x")
    refuse(monkeypatch, tmp_path / "secret")


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("verb", ["read", "write", "list", "exists"])
def test_a_wrong_bucket_is_the_users_error(verb: str) -> None:
    store = open_store("s3://efface-no-such-bucket/prefix")
    arguments = {"write": ("key", b"x")}.get(verb, ("key",))
    with pytest.raises(InputError, match="no bucket 'efface-no-such-bucket'"):
        getattr(store, verb)(*arguments)


@pytest.mark.usefixtures("endpoint")
@pytest.mark.skipif("AWS_ENDPOINT_URL" not in os.environ, reason="moto checks no signatures")
def test_refused_access_is_the_users_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(InfrastructureError, match="access refused"):
        open_store(f"s3://{BUCKET}/prefix").read("key")


def test_refused_access_is_no_fault_of_what_is_read(tmp_path: Path, no_right: None) -> None:
    store = LocalStore(tmp_path)
    for verb in (lambda: store.read("secret/a"), lambda: store.exists("secret/a")):
        with pytest.raises(InfrastructureError, match=r"secret/a: access refused .* right to it"):
            verb()
    answer = {"Error": {"Code": "AccessDenied"}}
    with pytest.raises(InfrastructureError, match="access refused"), explained("here", "bucket"):
        raise ClientError(answer, "GetObject")  # type: ignore[arg-type]


@pytest.mark.parametrize("prefix", ["", "secret", "secret/deep/"])
def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(
    tmp_path: Path, no_right: None, prefix: str
) -> None:
    with pytest.raises(InfrastructureError, match=r"secret cannot be listed .* give this user"):
        LocalStore(tmp_path).list(prefix)


def test_a_folder_that_holds_nothing_asked_for_need_not_be_readable(
    tmp_path: Path, no_right: None
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a").write_bytes(b"x")
    assert LocalStore(tmp_path).list("open/") == ["open/a"]
    os.rename(tmp_path / "secret", tmp_path / ".secret")
    (tmp_path / "lost+found" / "secret").mkdir(parents=True)  # root's, on a disk of its own
    assert LocalStore(tmp_path).list() == ["open/a"]


def test_what_one_user_creates_another_can_read(tmp_path: Path) -> None:
    LocalStore(tmp_path).create("lease", b"x")
    LocalStore(tmp_path).write("state", b"x")
    assert (tmp_path / "lease").stat().st_mode == (tmp_path / "state").stat().st_mode


def test_an_endpoint_that_does_not_answer_is_an_infrastructure_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(InfrastructureError, match="does not answer"):
        open_store("s3://bucket/prefix").read("key")


def test_missing_credentials_are_the_users_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(InputError, match="AWS_"):
        open_store("s3://bucket/prefix").read("key")


@pytest.mark.parametrize("place", ["", "s3://", "gs://bucket", "http://host/path"])
def test_a_place_of_another_kind_is_refused(place: str) -> None:
    with pytest.raises(InputError, match="s3://bucket/prefix"):
        open_store(place)


def test_a_key_cannot_leave_its_folder(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "place"))
    with pytest.raises(InputError, match="leaves"):
        store.write("../outside", b"x")


def test_temporary_files_are_not_listed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.write("whole", b"x")
    (tmp_path / ".whole.abc").write_bytes(b"half")
    assert store.list() == ["whole"]


def test_a_local_folder_may_be_named_as_file_address(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}").write("a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_what_is_written_through_a_stream_is_read_through_one(store: Store) -> None:
    with store.writing("a/b.bin") as stream:
        stream.write(b"one")
    with store.reading("a/b.bin") as stream:
        stream.seek(1)
        assert stream.read() == b"ne"


def test_a_stream_that_breaks_off_leaves_what_was_there(store: Store) -> None:
    store.write("a.bin", b"old")
    with pytest.raises(ValueError, match="broken"), store.writing("a.bin") as stream:
        stream.write(b"new")
        raise ValueError("broken")
    assert store.read("a.bin") == b"old"
    assert store.list() == ["a.bin"]


def test_a_stream_from_an_absent_object_is_refused(store: Store) -> None:
    with pytest.raises(InputError), store.reading("nowhere.bin"):
        pass


def test_a_stamp_changes_with_its_object_alone(store: Store) -> None:
    store.write("a/b", b"one")
    store.write("a/c", b"one")
    before = store.stamps("a/")
    store.write("a/b", b"another")
    after = store.stamps("a/")
    assert list(before) == list(after) == ["a/b", "a/c"]
    assert before["a/b"] != after["a/b"]
    assert before["a/c"] == after["a/c"]


def test_artifacts_of_kubeflow_lie_where_their_own_settings_say(bucket, s3_endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("EFFACE_ARTIFACTS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("EFFACE_ARTIFACTS_ACCESS_KEY_ID", "kfp")
    monkeypatch.setenv("EFFACE_ARTIFACTS_SECRET_ACCESS_KEY", "kfp-secret")
    store = open_store(bucket.replace("s3://", "minio://") + "/artifacts")
    store.write("sets/a", b"1")
    assert store.erase("sets") == {"sets/a": 1}
    assert store.list() == []


@pytest.mark.parametrize("verb", ["read", "range", "reading", "download"])
def test_a_pipe_is_no_file_and_nobody_waits_at_it(tmp_path: Path, verb: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    store = LocalStore(tmp_path)
    verbs = {
        "read": lambda: store.read("link"),
        "range": lambda: store.read_range("link", 0, 1),
        "reading": lambda: store.reading("link").__enter__(),
        "download": lambda: store.download("link", tmp_path / "down"),
    }
    with pytest.raises(InputError, match="link is a pipe or a device: give a regular file"):
        verbs[verb]()
