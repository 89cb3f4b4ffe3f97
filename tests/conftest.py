"""Fixtures that every part of the suite may use, and the rule for what a machine can't run.

``@pytest.mark.needs("oci")`` names a program or package outside this project. Where it is missing the test is left
out and listed at the end; in a strict run (``OPENADS_TEST_STRICT=1``, as in CI) it fails instead.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.own_service import OwnService, eventually, forget_configuration

pytest_plugins = ["tests.http_server", "tests.postgres"]

_ELSEWHERE_SECONDS = 900
STRICT = os.environ.get("OPENADS_TEST_STRICT", "") not in ("", "0")


def _present(name: str) -> bool:
    if name == "postgres":
        from tests.postgres import find_programs  # a plugin: pytest imports it first

        return find_programs() is not None and importlib.util.find_spec("psycopg") is not None
    return shutil.which(name) is not None or importlib.util.find_spec(name) is not None


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C end what tests start: who runs the suite in the background has it ignored, and that is inherited."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On another engine a test may take as long as it takes there."""
    if os.environ.get("OPENADS_TEST_ENGINE", "local") != "local":
        for item in items:
            item.add_marker(pytest.mark.timeout(_ELSEWHERE_SECONDS), append=False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            if not _present(name):
                message = f"{name} is not on this machine"
                if STRICT:
                    pytest.fail(f"{message}, and a strict run leaves nothing out", pytrace=False)
                pytest.skip(message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"left out in a strict run: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    for report in [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]:
        for name, value in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(value)
    terminalreporter.write_line(f"left out: {len(skipped)}" + ("" if skipped else " (everything ran)"))


@pytest.fixture(scope="session", autouse=True)
def _engine() -> Iterator[None]:
    """With ``OPENADS_TEST_ENGINE=ray`` the replicas of all services run on a Ray cluster that is made for this run."""
    if os.environ.get("OPENADS_TEST_ENGINE", "local") != "ray":
        yield
        return
    from tests.own_service import ENGINE
    from tests.ray_cluster import ray_cluster

    with ray_cluster(2) as cluster:
        ENGINE.update({"OPENADS_ENGINE": "ray", "OPENADS_RAY_ADDRESS": cluster.address})
        os.environ.update({**ENGINE, **cluster.variables})
        yield


@pytest.fixture(scope="session")
def service_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory whose service is stopped at the end, whoever started it."""
    home = tmp_path_factory.mktemp("openads") / "home"
    yield home
    subprocess.run([sys.executable, "-m", "ads.service", "stop", "--home", str(home)], timeout=60, check=True)


@pytest.fixture
def local_service(service_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process talks to the service of ``service_home``, which starts by itself as it does for a user."""
    forget_configuration(monkeypatch, service_home)
    return service_home


@pytest.fixture
def own_service(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnService]:
    """A service of one test alone; at its end no process of it may be left."""
    service = OwnService(tmp_path_factory.mktemp("own") / "home", monkeypatch)
    yield service
    service.stop()
    eventually(lambda: service.processes() == [], 15, "the end of every process of the service")


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """The one Spark session of this process, as a replica starts it."""
    from ads.score.blocks.spark import spark_session

    session = spark_session()
    yield session
    session.stop()
