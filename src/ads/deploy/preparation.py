"""What a revision needs before its first replica: the unpacked artifact and the environment, got in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ads.artifact import model_signature
from ads.deploy.artifacts import unpack
from ads.deploy.environment_supplies import Supplies
from ads.deploy.environments import Environment, resolve
from ads.errors import AdsError
from ads.home import Home
from ads.registry.deployments import ModelSource

__all__ = ["Preparations", "Prepared"]

logger = logging.getLogger(__name__)

Key = tuple[str, int]
_AT_ONCE = 2
_TRY_AGAIN_AFTER = 30.0


@dataclass(frozen=True)
class Prepared:
    """A revision that is ready to be started: with its environment, or its ``archive`` where that is made elsewhere."""

    artifact: Path
    environment: Environment | None
    seconds: float
    source: ModelSource
    archive: Path | None = None

    @property
    def whole(self) -> bool:
        """Whether everything is still in place."""
        if not self.artifact.is_dir() or (self.archive is not None and not self.archive.exists()):
            return False
        return self.environment is None or self.environment.python.exists()

    @property
    def description(self) -> str:
        """What is told of the environment."""
        return "made where the replicas run" if self.environment is None else self.environment.description


class Preparations:
    """Prepares revisions, each by one thread. ``wake`` is called when one has ended.

    Nothing here outlives the process: preparing again what is in place takes as long as reading its files once.
    Without ``environments`` none is made: artifacts are fetched, checked and unpacked, and the engine does the rest.
    """

    def __init__(
        self,
        home: Home,
        archive: Callable[[ModelSource], Path],
        supplies: Supplies,
        wake: Callable[[], None],
        trusted_keys: str = "",
        *,
        environments: bool = True,
    ) -> None:
        self._environments = environments
        self._home = home
        self._archive = archive
        self._supplies = supplies
        self._wake = wake
        self._trusted_keys = trusted_keys
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="prepare")
        self._lock = threading.Lock()
        self._running: set[Key] = set()
        self._done: dict[Key, Prepared] = {}
        self._broken: dict[Key, tuple[float, str]] = {}

    def begin(self, key: Key, source: ModelSource, report: Callable[[str], None]) -> None:
        """Prepare a revision unless that is under way, done or known to fail. ``report`` hears of what takes long."""
        with self._lock:
            if key in self._running or key in self._done or key in self._broken:
                return
            self._running.add(key)
        self._threads.submit(self._prepare, key, source, report)

    def done(self, key: Key) -> Prepared | None:
        """Return what a revision runs with, None as long as it isn't in place, or no longer is."""
        with self._lock:
            found = self._done.get(key)
            if found is not None and not found.whole:
                del self._done[key]  # somebody removed it: prepare it again
                return None
            return found

    def give_up(self, key: Key, cause: str) -> None:
        """Remember why a revision can't be used."""
        with self._lock:
            self._broken[key] = (time.monotonic(), cause)

    def broken(self, key: Key, *, serving: bool) -> str | None:
        """Return why a revision can't be used. One that has served before is tried again after half a minute."""
        with self._lock:
            since, cause = self._broken.get(key, (0.0, None))
            if cause is not None and serving and time.monotonic() - since > _TRY_AGAIN_AFTER:
                del self._broken[key]
                return None
            return cause

    def forget(self, deployment_id: str, keep: set[int]) -> None:
        """Forget all revisions of a deployment but these."""
        with self._lock:
            for known in (self._done, self._broken):
                for key in [key for key in known if key[0] == deployment_id and key[1] not in keep]:
                    known.pop(key)

    def forget_others(self, keep: Iterable[str]) -> None:
        """Forget all deployments but these."""
        kept = set(keep)
        with self._lock:
            for known in (self._done, self._broken):
                for key in [key for key in known if key[0] not in kept]:
                    known.pop(key)

    def stop(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _prepare(self, key: Key, source: ModelSource, report: Callable[[str], None]) -> None:
        began = time.monotonic()
        try:
            artifact, archive = self._unpacked(source)
            if self._trusted_keys:
                model_signature.verify(artifact, model_signature.trusted_keys_in(self._trusted_keys))
            environment = resolve(self._home, artifact, self._supplies, report) if self._environments else None
            prepared = Prepared(artifact, environment, time.monotonic() - began, source, archive)
        except AdsError as error:
            self._failed(key, str(error))
        except Exception as error:  # a thread's boundary: whatever it was, the deployment must hear of it
            logger.exception("preparing revision %s of %s failed", key[1], key[0])
            self._failed(key, f"The model's files could not be put in place: {type(error).__name__}: {error}.")
        else:
            with self._lock:
                self._done[key] = prepared
                self._running.discard(key)
        self._wake()

    def _unpacked(self, source: ModelSource) -> tuple[Path, Path | None]:
        """Return the artifact's folder, and where an engine is to take it elsewhere its archive, both checked."""
        if self._environments:
            return unpack(self._home, source.sha256, lambda: self._archive(source)), None
        if source.by_reference:  # its archive is a folder that becomes the artifact
            artifact = unpack(self._home, source.sha256, lambda: self._archive(source))
            return artifact, artifact
        archive = self._archive(source)
        return unpack(self._home, source.sha256, lambda: archive), archive

    def _failed(self, key: Key, cause: str) -> None:
        with self._lock:
            self._broken[key] = (time.monotonic(), cause)
            self._running.discard(key)
