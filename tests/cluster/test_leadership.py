"""One leads, another takes over when its connection ends, and who led before writes nothing any more."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from ads.cluster.leadership import FencedDatabase, Leadership, LeadershipLost
from ads.registry.cluster_tables import Published
from ads.registry.database import Database
from tests.members import Cluster, cluster  # noqa: F401 - a fixture
from tests.own_service import eventually

pytestmark = pytest.mark.needs("postgres")


class Candidate:
    """A control plane that may lead, and what it was told."""

    def __init__(self, name: str, database: Database) -> None:
        self.told: list[str] = []
        self.leadership = Leadership(
            database.engine.url, name, database, lambda: self.told.append("gained"), lambda: self.told.append("lost")
        )
        self.database = FencedDatabase(database, self.leadership.require)

    @property
    def leads(self) -> bool:
        return self.leadership.epoch > 0


@pytest.fixture
def candidates(database: Database) -> Iterator[list[Candidate]]:
    made = [Candidate(name, database) for name in ("a", "b")]
    for each in made:
        each.leadership.start()
    eventually(lambda: sum(each.leads for each in made) == 1, what="a leader")
    yield made
    for each in made:
        each.leadership.stop()


def sorted_by_lead(candidates: list[Candidate]) -> tuple[Candidate, Candidate]:
    first, second = sorted(candidates, key=lambda each: not each.leads)
    return first, second


def end_connections(database: Database) -> None:
    """End the connection that holds the lock, as a server does that lost sight of its client."""
    with database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid "
                "WHERE a.application_name = 'openads leader' AND l.locktype = 'advisory' AND l.granted"
            )
        )


def test_exactly_one_leads_and_the_other_follows_it(candidates: list[Candidate]) -> None:
    leader, other = sorted_by_lead(candidates)
    assert (leader.told, other.told) == (["gained"], [])
    leader.leadership.stop()
    assert leader.told == ["gained", "lost"]
    eventually(lambda: other.leads, what="the other one leading")
    assert other.leadership.epoch == 2


def test_losing_the_connection_ends_the_leadership(candidates: list[Candidate], database: Database) -> None:
    leader, _ = sorted_by_lead(candidates)
    end_connections(database)
    eventually(lambda: "lost" in leader.told, what="the end of the leadership")
    eventually(lambda: any(each.leadership.epoch >= 2 for each in candidates), what="a new leader")


def test_one_that_led_before_writes_nothing(candidates: list[Candidate], database: Database) -> None:
    leader, other = sorted_by_lead(candidates)
    with leader.database.write() as session:
        session.add(Published(name="mine", generation=1, content="by the leader"))
    with pytest.raises(LeadershipLost), other.database.write() as session:
        session.add(Published(name="mine too", generation=1, content="by somebody else"))
    # One that hangs doesn't know yet that another leads: its own word is as it was, the database's is not.
    with database.write() as session:
        session.get_one(Published, "leader").generation += 1
    with pytest.raises(LeadershipLost), leader.database.write() as session:
        session.get_one(Published, "mine").content = "too late"
    with database.read() as session:
        assert session.get_one(Published, "mine").content == "by the leader"
        assert session.get(Published, "mine too") is None


@pytest.mark.timeout(300)
def test_a_leader_that_hangs_is_replaced_and_writes_nothing_when_it_wakes(
    cluster: Cluster,  # noqa: F811
) -> None:
    for name in ("a", "b"):
        cluster.start(name, "control", engine="nodes")
    cluster.await_all()
    epoch, leader = cluster.leader()
    hanging = cluster.named(leader)
    control = hanging.children()["control"]
    os.kill(control, signal.SIGSTOP)
    try:
        eventually(lambda: cluster.leader()[0] > epoch, 120, "another leader")
        _, other = cluster.leader()
        assert other != leader
    finally:
        os.kill(control, signal.SIGCONT)
    eventually(lambda: f"leads no more (epoch {epoch})" in hanging.logs(), what="the end of the first leadership")
    eventually(lambda: {leader, other} <= set(cluster.live()), what="both members")
    assert cluster.leader() == (epoch + 1, other)
