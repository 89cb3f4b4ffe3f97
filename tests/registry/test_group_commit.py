"""Writers that wait for each other share a commit: who is acknowledged is durable, who fails fails alone."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from ads.errors import ServiceUnavailable
from ads.registry import group_commit
from ads.registry.tables import Default

from .conftest import Catalog


@pytest.fixture
def commits(catalog: Catalog) -> list[int]:
    """The commits so far, one item each."""
    seen: list[int] = []
    event.listen(catalog.database.engine, "commit", lambda _connection: seen.append(1))
    return seen


def together(
    catalog: Catalog, acts: list[Callable[[Any], None]], first: Callable[[Any], None] = lambda _session: None
) -> list[BaseException | None]:
    """Let writers act that all wait while another one is inside; return what that one and each of them raised."""
    inside, go = threading.Event(), threading.Event()

    def hold(session: Any) -> None:
        inside.set()
        assert go.wait(30)
        first(session)

    def write(act: Callable[[Any], None]) -> BaseException | None:
        try:
            with catalog.database.write() as session:
                act(session)
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(len(acts) + 1) as pool:
        holder = pool.submit(write, hold)
        assert inside.wait(30)
        waiting = [pool.submit(write, act) for act in acts]
        while catalog.database._writers._waiting < len(acts):
            threading.Event().wait(0.01)
        go.set()
        return [one.result(60) for one in (holder, *waiting)]


def adds(name: str) -> Callable[[Any], None]:
    return lambda session: session.add(Default(name=name, value="1"))


def names(catalog: Catalog) -> set[str]:
    with catalog.database.read() as session:
        return set(session.scalars(select(Default.name)))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time never end a shared transaction: how fast the machine is must not matter."""
    monkeypatch.setattr(group_commit, "_LONGEST", 60.0)


@pytest.mark.usefixtures("patient")
def test_waiting_writers_share_one_commit(catalog: Catalog, commits: list[int]) -> None:
    assert together(catalog, [adds(f"n{n}") for n in range(8)]) == [None] * 9
    assert {f"n{n}" for n in range(8)} <= names(catalog)
    assert len(commits) == 1


@pytest.mark.usefixtures("patient")
def test_a_writer_that_fails_takes_only_its_own_changes_away(catalog: Catalog, commits: list[int]) -> None:
    def fails(session: Any) -> None:
        session.add(Default(name="lost", value="1"))
        session.flush()
        raise ZeroDivisionError

    def twice(session: Any) -> None:
        session.add(Default(name="tenancy_id", value="another"))

    raised = together(catalog, [adds("a"), fails, adds("b"), twice, adds("c")])
    assert [type(error).__name__ for error in raised] == [
        "NoneType",
        "NoneType",
        "ZeroDivisionError",
        "NoneType",
        "Conflict",
        "NoneType",
    ]
    assert {"a", "b", "c"} <= names(catalog)
    assert "lost" not in names(catalog)
    assert len(commits) == 1


@pytest.mark.usefixtures("patient")
def test_a_first_writer_that_fails_leaves_the_others_theirs(catalog: Catalog) -> None:
    def fails(session: Any) -> None:
        session.add(Default(name="lost", value="1"))
        session.flush()
        raise ZeroDivisionError

    raised = together(catalog, [adds("a"), adds("b")], first=fails)
    assert isinstance(raised[0], ZeroDivisionError)
    assert raised[1:] == [None, None]
    assert {"a", "b"} <= names(catalog)
    assert "lost" not in names(catalog)


@pytest.mark.usefixtures("patient")
def test_nobody_is_acknowledged_when_the_commit_fails(catalog: Catalog) -> None:
    def refuse(_connection: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    event.listen(catalog.database.engine, "commit", refuse)
    raised = together(catalog, [adds("a"), adds("b")])
    event.remove(catalog.database.engine, "commit", refuse)
    assert all(isinstance(error, (ServiceUnavailable, sqlite3.OperationalError)) for error in raised)
    assert not {"a", "b"} & names(catalog)


def test_news_are_told_once_they_can_be_read(catalog: Catalog) -> None:
    seen: list[int] = []

    def look() -> None:
        with catalog.database.read() as session:
            seen.append(session.scalar(select(func.count()).select_from(Default)) or 0)

    with catalog.database.read() as session:
        before = session.scalar(select(func.count()).select_from(Default)) or 0
    end = catalog.database.when_committed(look)
    with catalog.database.write() as session:
        session.add(Default(name="news", value="1"))
    end()
    with catalog.database.write() as session:
        session.execute(text("SELECT 1"))
    assert seen == [before + 1]
