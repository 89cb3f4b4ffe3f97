"""Who gives names to blobs, many at once, and who takes them away, alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ads.registry.store_lock import StoreLock

__all__ = ["Naming"]


class Naming:
    """A lock that is held together or alone. Who wants it alone goes before those who come later.

    ``others`` is the same for other processes that work on the same store; without it there are none.
    """

    def __init__(self, others: StoreLock | None = None) -> None:
        self._others = others
        self._changed = threading.Condition()
        self._together = 0
        self._alone = False
        self._wanted = 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hold it with others. Don't nest it: somebody may be waiting to have it alone. Raises ServiceUnavailable."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._wanted)
            if self._others is not None and not self._together:
                self._others.take(alone=False)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                if self._others is not None and not self._together:
                    self._others.release(alone=False)
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold it while nobody else does. Raises ServiceUnavailable."""
        with self._changed:
            self._wanted += 1
            try:
                self._changed.wait_for(lambda: not self._alone and not self._together)
                if self._others is not None:
                    self._others.take(alone=True)
                self._alone = True
            finally:
                self._wanted -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                if self._others is not None:
                    self._others.release(alone=True)
                self._changed.notify_all()
