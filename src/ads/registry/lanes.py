"""Work on a stream that goes on beside its reading: each lane takes the pieces in order, in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Followed", "Follower", "Lane"]

_MOST_WAITING = 4


class Follower(Protocol):
    """What follows a stream: a digest, for one."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take the next bytes."""

    def copy(self) -> Self:
        """Return one that goes on from here by itself."""


FollowerT = TypeVar("FollowerT", bound=Follower)


@dataclass(frozen=True)
class Followed(Generic[FollowerT]):
    """A follower's state at the last mark, and how many marks there were."""

    state: FollowerT
    marks: int = 0


class Lane(Generic[FollowerT]):
    """Gives pieces to a follower. Where too many wait, :meth:`put` does.

    A piece must not change until :attr:`holds` others were put after it.
    """

    holds = _MOST_WAITING + 1

    def __init__(self, begin: Followed[FollowerT], name: str) -> None:
        self.kept = begin
        self._state = begin.state.copy()
        self._queue: deque[bytes | memoryview | None] = deque()
        self._waiting = 0
        self._ended = False
        self._error: BaseException | None = None
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, data: bytes | memoryview) -> None:
        """Give the next piece. Raises what the follower raised."""
        with self._change:
            while self._waiting >= _MOST_WAITING and self._error is None:
                self._change.wait()
            if self._error is not None:
                raise self._error
            self._queue.append(data)
            self._waiting += 1
            self._change.notify_all()

    def mark(self) -> None:
        """Keep the state at this place of the stream."""
        with self._change:
            self._queue.append(None)
            self._change.notify_all()

    def close(self) -> Followed[FollowerT]:
        """Return the state at the last mark, once all that was given is done."""
        with self._change:
            self._ended = True
            self._change.notify_all()
        self._thread.join()
        return self.kept

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._queue and not self._ended:
                    self._change.wait()
                if not self._queue:
                    return
                piece = self._queue.popleft()
            try:
                if piece is None:
                    self.kept = Followed(self._state.copy(), self.kept.marks + 1)
                    continue
                self._state.update(piece)
            except BaseException as error:  # noqa: BLE001 - it belongs to the thread that gives the pieces
                with self._change:
                    self._error = error
                    self._queue.clear()
                    self._ended = True
                    self._change.notify_all()
                return
            with self._change:
                self._waiting -= 1
                self._change.notify_all()
