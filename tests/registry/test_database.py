"""Sessions, durability settings, and what happens when the database is busy or broken."""

from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from ads.errors import ServiceUnavailable, SettingError
from ads.home import Home
from ads.registry import database as database_module
from ads.registry.database import open_database
from ads.registry.tables import Default
from ads.settings import Settings


def test_a_commit_survives_and_a_failure_leaves_nothing(catalog) -> None:
    with catalog.database.write() as session:
        session.add(Default(name="kept", value="1"))
    with pytest.raises(ZeroDivisionError):
        _write_then_fail(catalog)
    with catalog.database.read() as session:
        names = set(session.scalars(select(Default.name)))
    assert "kept" in names
    assert "lost" not in names


def _write_then_fail(catalog) -> None:
    with catalog.database.write() as session:
        session.add(Default(name="lost", value="1"))
        session.flush()
        raise ZeroDivisionError


def test_sqlite_is_set_to_be_durable(catalog) -> None:
    with catalog.database.read() as session:
        values = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_the_database_is_private(catalog) -> None:
    assert stat.S_IMODE(catalog.home.database.stat().st_mode) == 0o600


def test_writers_wait_for_each_other(catalog) -> None:
    with catalog.database.write() as session:
        session.add(Default(name="count", value="0"))

    def add() -> None:
        for _ in range(20):
            with catalog.database.write() as session:
                row = session.get_one(Default, "count")
                row.value = str(int(row.value) + 1)

    threads = [threading.Thread(target=add) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.database.read() as session:
        assert session.get_one(Default, "count").value == "100"


def test_a_lock_held_by_another_process_is_reported_as_busy(catalog, monkeypatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT", 0.1)
    database = open_database(Settings(home=catalog.home.root), catalog.home)
    other = sqlite3.connect(catalog.home.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ServiceUnavailable) as caught, database.write() as session:
        session.add(Default(name="x", value="1"))
    assert caught.value.retry_after
    other.execute("ROLLBACK")
    other.close()
    with database.write() as session:
        session.add(Default(name="x", value="1"))
    database.close()


def test_after_a_failed_disk_nothing_is_written(catalog) -> None:
    broken = OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(ServiceUnavailable), catalog.database.write():
        raise broken
    assert catalog.database.failed.is_set()
    with pytest.raises(ServiceUnavailable, match="disk"), catalog.database.write():
        pytest.fail("a write was allowed after the disk failed")


def test_a_full_disk_is_reported(catalog) -> None:
    full = OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
    with pytest.raises(ServiceUnavailable, match="full"), catalog.database.write():
        raise full
    assert not catalog.database.failed.is_set()


def test_an_unusable_url_is_a_setting_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="database_url"):
        open_database(Settings(home=tmp_path, database_url="nonsense"), Home(tmp_path))
