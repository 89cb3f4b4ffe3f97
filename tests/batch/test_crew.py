"""When one more process is started for a job, and what becomes of chunks whose worker can't start."""

from __future__ import annotations

import threading

import pytest

from ads.batch.chunk import Body, Chunk, RecordChunk
from ads.batch.crew import Crew, Pace, pays
from ads.batch.predictions import Predictions
from ads.batch.scoring import Asked


class _Asker:
    """Answers with the rows that it is asked, once it may."""

    composed = False
    arrow = False

    def __init__(self, gate: threading.Event, trouble: Exception | None = None) -> None:
        self.gate = gate
        self.trouble = trouble

    def start(self) -> float:
        if self.trouble is not None:
            raise self.trouble
        return 1.0

    def ask(self, body: Body, *, arrow: bool) -> Asked:  # noqa: ARG002 - as every asker
        self.gate.wait(30)
        return Asked(200, b'{"prediction": ' + body.content + b"}", arrow=False)

    def end(self) -> None:
        self.gate.set()


def chunk(first: int) -> Chunk:
    return RecordChunk("rows", first, [first, first + 1])


def kept(_: Predictions) -> None:
    """Nothing is kept."""


@pytest.mark.parametrize(
    ("start", "spent", "rows", "workers", "left", "expected"),
    [
        (2.0, 1.0, 100, 1, 1000, True),  # ten seconds to go: five are saved
        (6.0, 1.0, 100, 1, 1000, False),
        (2.0, 1.0, 100, 2, 1000, False),  # a third one saves 1.7
        (1.0, 1.0, 100, 1, None, False),  # nobody knows how much comes: no more than this much again is expected
        (1.0, 3.0, 100, 1, None, True),
        (0.0, 0.0, 0, 1, None, False),
    ],
)
def test_one_more_worker_has_to_save_what_it_costs(
    start: float, spent: float, rows: int, workers: int, left: int | None, expected: bool
) -> None:
    pace = Pace()
    pace.start, pace.spent, pace.rows = start, spent, rows
    assert pays(pace, workers, left) is expected


def test_a_short_job_starts_one_worker_and_a_long_one_more() -> None:
    for left, most, expected in ((1, 3, 1), (10**12, 3, 3), (10**12, 2, 2)):
        made: list[_Asker] = []
        gate = threading.Event()
        gate.set()

        def make(made: list[_Asker] = made, gate: threading.Event = gate) -> _Asker:
            made.append(_Asker(gate))
            return made[-1]

        crew = Crew(make, most, lambda left=left: left, keep_going=False)  # type: ignore[misc]
        coming = [crew.score(chunk(2 * number), kept) for number in range(200)]
        assert [found.result(30).columns["prediction"][0] for found in coming] == list(range(0, 400, 2))
        crew.close()
        assert len(made) == expected


def test_what_keeps_a_worker_from_starting_is_what_the_job_ends_with() -> None:
    crew = Crew(lambda: _Asker(threading.Event(), ValueError("no such model")), 2, lambda: None, keep_going=True)
    crew.begin()
    with pytest.raises(ValueError, match="no such model"):
        crew.score(chunk(0), kept).result(30)
    crew.close()


def test_closing_ends_what_is_asked_and_forgets_what_waits() -> None:
    crew = Crew(lambda: _Asker(threading.Event()), 1, lambda: None, keep_going=False)
    coming = [crew.score(chunk(number), kept) for number in range(3)]
    crew.close()
    assert coming[2].cancelled()
