"""The threads of a job that score, each with an asker of its own: one at first, more as soon as that pays."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from ads.batch.chunk import Chunk
from ads.batch.predictions import Predictions
from ads.batch.scoring import Asker, Scoring

__all__ = ["Crew", "Pace", "pays"]

Keep = Callable[[Predictions], None]


class Pace:
    """What is known of a job: seconds that a start took, and that were spent on so many rows."""

    def __init__(self) -> None:
        self.start = 0.0
        self.spent = 0.0
        self.rows = 0


def pays(pace: Pace, workers: int, left: int | None) -> bool:
    """Return whether one more than so many workers saves more time than its start takes.

    ``left`` are the rows that are still to be scored; None: nobody knows, so as much is expected as is done.
    """
    if not pace.rows:
        return False
    seconds = pace.spent if left is None else pace.spent / pace.rows * left
    return seconds / workers - seconds / (workers + 1) > pace.start


class Crew:
    """See the module. ``most`` workers; ``left`` tells how many rows are still to be scored, if that is known."""

    def __init__(
        self, make: Callable[[], Asker], most: int, left: Callable[[], int | None], *, keep_going: bool
    ) -> None:
        self._make = make
        self._most = most
        self._left = left
        self._keep_going = keep_going
        self._pace = Pace()
        self._waiting: deque[tuple[Chunk, Keep, Future[Predictions]]] = deque()
        self._changed = threading.Condition()
        self._over = False
        self._askers: list[Asker] = []
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Start the first worker now: what it needs is loaded while the first rows are read."""
        with self._changed:
            if not self._threads:
                self._grow()

    def score(self, chunk: Chunk, keep: Keep) -> Future[Predictions]:
        """Return the coming predictions of a chunk, which ``keep`` gets as well."""
        found: Future[Predictions] = Future()
        with self._changed:
            self._waiting.append((chunk, keep, found))
            if not self._threads:
                self._grow()
            self._changed.notify()
        return found

    def close(self) -> None:
        """Forget what waits, and end every asker; what is being asked ends with them."""
        with self._changed:
            self._over = True
            for _, _, found in self._waiting:
                found.cancel()
            self._waiting.clear()
            self._changed.notify_all()
            askers, threads = list(self._askers), list(self._threads)
        for asker in askers:
            asker.end()
        for thread in threads:
            thread.join()
        for asker in askers:  # what was just starting
            asker.end()

    def _grow(self) -> None:
        asker = self._make()
        self._askers.append(asker)
        thread = threading.Thread(target=self._work, args=(asker,), name=f"batch-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, asker: Asker) -> None:
        scoring = Scoring(asker, keep_going=self._keep_going)
        trouble = self._start(asker)
        while (task := self._next()) is not None:
            chunk, keep, found = task
            began = time.perf_counter()
            try:
                if trouble is not None:
                    raise trouble  # noqa: TRY301 - whoever waits for the chunk raises it
                predictions = scoring.predict(chunk)
                self._note(time.perf_counter() - began, len(chunk))
                if len(predictions.errors) < predictions.rows:
                    keep(predictions)
            except BaseException as error:  # noqa: BLE001 - a thread's boundary: whoever waits for the chunk raises it
                found.set_exception(error)
            else:
                found.set_result(predictions)

    def _start(self, asker: Asker) -> BaseException | None:
        """Start what will be asked; return what went wrong, for the one who waits for the first chunk."""
        try:
            took = asker.start()
        except BaseException as error:  # noqa: BLE001 - a thread's boundary
            return error
        with self._changed:
            self._pace.start = max(self._pace.start, took)
        return None

    def _next(self) -> tuple[Chunk, Keep, Future[Predictions]] | None:
        with self._changed:
            while not self._over:
                if self._waiting:
                    task = self._waiting.popleft()
                    if task[2].set_running_or_notify_cancel():
                        return task
                else:
                    self._changed.wait()
            return None

    def _note(self, seconds: float, rows: int) -> None:
        """Take note of a chunk that was scored, and start one more worker where others wait and that pays."""
        with self._changed:
            self._pace.spent += seconds
            self._pace.rows += rows
            workers = len(self._threads)
            if not self._over and self._waiting and workers < self._most and pays(self._pace, workers, self._left()):
                self._grow()
