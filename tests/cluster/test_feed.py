"""What is published reaches every member, each says so, and what their gateways tell reaches the leader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from ads.cluster.board import ACKNOWLEDGED, ROUTES, Board
from ads.cluster.feed import Feed, Line
from ads.cluster.members import live_members
from ads.cluster.membership import Me
from ads.registry.database import Database
from tests.own_service import eventually

pytestmark = pytest.mark.needs("postgres")

Start = Callable[..., Feed]


@pytest.fixture
def start(database: Database) -> Iterator[Start]:
    made: list[Feed] = []

    def make(name: str, take: Callable[[str], None], **more: Callable[[], None]) -> Feed:
        feed = Feed(database.engine.url, Me(name, "gateway"), {ROUTES: take}, more)
        made.append(feed)
        feed.start()
        return feed

    yield make
    for each in made:
        each.stop()


def test_publishing_returns_once_everybody_has_it(start: Start, database: Database) -> None:
    board, taken = Board(database), dict.fromkeys("abc", "")
    for name in taken:
        start(name, lambda content, name=name: taken.update({name: content}), **{ACKNOWLEDGED: board.heard})
    eventually(lambda: len(_there(database)) == 3, what="three members")
    for number in range(10):
        generation = board.publish(ROUTES, f"table {number}")
        assert board.wait(ROUTES, generation, 60)
        assert set(taken.values()) == {f"table {number}"}


def test_what_cannot_be_put_in_force_is_not_acknowledged_and_tried_again(start: Start, database: Database) -> None:
    board, tries = Board(database), [0]

    def take(_content: str) -> None:
        tries[0] += 1
        if tries[0] < 3:
            raise OSError("the disk is full")

    start("a", take)
    generation = board.publish(ROUTES, "table")
    eventually(lambda: board.wait(ROUTES, generation, 0.0) and _there(database), what="the acknowledgement")
    assert tries[0] == 3


def test_members_come_and_go(start: Start, database: Database) -> None:
    first, second = start("a", _nowhere), start("b", _nowhere)
    eventually(lambda: _there(database) == ["a", "b"], what="both")
    first.stop()
    assert _there(database) == ["b"]
    with database.write() as session:  # somebody cleaned up too much
        session.execute(text("DELETE FROM members"))
    eventually(lambda: _there(database) == ["b"], what="the one that is there")
    second.stop()


def test_a_lost_connection_is_made_again(start: Start, database: Database) -> None:
    taken: list[str] = []
    start("a", taken.append)
    eventually(lambda: _there(database), what="the member")
    with database.engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'openads feed'")
        )
    Board(database).publish(ROUTES, "after that")
    eventually(lambda: "after that" in taken, what="what was published meanwhile")


def test_lines_of_gateways_reach_who_listens_in_their_order(start: Start, database: Database) -> None:
    heard: list[Line] = []
    first, leader = start("a", _nowhere), start("b", _nowhere)
    leader.listen_to_lines(heard.extend)
    eventually(lambda: len(_there(database)) == 2, what="both")
    sent = 0

    def tell() -> bool:
        nonlocal sent
        first.forward("77", b'{"number": %d, "calling": true}' % sent, urgent=True)
        sent += 1
        return len(heard) > 20

    eventually(tell, what="lines")
    numbers = [line for gateway, line in heard if gateway == "a/77"]
    assert numbers == sorted(numbers, key=lambda line: int(line.split()[1].rstrip(b",")))
    leader.listen_to_lines(None)


def _there(database: Database) -> list[str]:
    with database.read() as session:
        return [each.id for each in live_members(session)]


def _nowhere(_content: str) -> None:
    return
