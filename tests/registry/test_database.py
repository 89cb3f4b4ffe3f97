"""Sessions, durability settings, and what happens when the database is busy or broken."""

from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from ads.errors import Conflict, ServiceUnavailable, SettingError
from ads.home import Home
from ads.registry import database as database_module
from ads.registry.buckets import NewBucket, create_bucket
from ads.registry.database import Database, database_url, open_database
from ads.registry.events import record
from ads.registry.objects import NONE, Content, put_object
from ads.registry.storage_tables import ObjectVersion
from ads.registry.tables import Default, Event
from ads.settings import Settings
from tests.registry.conftest import Catalog, open_catalog


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


def test_sqlite_is_set_to_be_durable(sqlite_catalog) -> None:
    with sqlite_catalog.database.read() as session:
        values = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_the_database_is_private(sqlite_catalog) -> None:
    assert stat.S_IMODE(sqlite_catalog.home.database.stat().st_mode) == 0o600


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


def test_a_lock_held_by_another_process_is_reported_as_busy(sqlite_catalog, monkeypatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT", 0.1)
    database = open_database(Settings(home=sqlite_catalog.home.root), sqlite_catalog.home)
    other = sqlite3.connect(sqlite_catalog.home.database, isolation_level=None)
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


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://h/d"]
)
def test_an_unusable_url_is_a_setting_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingError, match="database_url"):
        open_database(Settings(home=tmp_path, database_url=url), Home(tmp_path))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_understood(tmp_path: Path, scheme: str) -> None:
    url = database_url(Settings(home=tmp_path, database_url=f"{scheme}://somebody@host/catalog"), Home(tmp_path))
    assert url.drivername == "postgresql+psycopg"


def test_sqlite_by_url_is_another_private_file(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.db"
    open_database(Settings(home=tmp_path, database_url=f"sqlite:///{file}"), Home(tmp_path)).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not (tmp_path / "catalog.db").exists()


def test_a_read_sees_one_state(catalog) -> None:
    with catalog.database.read() as session:
        before = session.scalar(select(func.count()).select_from(Default))
        with catalog.database.write() as other:
            other.add(Default(name="later", value="1"))
        assert session.scalar(select(func.count()).select_from(Default)) == before


def test_what_is_there_already_is_a_conflict(catalog) -> None:
    with pytest.raises(Conflict, match="same thing"), catalog.database.write() as session:
        session.add(Default(name="tenancy_id", value="another"))


def second(catalog: Catalog) -> Database:
    """Another process's way to the same catalog."""
    return open_database(catalog.settings, catalog.home)


def test_writers_of_two_processes_wait_for_each_other(catalog) -> None:
    with catalog.database.write() as session:
        session.add(Default(name="count", value="0"))
    databases = [catalog.database, second(catalog)]

    def add(database: Database) -> None:
        for _ in range(20):
            with database.write() as session:
                row = session.get_one(Default, "count")
                row.value = str(int(row.value) + 1)

    threads = [threading.Thread(target=add, args=(database,)) for database in databases for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.database.read() as session:
        assert session.get_one(Default, "count").value == "80"
    databases[1].close()


def test_an_event_is_never_seen_after_a_later_one(catalog) -> None:
    """Who reads the feed after the last number it saw must miss nothing, whichever process wrote it."""
    databases = [catalog.database, second(catalog)]

    def write(database: Database) -> None:
        for _ in range(30):
            with database.write() as session:
                record(session, catalog.caller, "test.event", "x")

    threads = [threading.Thread(target=write, args=(database,)) for database in databases for _ in range(2)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while len(seen) < 120:
        ended = not any(thread.is_alive() for thread in threads)
        with catalog.database.read() as session:
            after = seen[-1] if seen else 0
            seen += session.scalars(
                select(Event.seq).where(Event.resource_id == "x", Event.seq > after).order_by(Event.seq)
            )
        assert not ended or len(seen) == 120
    for thread in threads:
        thread.join()
    databases[1].close()


@pytest.mark.needs("postgres")
def test_a_lock_held_on_postgresql_is_reported_as_busy(postgres, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT", 0.1)
    catalog = open_catalog(tmp_path, postgres.create())
    other = second(catalog)
    with catalog.database.write() as session:
        session.add(Default(name="x", value="1"))
        with pytest.raises(ServiceUnavailable, match="busy") as caught, other.write():
            pytest.fail("two were inside")
    assert caught.value.retry_after
    with other.write() as session:
        assert session.get_one(Default, "x").value == "1"
    other.close()
    catalog.database.close()


@pytest.mark.needs("postgres")
def test_postgresql_is_asked_to_be_durable(postgres, tmp_path) -> None:
    url = postgres.create()
    catalog = open_catalog(tmp_path, f"{url}&options=-csynchronous_commit%3Doff")
    with catalog.database.write() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == "on"
    catalog.database.close()


@pytest.mark.needs("postgres")
def test_a_database_that_is_not_there_is_reported(postgres, tmp_path) -> None:
    url = postgres.url("nothing_of_this_name")
    database = open_database(Settings(home=tmp_path, database_url=url), Home(tmp_path))
    with pytest.raises(ServiceUnavailable, match="reached"), database.write():
        pytest.fail("it can't be written")
    database.close()


def test_an_object_has_one_current_version_by_constraint(catalog) -> None:
    with catalog.database.write() as session:
        bucket = create_bucket(session, catalog.caller, NewBucket("b", catalog.defaults.compartment_id))
        put_object(session, catalog.caller, "b", "o", Content([], ""), NONE)
    with pytest.raises(Conflict), catalog.database.write() as session:
        session.add(ObjectVersion(bucket_seq=bucket.seq, name="o", is_current=True, created_by="x"))
