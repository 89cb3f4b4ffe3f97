"""A store that is away: how long it is waited for, and by how many."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ads.errors import ServiceUnavailable
from ads.home import Home
from ads.registry import store_reach
from ads.registry.blobs import BlobStore
from ads.registry.referenced_files import S3, Folder, list_referenced
from ads.registry.store_reach import Reach
from tests.s3_server import use_s3


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reach(clock: Clock) -> Reach:
    return Reach(clock)


def ask(reach: Reach, clock: Clock, seconds: float, error: Exception | None = None) -> None:
    with reach.attempt():
        clock.now += seconds
        if error is not None:
            raise error


def fail(reach: Reach, clock: Clock, seconds: float, error: Exception) -> None:
    with pytest.raises(type(error)):
        ask(reach, clock, seconds, error)


def test_nobody_waits_for_a_store_that_was_waited_for_in_vain(reach: Reach, clock: Clock) -> None:
    fail(reach, clock, 30, TimeoutError())
    clock.now += 1
    with pytest.raises(ServiceUnavailable, match="doesn't answer") as told:
        ask(reach, clock, 0)
    assert told.value.retry_after == 5.0


def test_one_finds_out_and_then_everybody_may_ask_again(reach: Reach, clock: Clock) -> None:
    fail(reach, clock, 30, TimeoutError())
    clock.now += 6
    with reach.attempt():
        with pytest.raises(ServiceUnavailable):
            ask(reach, clock, 0)
        clock.now += 1
    ask(reach, clock, 0)
    ask(reach, clock, 0)


def test_a_store_that_stays_away_is_asked_now_and_then(reach: Reach, clock: Clock) -> None:
    fail(reach, clock, 30, TimeoutError())
    for _ in range(3):
        clock.now += 6
        fail(reach, clock, 30, TimeoutError())
        with pytest.raises(ServiceUnavailable):
            ask(reach, clock, 0)


@pytest.mark.parametrize(
    ("seconds", "error"),
    [(1, OSError("refused")), (30, PermissionError("no")), (30, FileNotFoundError("none"))],
)
def test_a_store_that_answers_is_not_away(reach: Reach, clock: Clock, seconds: float, error: Exception) -> None:
    fail(reach, clock, seconds, error)
    ask(reach, clock, 0)


def put(store: BlobStore, content: bytes) -> None:
    with store.begin(len(content)) as upload:
        upload.write(content)
        with store.keep(upload):
            pass


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server that takes connections and says nothing."""
    monkeypatch.setattr(store_reach, "_READ", 0.2)
    monkeypatch.setattr(store_reach, "_IN_VAIN", 0.1)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        use_s3(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")
        yield "s3://bucket/prefix"


@pytest.mark.needs("s3fs")
def test_an_upload_to_a_store_that_says_nothing_ends(silent: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    store = BlobStore(home, 10**9, silent)
    for said in ("could not look for", "doesn't answer"):  # the second one doesn't wait
        with pytest.raises(ServiceUnavailable, match=said):
            put(store, b"content")
    assert list(home.uploads.iterdir()) == []


@pytest.mark.needs("s3fs")
def test_a_bucket_of_references_that_says_nothing_is_told_as_away(silent: str) -> None:
    with pytest.raises(ServiceUnavailable, match="can't be reached"):
        list_referenced(None, Folder(S3, "bucket", "m/"))  # type: ignore[arg-type]
