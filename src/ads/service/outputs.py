"""What children print: read from a pipe, so that no child waits for a disk, fills it, or can change what it said.

Each log gets a megabyte a second and eight at once; whole lines beyond that are dropped and counted, and the log says
so. Control characters are written as ``\\x1b``, and a line without an end is ended after 16 KiB.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ads.deploy.log_writer import LogWriter, clean, remove_old_logs

__all__ = ["Outputs"]

_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, which Python's fcntl knows from 3.10 on where the system has it
_BURST = 8 << 20
_PER_SECOND = 1 << 20
_LONGEST_LINE = 16 * 1024
_SAY_SECONDS = 1.0
_UNTIMED = "predict.log"
_TIDY_SECONDS = 3600.0
_MOST_AT_ONCE = 4


class _Log:
    """One log file and what it may still take."""

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self._allowed = float(_BURST)
        self._refilled = time.monotonic()
        self._dropped_lines = 0
        self._dropped_bytes = 0
        self._said = 0.0
        self.users = 0

    @property
    def owes_a_word(self) -> bool:
        return self._dropped_bytes > 0

    def put(self, lines: list[bytes]) -> None:
        """Write these lines, or count them as dropped."""
        now = time.monotonic()
        self._allowed = min(_BURST, self._allowed + (now - self._refilled) * _PER_SECOND)
        self._refilled = now
        size = sum(map(len, lines)) + len(lines)
        if size > self._allowed:
            self.drop(len(lines), size)
            return
        self._allowed -= size
        self._write(b"".join(clean(line) + b"\n" for line in lines))

    def drop(self, lines: int, size: int) -> None:
        self._dropped_lines += lines
        self._dropped_bytes += size

    def say(self, *, at_once: bool = False) -> None:
        """Tell the log what it doesn't have."""
        now = time.monotonic()
        if self._dropped_bytes and (at_once or now - self._said >= _SAY_SECONDS):
            self._said = now
            text = f"[openads] {self._dropped_lines} lines ({self._dropped_bytes} bytes) were dropped: "
            self._write(f"{text}more than {_PER_SECOND} bytes a second were printed.\n".encode())
            self._dropped_lines = self._dropped_bytes = 0

    def _write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
        except FileNotFoundError:
            return  # the deployment was removed meanwhile
        except OSError as error:
            self._dropped_bytes += len(data)
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{self._writer.path}: {error}\n")


class _Output:
    """One pipe and what of its last line came so far."""

    def __init__(self, descriptor: int, log: _Log) -> None:
        self.descriptor = descriptor
        self.log = log
        self._rest = b""
        self._skipping = False

    def read(self) -> bool:
        """Take what is there, at most one pipe full; return whether more may come."""
        try:
            data = os.read(self.descriptor, _PIPE_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            if self._rest:
                self.log.put([self._rest])
            self._rest = b""
            return False
        if self._skipping:  # the rest of a line that was too long, or was dropped
            end = data.find(b"\n") + 1
            self.log.drop(1 if end else 0, end or len(data))
            self._skipping = not end
            data = data[end:] if end else b""
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines.append(rest[:_LONGEST_LINE])
            self.log.drop(0, len(rest) - _LONGEST_LINE)
            rest, self._skipping = b"", True
        self._rest = rest
        if lines:
            self.log.put([line.removesuffix(b"\r") for line in lines])
        return True


class Outputs:
    """All pipes, read by the loop that has ``selector``. Sizes in bytes, ages in seconds."""

    def __init__(self, selector: selectors.BaseSelector, largest: int, oldest: float) -> None:
        self._selector = selector
        self._largest = largest
        self._oldest = oldest
        self._logs: dict[str, _Log] = {}
        self._outputs: dict[_Output, str] = {}
        self._tidied = 0.0

    def open(self, path: str) -> int:
        """Return a descriptor to print to, which the caller closes after handing it on. Raises OSError."""
        log = self._logs.get(path)
        if log is None:
            timed = path.endswith(_UNTIMED)  # the service's own lines say their times
            log = self._logs[path] = _Log(LogWriter(Path(path), self._largest, self._oldest, timed=timed))
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        with contextlib.suppress(OSError):  # the user may have as many large pipes as he may have
            fcntl.fcntl(writing, _SET_PIPE_SIZE, _PIPE_BYTES)
        output = _Output(reading, log)
        log.users += 1
        self._outputs[output] = path
        self._selector.register(reading, selectors.EVENT_READ, lambda: self._read(output))
        return writing

    def due(self) -> float | None:
        """Return when :meth:`tick` has something to say (monotonic)."""
        return time.monotonic() + _SAY_SECONDS if any(log.owes_a_word for log in self._logs.values()) else None

    def tick(self, folders: Callable[[], list[Path]]) -> None:
        """Say what was dropped; once an hour remove what is too old from these folders."""
        for log in self._logs.values():
            log.say()
        now = time.monotonic()
        if now - self._tidied >= _TIDY_SECONDS:
            self._tidied = now
            remove_old_logs(folders(), self._oldest)

    def catch_up(self, path: str) -> None:
        """Take what was printed to this log so far, as far as a few pipes full of it go."""
        for output in [each for each, to in self._outputs.items() if to == path]:
            for _ in range(_MOST_AT_ONCE):
                if output not in self._outputs or not _readable(output.descriptor):
                    break
                self._read(output)

    def close(self) -> None:
        """Take what is still in the pipes, and close them."""
        for output in list(self._outputs):
            deadline = time.monotonic() + 0.2
            while output in self._outputs and time.monotonic() < deadline and _readable(output.descriptor):
                self._read(output)
            if output in self._outputs:
                self._forget(output)

    def _read(self, output: _Output) -> None:
        if not output.read():
            self._forget(output)

    def _forget(self, output: _Output) -> None:
        path = self._outputs.pop(output)
        self._selector.unregister(output.descriptor)
        os.close(output.descriptor)
        output.log.users -= 1
        if not output.log.users:
            output.log.say(at_once=True)
            del self._logs[path]


def _readable(descriptor: int) -> bool:
    import select

    return bool(select.select([descriptor], [], [], 0)[0])
