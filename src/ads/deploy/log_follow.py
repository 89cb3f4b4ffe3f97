"""The lines of a log as they are written, also when the file is put aside for a new one meanwhile."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from ads.deploy.log_files import LONGEST_LINE, last_lines

__all__ = ["FollowedLine", "LogFollower"]

_POSITION = re.compile(r"([0-9]{1,20})-([0-9]{1,18})", re.ASCII)
_AT_ONCE = 256 * 1024


class FollowedLine(NamedTuple):
    """One line. ``position`` is where the next one begins, for a follower that comes later."""

    position: str
    text: str
    path: Path
    offset: int


class LogFollower:
    """Follows one log from its end, or from a position that an earlier follower told. Close it at the end."""

    def __init__(self, path: Path, position: str = "") -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._inode = 0
        self._offset = 0
        self._name = path
        match = _POSITION.fullmatch(position)
        if match is not None:
            for each in (path, path.with_name(f"{path.name}.1")):
                if self._open(each) and self._inode == int(match[1]):
                    self._offset = min(int(match[2]), self._size())
                    return
            self.close()  # both were put aside since: what there is now is all new
        elif self._open(path):
            self._offset = self._end_of_last_line()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file = None

    @property
    def position(self) -> str:
        """Where the next line begins."""
        return f"{self._inode}-{self._offset}"

    def before(self, limit: int) -> list[FollowedLine]:
        """Return the last lines that were there before this position."""
        lines = last_lines(self._name, limit, self._offset) if self._file is not None else []
        position = self.position
        return [FollowedLine(position, text, self._name, offset) for offset, text in lines]

    def read(self) -> list[FollowedLine]:
        """Return the whole lines that came since the last call, at most a quarter of a megabyte of them."""
        found = list(self._lines())
        if not found and self._put_aside():
            found = list(self._lines(last=True))  # what came between the last look and the new file
            if not found:
                self._open_next()
                found = list(self._lines())
        return found

    def _open_next(self) -> None:
        """Open what came after the file that was read: the one aside, where two were put aside since the last look."""
        before, aside = self._inode, self._path.with_name(f"{self._path.name}.1")
        if before and self._open(aside) and self._inode != before:
            return
        self._open(self._path)

    def _open(self, path: Path) -> bool:
        self.close()
        try:
            self._file = path.open("rb")
        except FileNotFoundError:
            return False
        self._inode, self._offset, self._name = os.fstat(self._file.fileno()).st_ino, 0, path
        return True

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size if self._file is not None else 0

    def _end_of_last_line(self) -> int:
        """Return where the line begins that has no end yet."""
        assert self._file is not None
        size = self._size()
        begin = max(0, size - _AT_ONCE)
        self._file.seek(begin)
        end = self._file.read(size - begin).rfind(b"\n")
        return begin + end + 1 if end >= 0 or not begin else size

    def _put_aside(self) -> bool:
        """Tell whether there is another file now under the log's name."""
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            return False
        if self._file is None:
            return True
        if inode != self._inode:
            self._name = self._path.with_name(f"{self._path.name}.1")
            return True
        return False

    def _lines(self, *, last: bool = False) -> Iterator[FollowedLine]:
        """Yield whole lines; of a line without an end only what is too much to wait for, or will never have one."""
        if self._file is None:
            return
        if self._size() < self._offset:
            self._offset = 0  # somebody emptied it
        self._file.seek(self._offset)
        data = self._file.read(_AT_ONCE)
        *lines, rest = data.split(b"\n")
        for line in lines:
            begin, self._offset = self._offset, self._offset + len(line) + 1
            yield self._line(line, begin)
        if rest and not lines and (last or len(data) == _AT_ONCE):
            begin, self._offset = self._offset, self._offset + len(rest)
            yield self._line(rest, begin)

    def _line(self, line: bytes, begin: int) -> FollowedLine:
        text = line[:LONGEST_LINE].decode("utf-8", errors="replace")
        return FollowedLine(self.position, text, self._name, begin)
