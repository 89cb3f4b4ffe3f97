"""What of a job is done: predictions by chunk beside the output, until the output is whole."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from ads.batch.places import Place
from ads.batch.predictions import Predictions, from_bytes, to_bytes
from ads.errors import InputError

__all__ = ["Journal"]

_JOB = "job.json"
_LOCK = "lock"
_VERSION = 1


class Journal:
    """Keeps the predictions of chunks in a folder, which :meth:`end` removes.

    ``about`` says what the job is: with the same the next run goes on where this one ended, with anything else it
    starts anew. Raises :class:`~ads.errors.InputError` where another process writes the same output now.
    """

    def __init__(self, folder: Place, about: dict[str, Any]) -> None:
        self.folder = folder
        self._lock = _locked(folder) if folder.local else None
        text = json.dumps({"version": _VERSION, **about}, sort_keys=True).encode()
        found = folder.below(_JOB).read()
        self.resumed = found == text
        if found is not None and not self.resumed:
            self._clear()
        self._known = self._listed() if self.resumed else set()
        if not self.resumed:
            self._put(_JOB, text)

    def read(self, task: int, number: int) -> Predictions | None:
        """Return what was kept of a chunk, None where nothing whole was."""
        name = _name(task, number)
        if name not in self._known:
            return None
        content = self.folder.below(name).read()
        return None if content is None else from_bytes(content)

    def keep(self, task: int, number: int, predictions: Predictions) -> None:
        """Keep the predictions of a chunk."""
        self._put(_name(task, number), to_bytes(predictions))

    def end(self) -> None:
        """Remove everything: the output is whole."""
        self.folder.remove()
        self.close()

    def close(self) -> None:
        """Let go of the lock. What was kept stays; where nothing was, nothing does."""
        if self._lock is not None and not self._listed() - {_JOB, _LOCK}:
            self.folder.remove()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _put(self, name: str, content: bytes) -> None:
        place = self.folder.below(name)
        if not place.local:
            place.files.pipe_file(place.path, content)
            return
        # No fsync: what a power cut takes is scored again. What is there under its name is whole after a kill.
        path = Path(place.path)
        partial = path.with_name(f".{path.name}")
        partial.write_bytes(content)
        partial.replace(path)

    def _listed(self) -> set[str]:
        return {path.rsplit("/", 1)[-1] for path in self.folder.files.find(self.folder.path)}

    def _clear(self) -> None:
        for path in self.folder.files.find(self.folder.path):
            if path.rsplit("/", 1)[-1] != _LOCK:
                self.folder.files.rm_file(path)


def _name(task: int, number: int) -> str:
    return f"{task:05}-{number:07}"


def _locked(folder: Place) -> int:
    Path(folder.path).mkdir(parents=True, exist_ok=True)
    descriptor = os.open(Path(folder.path) / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise InputError(
            f"Another process writes this output now: it holds {folder}.", hint="Wait for it, or choose another output."
        ) from None
    return descriptor
