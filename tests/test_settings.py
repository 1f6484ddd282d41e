import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from efface.errors import ConfigError, InfrastructureError
from efface.settings import read_settings


def test_an_empty_environment_is_enough(tmp_path: Path) -> None:
    found = read_settings({"EFFACE_HOME": str(tmp_path)})
    assert found.registry == f"sqlite:///{tmp_path}/registry.db"
    assert (found.progress, found.pushgateway) == (None, "")
    assert found.lease == timedelta(hours=24)


def test_every_variable_is_read(tmp_path: Path) -> None:
    found = read_settings(
        {
            "EFFACE_HOME": str(tmp_path),
            "EFFACE_SUBJECT_KEY": "k" * 32,
            "EFFACE_REGISTRY": "https://mlflow.example.org",
            "EFFACE_PROGRESS": str(tmp_path / "progress"),
            "EFFACE_PUSHGATEWAY": "http://push:9091",
            "EFFACE_LEASE_HOURS": "1.5",
            "EFFACE_KFP_HOST": "http://kfp",
            "EFFACE_KFP_TOKEN_FILE": "/token",
            "EFFACE_KFP_NAMESPACE": "team",
        }
    )
    assert found.subject_key == b"k" * 32
    assert found.registry == "https://mlflow.example.org"
    assert found.progress == tmp_path / "progress"
    assert found.pushgateway == "http://push:9091"
    assert found.lease == timedelta(minutes=90)
    assert (found.kfp_host, found.kfp_namespace) == ("http://kfp", "team")
    assert found.kfp_token_file == Path("/token")


def test_mlflows_own_variable_names_the_registry_too(tmp_path: Path) -> None:
    given = {"EFFACE_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": "http://mlflow:5000"}
    assert read_settings(given).registry == "http://mlflow:5000"


def test_a_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    given = {"EFFACE_HOME": str(tmp_path / "home")}
    key = read_settings(given).subject_key
    file = tmp_path / "home" / "subject.key"
    assert len(key) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_settings(given).subject_key == key


def test_many_at_once_make_one_key(tmp_path: Path) -> None:
    settings = read_settings({"EFFACE_HOME": str(tmp_path)})
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: settings.subject_key, range(8)))
    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["subject.key"]


def test_a_key_that_others_can_read_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = read_settings({"EFFACE_HOME": str(tmp_path)})
    key = settings.subject_key
    (tmp_path / "subject.key").chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert settings.subject_key == key
    assert "readable_by_others" in caplog.text


def test_settings_do_not_show_the_key(tmp_path: Path) -> None:
    given = {"EFFACE_HOME": str(tmp_path), "EFFACE_SUBJECT_KEY": "k" * 32}
    assert "kkk" not in repr(read_settings(given))


def test_a_pod_needs_the_key_given_to_it(tmp_path: Path) -> None:
    given = {"EFFACE_HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    with pytest.raises(ConfigError, match="Secret"):
        _ = read_settings(given).subject_key


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"EFFACE_SUBJECT_KEY": "short"}, "has 5 characters", id="short-key"),
        pytest.param({"EFFACE_LEASE_HOURS": "soon"}, "number of hours", id="no-number"),
        pytest.param({"EFFACE_LEASE_HOURS": "nan"}, "number of hours", id="nan"),
        pytest.param({"EFFACE_LEASE_HOURS": "0"}, "above 0", id="zero"),
        pytest.param({"EFFACE_HOME": "~nobody-here/x"}, "set EFFACE_HOME", id="no-home"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_settings(given)


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "subject.key").write_text("")
    with pytest.raises(ConfigError, match="holds 0 characters"):
        _ = read_settings({"EFFACE_HOME": str(tmp_path)}).subject_key


def test_a_home_that_cannot_be_written_is_an_infrastructure_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = read_settings({"EFFACE_HOME": str(tmp_path / "file" / "home")})
    with pytest.raises(InfrastructureError, match="EFFACE_SUBJECT_KEY"):
        _ = settings.subject_key


@pytest.mark.parametrize(
    ("given", "environment", "address"),
    [
        pytest.param("http://a", {"EFFACE_REGISTRY": "http://b"}, "http://a", id="given"),
        pytest.param("", {"EFFACE_REGISTRY": "http://b"}, "http://b", id="of the environment"),
        pytest.param("", {"EFFACE_HOME": "/h"}, "sqlite:////h/registry.db", id="of this machine"),
    ],
)
def test_the_registry_is_the_one_given_or_that_of_the_environment(given, environment, address):
    assert read_settings(environment).registry_for(given) == address


def test_a_pod_does_not_write_to_a_registry_that_is_gone_after_it():
    pod = read_settings({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "EFFACE_HOME": "/tmp/efface"})
    with pytest.raises(ConfigError, match="EFFACE_REGISTRY"):
        pod.registry_for("")


def test_artifacts_have_a_store_of_their_own_only_where_an_address_says_so():
    keys = {"EFFACE_ARTIFACTS_ACCESS_KEY_ID": "a", "EFFACE_ARTIFACTS_SECRET_ACCESS_KEY": "b"}
    assert read_settings(keys).artifacts is None
    found = read_settings({**keys, "EFFACE_ARTIFACTS_ENDPOINT_URL": "http://s3:9000"}).artifacts
    assert (found.endpoint, found.access_key, found.secret_key) == ("http://s3:9000", "a", "b")
    assert "'b'" not in repr(found)


def test_an_address_of_artifacts_without_keys_is_refused():
    with pytest.raises(ConfigError, match="without EFFACE_ARTIFACTS_ACCESS_KEY_ID and EFFACE_ARTI"):
        read_settings({"EFFACE_ARTIFACTS_ENDPOINT_URL": "http://s3:9000"})
