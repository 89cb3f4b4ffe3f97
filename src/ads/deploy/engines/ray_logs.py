"""What replicas on a cluster printed, written to the logs of their deployments."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from ads.deploy.engines.base import ReplicaId
from ads.deploy.log_files import predict_log
from ads.deploy.log_writer import LogWriter, clean
from ads.home import Home
from ads.settings import Settings

__all__ = ["ReplicaLogs"]

logger = logging.getLogger(__name__)


class ReplicaLogs:
    """Writes each piece once: a piece has a number, and those after the last written one are asked for."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home = home
        self._largest, self._oldest = settings.log_max_bytes, settings.log_max_age
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._folders: dict[str, Path] = {}
        self._writers: dict[Path, LogWriter] = {}

    def seen(self) -> dict[str, int]:
        """Return the number of the last piece of each replica that was written."""
        with self._lock:
            return dict(self._seen)

    def add(self, name: str, replica: ReplicaId | None, pieces: Sequence[tuple[int, str]]) -> None:
        """Write the pieces that are new."""
        with self._lock:
            fresh = [text for number, text in pieces if number > self._seen.get(name, 0)]
            if not fresh or replica is None:
                return
            self._seen[name] = max(number for number, _ in pieces)
            log = self._log(replica)
            if log is not None:
                self._write(log, "".join(fresh))

    def say(self, log: Path, text: str) -> None:
        """Write a line of ours."""
        with self._lock:
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(log, f"[openads] {text}")

    def forget(self, name: str) -> None:
        """Forget a replica that is gone."""
        with self._lock:
            self._seen.pop(name, None)

    def _log(self, replica: ReplicaId) -> Path | None:
        """Return the log of the replica's deployment, found by the end of its folder's name."""
        if replica.deployment not in self._folders:
            found = next((self._home.root / "deployments").glob(f"*{replica.deployment}"), None)
            if found is None:
                return None
            self._folders[replica.deployment] = predict_log(self._home, found.name)
        return self._folders[replica.deployment]

    def _write(self, log: Path, text: str) -> None:
        writer = self._writers.setdefault(log, LogWriter(log, self._largest, self._oldest, timed=True))
        lines = [clean(line.encode().removesuffix(b"\r")) + b"\n" for line in text.splitlines()]
        with contextlib.suppress(FileNotFoundError):  # the deployment was removed meanwhile
            try:
                writer.write(b"".join(lines))
            except FileNotFoundError:
                raise
            except OSError as error:
                logger.warning("%s: %s", log, error)
