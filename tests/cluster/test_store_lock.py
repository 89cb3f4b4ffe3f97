"""The artifact store of several control planes: nobody removes what another one is about to make visible."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from ads.errors import ServiceUnavailable
from ads.registry.database import Database
from ads.registry.naming import Naming
from ads.registry.store_lock import StoreLock
from tests.own_service import eventually

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture
def machines(database: Database) -> Iterator[tuple[Naming, Naming]]:
    locks = [StoreLock(database.engine.url) for _ in range(2)]
    yield Naming(locks[0]), Naming(locks[1])
    for lock in locks:
        lock.close()


def test_names_are_given_together_and_taken_away_alone(machines: tuple[Naming, Naming]) -> None:
    here, there = machines
    removed = threading.Event()

    def remove() -> None:
        with there.alone():
            removed.set()

    thread = threading.Thread(target=remove)
    with here.together():
        with here.together(), there.together():
            thread.start()
        assert not removed.is_set()
    thread.join()
    assert removed.is_set()
    with here.together(), there.together():
        pass


def test_who_waits_too_long_is_told_to_come_again(machines: tuple[Naming, Naming]) -> None:
    here, there = machines
    with here.together(), pytest.raises(ServiceUnavailable, match="cleaned up"), there.alone():
        pytest.fail("it was alone with somebody")
    with there.alone():
        pass


def test_a_restarted_database_is_no_end(machines: tuple[Naming, Naming], database: Database) -> None:
    here, there = machines
    with here.together():
        pass
    with database.engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'openads store'")
        )

    def works() -> bool:
        with here.together():
            return True

    eventually(works)
    with there.alone():
        pass
