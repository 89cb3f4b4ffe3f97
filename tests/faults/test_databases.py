"""PostgreSQL restarted, killed and stopped; SQLite locked by somebody else; the database's disk full."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.faults.registrations import Registrations
from tests.faults.test_kill import Load, deploy
from tests.own_service import OwnService, eventually
from tests.postgres import Postgres

SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}


def registering(service: OwnService) -> Registrations:
    service.start()
    found = service.home.read_service_file()
    assert found is not None
    return Registrations(found.url, service.token)


def goes_on(work: Registrations, more: int = 5) -> None:
    before = len(work.acknowledged)
    eventually(lambda: len(work.acknowledged) >= before + more, 60, "further registrations")


def only(work: Registrations, *allowed: int | str) -> None:
    assert work.answers.keys() <= set(allowed), work.answers


@pytest.mark.needs("postgres")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("how", SIGNALS)
def test_postgresql_restarted_loses_nothing(
    own_service: OwnService, own_postgres: Postgres, record_property: Callable[[str, object], None], how: str
) -> None:
    own_service.use(database_url=own_postgres.create(empty=True))
    with registering(own_service) as work:
        for _ in range(4):
            goes_on(work)
            own_postgres.restart(SIGNALS[how])
        goes_on(work)
    only(work, 200, 204, 503)
    assert work.answers[503] > 0
    count = work.require_whole()
    record_property("summary", f"PostgreSQL restarted ({how}), 4 times: {count} acknowledged, 0 lost, 0 twice")


@pytest.mark.needs("postgres")
@pytest.mark.timeout(240)
def test_predictions_go_on_while_postgresql_is_away(
    own_service: OwnService, own_postgres: Postgres, tmp_path: Path
) -> None:
    own_service.use(database_url=own_postgres.create(empty=True))
    model = deploy(tmp_path / "artifact", replicas=1)
    with Load(model.model_deployment.url, own_service.token) as load:
        eventually(lambda: load.right > 50 and len(load.acknowledged) > 3, 60, "right answers and registrations")
        own_postgres.stop()
        seen = load.right
        eventually(lambda: load.right > seen + 100, 60, "predictions without the database")
        began = time.monotonic()
        listed = requests.get(f"{load.base}/openads/v1/tokens", headers=load.headers, timeout=30)
        assert listed.status_code == 503, listed.text
        assert int(listed.headers["Retry-After"]) >= 1
        assert "database" in listed.json()["message"]
        assert time.monotonic() - began < 30
        own_postgres.start()
        registered = len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > registered + 3, 60, "registrations after the outage")
    assert load.wrong == []
    assert load.failed == []
    assert load.retried == 0
    load.require_nothing_lost()
    model.model_deployment.deactivate()
    model.model_deployment.activate()
    assert model.predict([1, 2]) == {"prediction": [38, 69]}


@pytest.mark.needs("postgres")
@pytest.mark.timeout(240)
def test_a_frozen_postgresql_is_not_waited_for(
    own_service: OwnService, own_postgres: Postgres, record_property: Callable[[str, object], None]
) -> None:
    own_service.use(database_url=own_postgres.create(empty=True))
    with registering(own_service) as work:
        goes_on(work)
        refused = work.answers[503]
        own_postgres.signal(signal.SIGSTOP)
        try:
            eventually(lambda: work.answers[503] > refused + 1, 60, "refusals")
        finally:
            own_postgres.signal(signal.SIGCONT)
        goes_on(work)
    only(work, 200, 204, 503)
    record_property("summary", f"PostgreSQL frozen: {work.require_whole()} acknowledged, 0 lost, 0 twice")


@pytest.mark.timeout(120)
def test_sqlite_locked_by_another_process_is_busy_not_broken(
    own_service: OwnService, record_property: Callable[[str, object], None]
) -> None:
    with registering(own_service) as work:
        goes_on(work)
        other = sqlite3.connect(own_service.home.database, isolation_level=None, timeout=30)
        for seconds in (1, 8):
            refused = work.answers[503]
            other.execute("BEGIN IMMEDIATE")
            end = time.monotonic() + seconds
            eventually(lambda end=end: time.monotonic() > end, seconds + 5, "the other process to have had its time")
            if seconds > 5:
                eventually(lambda refused=refused: work.answers[503] > refused, 20, "a refusal")
            else:
                assert work.answers[503] == refused  # it waited instead
            other.execute("ROLLBACK")
            goes_on(work)
        other.close()
    only(work, 200, 204, 503)
    record_property("summary", f"SQLite locked for 1 s and 8 s: {work.require_whole()} acknowledged, 0 lost, 0 twice")


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 8 MiB. Name it before the service, which must have left it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="openads-disk-"))
    sudo = [] if os.getuid() == 0 else ["sudo", "-n"]
    options = f"size=8m,uid={os.getuid()},mode=700"
    done = subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False)
    if done.returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run([*sudo, "umount", str(folder)], check=True)
    folder.rmdir()


@pytest.mark.timeout(120)
def test_a_full_disk_of_the_database_refuses_and_recovers(
    small_disk: Path, own_service: OwnService, record_property: Callable[[str, object], None]
) -> None:
    own_service.use(database_url=f"sqlite:///{small_disk}/catalog.db")
    filler = small_disk / "filler"
    with registering(own_service) as work:
        control = own_service.children()["control"]
        for _ in range(3):
            goes_on(work)
            refused = work.answers[503]
            _fill(filler)
            eventually(lambda refused=refused: work.answers[503] > refused + 3, 30, "refusals")
            reading = requests.get(f"{work.url}/openads/v1/tokens", headers=work.headers, timeout=30)
            assert reading.status_code == 200
            filler.unlink()
        goes_on(work)
    only(work, 200, 204, 503)
    assert own_service.children()["control"] == control
    record_property("summary", f"database's disk full, 3 times: {work.require_whole()} acknowledged, 0 lost, 0 twice")


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            with contextlib.suppress(OSError):  # until nothing of this size fits
                while True:
                    file.write(b"\0" * size)
