"""Logs that stay small: a file that has become too large or too old is put aside under ``….1`` for a new one.

What lay there before goes, so a log has at most twice its size. Several processes may write to one log: who writes
holds the file's lock, and nobody writes to one that was put aside, so that followers find every line.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from datetime import datetime, timezone
from pathlib import Path

from ads.deploy.log_times import note_growth

__all__ = ["LogWriter", "clean", "remove_old_logs"]

_NOTED_EVERY = 1.0
_MOST_TRIES = 10
_STAMP = re.compile(rb"[^0-9]{0,12}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")


class LogWriter:
    """Appends to one log; sizes in bytes, ages in seconds. ``timed``: note beside the file when its lines came."""

    def __init__(self, path: Path, largest: int, oldest: float, *, timed: bool = False) -> None:
        self.path = path
        self._largest = largest
        self._oldest = oldest
        self._timed = timed
        self._inode = 0
        self._born = 0.0
        self._pending: tuple[int, float] | None = None
        self._noted = 0.0

    def write(self, data: bytes) -> None:
        """Append whole lines. Raises OSError; FileNotFoundError where the log's folder is gone."""
        now = time.time()
        descriptor = self._open()
        try:
            state = os.fstat(descriptor)
            if state.st_ino != self._inode:
                self._inode, self._born = state.st_ino, _born(descriptor, state) if state.st_size else now
            if state.st_size and (state.st_size + len(data) > self._largest or now - self._born > self._oldest):
                self._put_aside()
                os.close(descriptor)
                descriptor = self._open()
                state = os.fstat(descriptor)
                self._inode, self._born = state.st_ino, now
            if self._timed:
                self._note(now)
            _write_all(descriptor, data)
            self._pending = (state.st_size + len(data), now)
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        """Return the log's file, locked, and surely the one that has its name."""
        for _ in range(_MOST_TRIES):
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.stat(self.path).st_ino == os.fstat(descriptor).st_ino:  # noqa: PTH116 - beside fstat
                    return descriptor
            os.close(descriptor)
        raise OSError(f"{self.path} is replaced all the time.")

    def _put_aside(self) -> None:
        if self._timed:
            self._note(None)
        aside = self.path.with_name(f"{self.path.name}.1")
        notes, notes_aside = (path.with_name(f"{path.name}.times") for path in (self.path, aside))
        self.path.replace(aside)
        with contextlib.suppress(FileNotFoundError):
            notes_aside.unlink()
            # There is no moment at which new lines get old notes: the new file is made after this.
        with contextlib.suppress(FileNotFoundError):
            notes.replace(notes_aside)

    def _note(self, now: float | None) -> None:
        """Note how long the file was when it last grew; once a second is enough."""
        if self._pending is None or (now is not None and now - self._noted < _NOTED_EVERY):
            return
        with contextlib.suppress(OSError):
            note_growth(self.path, *self._pending)
        self._noted = now or 0.0
        self._pending = None


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _born(descriptor: int, state: os.stat_result) -> float:
    """Return when the first line was written, as far as it says so."""
    match = _STAMP.match(os.pread(descriptor, 64, 0))
    if match is not None:
        with contextlib.suppress(ValueError):
            text = match[1].decode().replace(" ", "T")
            return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()
    return state.st_mtime


def clean(line: bytes) -> bytes:
    r"""Return a line of a log with control characters, and what else ends lines, as ``\x1b``: it stays one line."""
    if _CONTROL.search(line) is None:
        return line
    return _CONTROL.sub(lambda match: b"".join(b"\\x%02x" % byte for byte in match[0]), line)


def remove_old_logs(folders: list[Path], oldest: float) -> None:
    """Remove what was put aside and is older than so many seconds. Folders that are not there have nothing."""
    before = time.time() - oldest
    for folder in folders:
        for path in folder.glob("*.log.1"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    path.with_name(f"{path.name}.times").unlink(missing_ok=True)
