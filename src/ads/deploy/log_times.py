"""When the lines of a log were written that don't say it themselves: noted beside the file while it grows."""

from __future__ import annotations

import bisect
import contextlib
import os
from datetime import datetime, timezone
from pathlib import Path

__all__ = ["LogTimes", "note_growth"]

_RECENT = 64 * 1024
_EPOCH = datetime.fromtimestamp(0, timezone.utc)


class LogTimes:
    """For each place in a file, when it was seen to be that long."""

    def __init__(self, sizes: list[int], times: list[float], last: float) -> None:
        self._sizes = sizes
        self._times = times
        self._last = last

    @classmethod
    def of(cls, path: Path, *, recent: bool = False) -> LogTimes:
        """Return what was noted of this file, or of its end. Past the last note its modification time counts."""
        sizes: list[int] = []
        times: list[float] = []
        with contextlib.suppress(FileNotFoundError):
            for line in _last_notes(_notes(path)) if recent else _notes(path).read_text("ascii").splitlines():
                size, _, seconds = line.partition(" ")
                if sizes and int(size) < sizes[-1]:
                    sizes, times = [], []
                sizes.append(int(size))
                times.append(float(seconds))
        try:
            last = path.stat().st_mtime
        except FileNotFoundError:
            last = 0.0
        return cls(sizes, times, last)

    def text_at(self, offset: int) -> str | None:
        """Return :meth:`at` as RFC 3339, None where nothing is known."""
        time = self.at(offset)
        return None if time == _EPOCH else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def at(self, offset: int) -> datetime:
        """Return when the line that begins there was seen, at most a second after it was written."""
        index = bisect.bisect_right(self._sizes, offset)
        seconds = self._times[index] if index < len(self._times) else self._last
        return datetime.fromtimestamp(seconds, timezone.utc) if seconds else _EPOCH


def note_growth(path: Path, size: int, seconds: float) -> None:
    """Note that the file was ``size`` bytes long at this Unix time."""
    with _notes(path).open("a", encoding="ascii") as file:
        file.write(f"{size} {seconds:.3f}\n")


def _last_notes(path: Path) -> list[str]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _RECENT))
        lines = file.read().decode("ascii").splitlines()
    return lines[1:] if size > _RECENT else lines


def _notes(path: Path) -> Path:
    return path.with_name(f"{path.name}.times")
