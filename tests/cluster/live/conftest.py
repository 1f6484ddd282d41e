"""The cluster, the installed chart and the runs that the tests look at, each made once."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from efface.errors import ConfigError
from efface.storage import Store, open_store
from examples.fashion.bucket import parameters, put_demo
from tests.cluster.live import release
from tests.cluster.live.diagnosis import diagnose
from tests.cluster.live.environment import Environment, read_environment
from tests.cluster.live.kfp import delete_recurring_run, recurring_runs
from tests.cluster.live.runs import Ended, begin, finish

CASES = ["passed", "blocked", "killed", "scheduled"]


@pytest.fixture(scope="session")
def environment() -> Environment:
    """What the environment says; without it there is one message and no test is run."""
    try:
        return read_environment(os.environ)
    except ConfigError as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture(scope="session")
def root(environment: Environment) -> Iterator[str]:
    """The demo in the bucket, under a prefix of this session's own, which is emptied again."""
    bucket = f"s3://{environment.bucket}"
    prefix = time.strftime("efface-test-%Y%m%d-%H%M%S")
    put_demo(f"{bucket}/{prefix}", CASES)
    yield f"{bucket}/{prefix}"
    open_store(bucket).erase(prefix)


@pytest.fixture(scope="session")
def workspace(root: str) -> Store:
    """The workspace of the runs."""
    return open_store(f"{root}/workspace")


@pytest.fixture(scope="session")
def installed(environment: Environment, root: str) -> Iterator[None]:
    """The chart, installed; removed at the end, also when the installation failed."""
    try:
        release.install(environment, root)
    except ConfigError as error:  # another's release: hands off
        pytest.exit(str(error), returncode=2)
    except AssertionError as error:
        told = diagnose(release.NAMESPACE, environment.namespace)
        release.uninstall(environment)
        pytest.exit(f"the chart could not be installed: {error}\n{told}", returncode=1)
    yield
    for run in recurring_runs(environment.kfp_host, release.SCHEDULE):  # KFP's, not the chart's
        delete_recurring_run(environment.kfp_host, run)
    release.uninstall(environment)


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of what ``efface submit`` prints."""
    return tmp_path_factory.mktemp("submissions")


@pytest.fixture(scope="session")
def passed(environment: Environment, root: str, installed: None, logs: Path) -> Ended:
    """A run that can meet its ticket."""
    chosen = parameters(root, "passed")
    return finish(begin(environment, chosen, logs / "passed"), environment)


@pytest.fixture(scope="session")
def blocked(environment: Environment, root: str, installed: None, logs: Path) -> Ended:
    """A run with a method that the gate blocks."""
    chosen = parameters(root, "blocked", method="max-loss")
    return finish(begin(environment, chosen, logs / "blocked"), environment)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show what the cluster looked like when a test on it failed."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and item.get_closest_marker("cluster") and "environment" in item.funcargs:
        namespace = item.funcargs["environment"].namespace
        report.sections.append(("the cluster", diagnose(release.NAMESPACE, namespace)))
