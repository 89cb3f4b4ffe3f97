"""One batch job: read, score, write, with as many chunks in the air as there are workers and a few more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from ads.batch.chunk import Chunk
from ads.batch.crew import Crew
from ads.batch.journal import Journal
from ads.batch.places import SUFFIXES, Place
from ads.batch.predictions import Predictions
from ads.batch.reading import chunks, count_rows
from ads.batch.scoring import Asker
from ads.batch.writing import Layout, Writer, writer
from ads.errors import InputError

__all__ = ["Job", "Outcome", "run"]

_AHEAD = 2
_PARTS = ".parts"


@dataclass(frozen=True)
class Job:
    """What is to be scored, how, and where it goes.

    ``model`` says which model it is, to the byte: with another one nothing that was done counts. ``dtypes`` are those
    of its columns, ``chunk_rows`` the rows of a chunk (None: as suits the file), ``keep_going`` whether a row that
    fails stops the job. ``output`` is a file, or for a folder of inputs a folder.
    """

    source: Place
    output: Place
    model: str
    dtypes: Mapping[str, str] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)
    workers: int = 1
    chunk_rows: int | None = None
    keep_going: bool = False


@dataclass(frozen=True)
class Outcome:
    """How many rows the output has, for how many the predictions were there from before, and how many have none."""

    rows: int
    resumed: int
    failed: int


@dataclass
class _Scored:
    """How far a job is: so many rows of ``total`` are written, None where nobody knows how many there are."""

    total: int | None
    rows: int = 0

    def left(self) -> int | None:
        """Return how many rows are not written yet."""
        return None if self.total is None else self.total - self.rows


@dataclass(frozen=True)
class _Task:
    """Files that become one file."""

    number: int
    inputs: tuple[Place, ...]
    target: Place


def run(job: Job, make: Callable[[], Asker], progress: Callable[[int, int | None], None]) -> Outcome:
    """Score everything and return what came of it; the output appears as the last thing.

    ``make`` gives each worker its asker; ``progress`` hears how many rows are done, of how many if that is known. After
    an error or a kill the same job goes on where this one ended: what was scored isn't scored again. Raises
    :class:`~ads.errors.InputError` naming file and row.
    """
    inputs = job.source.inputs()
    into_folder = not job.output.suffix
    _require_target(job, inputs)
    counts = [count_rows(place) for place in inputs]
    known = [count for count in counts if count is not None]
    total = sum(known) if len(known) == len(counts) else None
    journal = Journal(job.output.beside(_PARTS), _about(job, inputs))
    with ExitStack() as stack:
        stack.callback(journal.close)
        whole = Outcome(0, 0, 0)
        scored = _Scored(total)
        crew = Crew(make, job.workers, scored.left, keep_going=job.keep_going)
        stack.callback(crew.close)
        if not journal.resumed:
            crew.begin()
        folder = job.output.beside(".partial")
        for task in _tasks(job, inputs, folder if into_folder else None):

            def told(rows: int, before: int = whole.rows) -> None:
                scored.rows = before + rows
                progress(before + rows, total)

            done = _Writing(job, task, journal, crew).run(told)
            whole = Outcome(whole.rows + done.rows, whole.resumed + done.resumed, whole.failed + done.failed)
        if into_folder:
            folder.become(job.output)
            folder.remove()
        journal.end()
    return whole


def _require_target(job: Job, inputs: list[Place]) -> None:
    if job.output.suffix:
        if job.output.is_folder():
            raise InputError(f"{job.output} is a folder.", hint="Name a file.")
        return
    if not job.source.is_folder():
        raise InputError(
            f"{job.output} is to be written, but its name doesn't say as what.",
            hint=f"Let it end in one of: {', '.join(SUFFIXES)}.",
        )
    if job.output.exists() and job.output.files.find(job.output.path):
        raise InputError(f"The folder {job.output} is not empty.", hint="Name another one, or empty it.")
    names = [place.path for place in inputs]
    if len(set(names)) != len(names):
        raise InputError(f"{job.source} has a file twice.")


def _about(job: Job, inputs: list[Place]) -> dict[str, Any]:
    return {
        "inputs": [place.mark() for place in inputs],
        "model": job.model,
        "rows": job.chunk_rows,
        "dtypes": dict(job.dtypes),
        "errors": job.keep_going,
    }


def _tasks(job: Job, inputs: list[Place], folder: Place | None) -> list[_Task]:
    if folder is None:
        return [_Task(0, tuple(inputs), job.output)]
    start = len(job.source.path) + 1
    return [_Task(number, (place,), folder.below(place.path[start:])) for number, place in enumerate(inputs)]


class _Writing:
    """One output file in the making: chunks wait here for their predictions, and are written in their order."""

    def __init__(self, job: Job, task: _Task, journal: Journal, crew: Crew) -> None:
        self._job = job
        self._task = task
        self._journal = journal
        self._crew = crew
        self._waiting: deque[tuple[Chunk, Future[Predictions] | Predictions]] = deque()
        self.done = Outcome(0, 0, 0)

    def run(self, told: Callable[[int], None]) -> Outcome:
        """Write the file and return what is in it."""
        with self._task.target.writing() as file:
            into = writer(self._task.target.suffix, file, self._job.layout)
            for number, chunk in enumerate(_all_chunks(self._job, self._task)):
                self._start(number, chunk)
                while len(self._waiting) > self._job.workers + _AHEAD:
                    self._write(into, told)
            while self._waiting:
                self._write(into, told)
            if not self.done.rows:
                raise InputError(f"{self._job.source} has no rows.", hint="Give a file with at least one row.")
            into.end()
        return self.done

    def _start(self, number: int, chunk: Chunk) -> None:
        layout = self._job.layout
        layout.outputs(Predictions(0, {"prediction": []}), layout.kept(chunk))  # refused before it is scored
        kept = self._journal.read(self._task.number, number)
        if kept is not None and kept.rows == len(chunk):
            self.done = replace(self.done, resumed=self.done.resumed + kept.rows)
            self._waiting.append((chunk, kept))
        else:
            keep = _keeper(self._journal, self._task.number, number)
            self._waiting.append((chunk, self._crew.score(chunk, keep)))

    def _write(self, into: Writer, told: Callable[[int], None]) -> None:
        chunk, coming = self._waiting.popleft()
        found = coming if isinstance(coming, Predictions) else coming.result()
        if not self.done.rows and len(found.errors) == found.rows:
            row, why = next(iter(found.errors.items()))
            raise InputError(
                f"{chunk.source}: none of the first {found.rows:,} rows can be predicted. "
                f"Row {chunk.number(row)}: {why}",
                hint="See which columns the model takes: ads models info REF",
            )
        into.write(chunk, found)
        rows, failed = self.done.rows + len(chunk), self.done.failed + len(found.errors)
        self.done = replace(self.done, rows=rows, failed=failed)
        told(rows)


def _keeper(journal: Journal, task: int, number: int) -> Callable[[Predictions], None]:
    return lambda predictions: journal.keep(task, number, predictions)


def _all_chunks(job: Job, task: _Task) -> Iterator[Chunk]:
    for place in task.inputs:
        yield from chunks(place, job.dtypes, job.chunk_rows)
