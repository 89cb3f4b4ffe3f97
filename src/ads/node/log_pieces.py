"""What replicas of this node printed lately, in numbered pieces: the leader writes each once to a deployment's log."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.deploy.log_files import predict_log
from ads.home import Home, open_regular

__all__ = ["LogPieces"]

_KEPT_SECONDS = 10.0
_MOST_AT_ONCE = 16 * 1024
_MOST_KEPT = 128 * 1024


@dataclass(frozen=True)
class _Piece:
    number: int
    time: float
    deployment: str
    text: str


class LogPieces:
    """Reads on in each log where it was; what was written before this process was there was told by the one before."""

    def __init__(self, home: Home, node: str) -> None:
        self._home = home
        self._node = node
        self._number = int(time.time() * 1000)
        self._pieces: deque[_Piece] = deque()
        self._places: dict[str, tuple[int, int]] = {}
        for path in (home.root / "deployments").glob("*/predict.log"):
            state = path.stat()
            self._places[path.parent.name] = (state.st_ino, state.st_size)

    def look(self, deployments: Iterable[str]) -> None:
        """Read what is new in the logs of these deployments, and drop what is old."""
        now = time.monotonic()
        for deployment in set(deployments):
            text = self._read(deployment, predict_log(self._home, deployment))
            if text:
                self._number += 1
                self._pieces.append(_Piece(self._number, now, deployment, text))
        while self._pieces and (now - self._pieces[0].time > _KEPT_SECONDS or self._size() > _MOST_KEPT):
            self._pieces.popleft()

    def told(self) -> list[dict[str, Any]]:
        """Return the pieces of the last seconds."""
        return [{"number": p.number, "deployment": p.deployment, "text": p.text} for p in self._pieces]

    @property
    def last(self) -> int:
        """The number of the newest piece."""
        return self._number

    def _size(self) -> int:
        return sum(len(piece.text) for piece in self._pieces)

    def _read(self, deployment: str, path: Path) -> str:
        """Return the whole lines that came to a log; of very many the last ones, and that there were others."""
        inode, position = self._places.get(deployment, (0, 0))
        try:
            state = path.stat()
            if (state.st_ino, state.st_size) == (inode, position):
                return ""
            if state.st_ino != inode or state.st_size < position:
                position = 0
            with open_regular(path) as file:
                begin = max(position, state.st_size - _MOST_AT_ONCE)
                file.seek(begin)
                data = file.read(_MOST_AT_ONCE)
        except OSError:
            return ""
        end = data.rfind(b"\n") + 1
        if not end and len(data) < _MOST_AT_ONCE:
            return ""
        end = end or len(data)
        self._places[deployment] = (state.st_ino, begin + end)
        left_out = begin - position
        note = f"[openads] {left_out} bytes of this log are on node {self._node} only\n" if left_out else ""
        return note + data[:end].decode("utf-8", "replace")
