"""What pods print, in the logs of their deployments: one thread for each container that runs, ended with it.

How far each was read lies beside the replica's folder, so that a control plane that was started again repeats nothing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ads.deploy.engines.kubernetes_client import Expired, KubernetesClient
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.log_writer import LogWriter, clean

__all__ = ["LogSource", "PodLogs"]

_EVERY = 0.5
_PAUSE = 1.0
_SILENCE = 30.0
_KEPT_EVERY = 1.0


@dataclass(frozen=True)
class LogSource:
    """One start of a container: pod, container, how often it was started before, and the file for what it says."""

    pod: str
    container: str
    restarts: int
    path: Path
    place: Path


class PodLogs:
    """Follows containers. ``writer`` makes what appends to a log."""

    def __init__(self, client: KubernetesClient, writer: Callable[[Path], LogWriter]) -> None:
        self._client = client
        self._writer = writer
        self._lock = threading.Lock()
        self._writers: dict[Path, LogWriter] = {}
        self._followed: set[LogSource] = set()

    def note(self, path: Path, line: str) -> None:
        """Append a line of our own to a log."""
        with contextlib.suppress(OSError):
            self._write(path, [clean(line.encode("utf-8", "replace"))])

    def follow(
        self,
        sources: Callable[[], Iterable[LogSource]],
        running: Callable[[LogSource], bool],
        over: threading.Event,
    ) -> None:
        """Follow all sources, those that come too, until ``over`` is set; one that has ended, to its end."""
        while not over.wait(_EVERY):
            wanted = set(sources())
            fresh = wanted - self._followed
            self._followed = wanted
            for source in fresh:
                args = (source, running, over)
                threading.Thread(target=self._follow, args=args, name="pod-log", daemon=True).start()

    def _follow(self, source: LogSource, running: Callable[[LogSource], bool], over: threading.Event) -> None:
        place = _Place(source.place)
        while not over.is_set():
            last = not running(source)
            try:
                already = _order(place.moment)
                for line in self._client.log(source.pod, source.container, place.moment, _SILENCE):
                    moment, _, text = line.partition(" ")
                    if moment and _order(moment) > already:
                        self._write(source.path, [clean(text.encode("utf-8", "replace"))])
                        place.move(moment)
            except (EngineUnavailable, Expired, OSError):
                last = source not in self._followed
            place.keep()
            if last:
                return
            over.wait(_PAUSE)

    def _write(self, path: Path, lines: list[bytes]) -> None:
        with self._lock:
            if path not in self._writers:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._writers[path] = self._writer(path)
            self._writers[path].write(b"".join(line + b"\n" for line in lines))


class _Place:
    """How far a container's log was read: the time of the last line, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = 0.0
        self.moment = ""
        with contextlib.suppress(OSError):
            self.moment = path.read_text("ascii")

    def move(self, moment: str) -> None:
        """Note the time of a line; the file follows once a second."""
        self.moment = moment
        if time.monotonic() - self._kept > _KEPT_EVERY:
            self.keep()

    def keep(self) -> None:
        """Write the file. What can't be written is read again some time."""
        self._kept = time.monotonic()
        if self.moment:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._path.write_text(self.moment, encoding="ascii", errors="replace")


def _order(moment: str) -> tuple[str, str]:
    """Return what times of lines are compared by: clusters leave trailing zeros out."""
    seconds, _, fraction = moment.removesuffix("Z").partition(".")
    return seconds, fraction.ljust(9, "0")
