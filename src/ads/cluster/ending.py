"""When a process of the cluster that the supervisor started is to end."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

__all__ = ["until_ended"]


def until_ended() -> threading.Event:
    """Return what is set by SIGTERM and SIGINT, and when the supervisor is gone: its end of the pipe closes."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    lifeline = os.environ.get("OPENADS_LIFELINE")

    def wait(descriptor: int) -> None:
        with suppress(OSError):
            while os.read(descriptor, 1024):
                pass
        over.set()

    if lifeline:
        threading.Thread(target=wait, args=(int(lifeline),), daemon=True).start()
    return over
