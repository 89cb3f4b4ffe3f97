"""The recorder of `make faults` sees what it is there for: answers that are another's, stale, refused or missing."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.faults import models
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import Recorder, Request, percentile
from benchmarks.faults.trial import Fault, Trial

Answer = Callable[[list[int]], tuple[str, object]]


def right(numbers: list[int], version: int = 1) -> tuple[str, object]:
    content = {"prediction": models.expected(numbers, version), "version": version, "pid": 1, "calls": 1}
    return "200 OK", content


class Server:
    """Answers each request by a function of its numbers; None ends the connection instead."""

    def __init__(self, answer: Callable[[list[int]], tuple[str, object] | None]) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/d/predict"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file:
            while file.readline():
                length = 0
                while (line := file.readline().strip()) != b"":
                    name, _, value = line.partition(b": ")
                    length = int(value) if name.lower() == b"content-length" else length
                answer = self._answer(json.loads(file.read(length))["x"])
                if answer is None:
                    return
                status, content = answer
                body = json.dumps(content).encode()
                connection.sendall(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    servers: list[Server] = []

    def start(answer: Callable[[list[int]], tuple[str, object] | None]) -> str:
        servers.append(Server(answer))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


def record(url: str, count: int = 30, **how: object) -> Recorder:
    with Recorder(url, "token", 1, connections=2, **{"rate": 0.0, **how}) as recorder:  # type: ignore[arg-type]
        deadline = time.monotonic() + 60
        while len(recorder.requests) < count and time.monotonic() < deadline:
            time.sleep(0.01)
    return recorder


def test_right_answers_are_right(serve: Callable[..., str]) -> None:
    recorder = record(serve(right))
    assert set(recorder.counts) == {"right"}
    assert recorder.counts["right"] == len(recorder.requests) >= 30
    assert all(request.sent <= request.received for request in recorder.requests)


@pytest.mark.parametrize(
    "answer",
    [
        lambda numbers: right([number + 1 for number in numbers]),
        lambda numbers: right(numbers + numbers),
        lambda numbers: right(numbers, version=2),  # a version that must not answer
        lambda _: ("200 OK", {"prediction": None}),
    ],
)
def test_what_is_not_the_function_of_its_numbers_is_wrong(serve: Callable[..., str], answer: Answer) -> None:
    recorder = record(serve(answer))
    assert set(recorder.counts) == {"wrong"}
    outcome = Outcome("F0", "a swapped answer")
    outcome.take(recorder, refused=True, lost=True, failed=True)
    assert any("wrong" in line for line in outcome.broken)


def test_an_old_version_is_wrong_once_the_new_one_is_promised(serve: Callable[..., str]) -> None:
    with Recorder(serve(right), "token", 1, rate=0.0, connections=1, versions=(1, 2)) as recorder:
        recorder.after(10)
        recorder.only(2)
        deadline = time.monotonic() + 60
        while recorder.counts["wrong"] < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert recorder.counts["right"] >= 10
    assert recorder.counts["wrong"] >= 5


@pytest.mark.parametrize(
    ("status", "kind"),
    [("503 No\r\nretry-after: 1", "refused"), ("503 No", "failed"), ("500 No", "failed"), ("429 No", "failed")],
)
def test_only_a_refusal_that_says_when_is_one(serve: Callable[..., str], status: str, kind: str) -> None:
    assert set(record(serve(lambda _: (status, {}))).counts) == {kind}


def test_a_connection_that_ends_is_lost_and_may_be_tried_again(serve: Callable[..., str]) -> None:
    assert set(record(serve(lambda _: None)).counts) == {"lost"}
    calls: dict[str, int] = {}

    def first_none(numbers: list[int]) -> tuple[str, object] | None:
        calls[str(numbers)] = calls.get(str(numbers), 0) + 1
        return None if calls[str(numbers)] == 1 else right(numbers)

    recorder = record(serve(first_none), retries=1)
    assert set(recorder.counts) == {"right", "sent again"}


def test_what_was_lost_is_sent_again_before_what_waits(serve: Callable[..., str]) -> None:
    seen: list[list[int]] = []
    waiting = threading.Event()

    def none_once_many_wait(numbers: list[int]) -> tuple[str, object] | None:
        seen.append(numbers)
        if len(seen) > 1:
            return right(numbers)
        waiting.wait(30)
        return None

    with Recorder(serve(none_once_many_wait), "token", 1, rate=200.0, connections=1, retries=1) as recorder:
        deadline = time.monotonic() + 60
        while len(recorder._waiting) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        waiting.set()
        recorder.after(20)
    assert seen[0] == seen[1]
    assert set(recorder.counts) == {"right", "sent again"}


def test_a_seed_gives_the_same_requests_again(serve: Callable[..., str]) -> None:
    url = serve(right)
    first, second = (
        [request.numbers for request in sorted(record(url, rate=200.0).requests, key=lambda each: each.due)]
        for _ in range(2)
    )
    assert first[:20] == second[:20]


def test_what_the_harness_runs_into_breaks_the_promise() -> None:
    def trouble(trial: Trial, outcome: Outcome) -> None:
        outcome.within("slow", 3.0, 1.0)
        raise TimeoutError("the end of the rollout: not within 60 s")

    outcome = Fault("F0", "trouble", trouble).run(Trial(1))
    assert outcome.broken == ["slow took 3.00 s, more than 1", "TimeoutError: the end of the rollout: not within 60 s"]


def test_percentiles() -> None:
    assert percentile([], 0.99) == 0.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert Request([1], "", 0.0, sent=1.0, received=3.0).seconds == 2.0
