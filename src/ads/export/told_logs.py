"""What processes write to their logs, at this one's output too: there clusters look for it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["LOOK_EVERY", "tell_logs"]

LOOK_EVERY = 0.2
"""Seconds until what was written is told."""


def tell_logs(logs: Callable[[], Iterable[Path]]) -> None:
    """Tell from now on, in a thread, what is appended to the logs; ``logs`` may name more of them each time."""
    threading.Thread(target=_tell, args=(logs,), daemon=True).start()


def _tell(logs: Callable[[], Iterable[Path]]) -> None:
    places: dict[Path, int] = {}
    while True:
        for path in logs():
            place = places.setdefault(path, 0)
            try:
                size = path.stat().st_size
                with path.open("rb") as file:
                    file.seek(place if size >= place else 0)
                    text = file.read()
                    places[path] = file.tell()
            except OSError:
                continue
            sys.stdout.write(text.decode("utf-8", "replace"))
        sys.stdout.flush()
        time.sleep(LOOK_EVERY)
