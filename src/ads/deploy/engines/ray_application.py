"""The application that Ray Serve runs for each replica. This file travels by value: the standard library alone."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["ReplicaApplication", "lacking_on_node", "use_kit"]

_ORDERS_SECONDS = 20.0
_LOOK = 0.05
_TELL_SECONDS = 10.0
_LEAST_WAIT = 1.0
_MOST_LINES = 256 * 1024


class ReplicaApplication:
    """One replica: Ray Serve places it, gives it what it needs, asks for its health and replaces it.

    Its construction ends when the worker is ready, so Ray Serve calls it started when the model has reproduced its
    sample. ``order`` is what :class:`ads.deploy.engines.ray_node.NodeReplica` runs.
    """

    async def __init__(self, order: dict[str, Any]) -> None:  # type: ignore[misc] # Ray Serve awaits it
        import ray

        self._name = order["name"]
        self._namespace, self._ledger_name = order["namespace"], order["ledger"]
        self._ledger: Any = None
        self._letters = threading.Condition()
        self._last: dict[str, Any] | None = None
        self._news = False
        self._lines = b""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, use_kit, order["kit"], lambda: self._pieces(order["kit"]))
        from ads.deploy.engines.ray_node import NodeReplica, node_home, sweep

        context = ray.get_runtime_context()
        node = {"node": context.get_node_id(), "host": ray.util.get_node_ip_address()}
        self._replica = NodeReplica({**order, **node}, lambda: self._pieces(order["sha256"]), self._tell)
        await loop.run_in_executor(None, sweep, node_home(), time.time())
        # The worker dies with the thread that started it, so this thread lives as long as the actor.
        threading.Thread(target=self._replica.run, name="replica", daemon=True).start()
        threading.Thread(target=self._send, name="tell", daemon=True).start()
        threading.Thread(target=self._obey, name="orders", daemon=True).start()
        while not (self._replica.ready.is_set() or self._replica.over.is_set()):  # noqa: ASYNC110 - a thread sets them
            await asyncio.sleep(_LOOK)

    async def check_health(self) -> None:
        """Raise unless the worker is ready."""
        if not self._replica.ready.is_set():
            raise RuntimeError(f"The replica {self._name} is not ready.")

    async def __del__(self) -> None:
        replica = getattr(self, "_replica", None)
        if replica is None:
            return
        replica.stop()
        while not replica.over.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(_LOOK)

    def _found(self) -> Any:
        """Return the ledger, looked for again where it was lost."""
        import ray

        if self._ledger is None:
            self._ledger = ray.get_actor(self._ledger_name, namespace=self._namespace)
        return self._ledger

    def _pieces(self, sha256: str) -> Iterator[bytes]:
        import ray

        references = ray.get(self._found().pieces.remote(sha256), timeout=_TELL_SECONDS * 6)
        if not references:
            raise LookupError(f"The cluster doesn't have the archive {sha256}; the service sends it again.")
        for reference in references:
            yield ray.get(reference)

    def _tell(self, report: dict[str, Any] | None, lines: bytes) -> None:
        """Leave it for the thread that tells: a ledger that doesn't answer must not keep the replica from its watch."""
        with self._letters:
            self._last = report or self._last
            self._news = self._news or report is not None
            self._lines = (self._lines + lines)[-_MOST_LINES:]
            self._letters.notify()

    def _send(self) -> None:
        """Tell the ledger. One that was started anew, or isn't there at the moment, hears all of it later."""
        import ray

        incarnation = ""
        while True:
            with self._letters:
                if self._replica.over.is_set() and not self._news:
                    return
                self._letters.wait(_LEAST_WAIT)
                report, lines = self._last if self._news else None, self._lines
                self._news, self._lines = False, b""
            try:
                asked = self._found().tell.remote(self._name, report, lines, time.monotonic())
                told = ray.get(asked, timeout=_TELL_SECONDS)
                again = incarnation not in ("", told)
                incarnation = told
            except (ValueError, ray.exceptions.RayError):
                self._ledger, again = None, True
                time.sleep(_LEAST_WAIT)
                with self._letters:
                    self._lines = (lines + self._lines)[-_MOST_LINES:]
                if self._replica.over.is_set():
                    return
            self._news = self._news or again

    def _obey(self) -> None:
        import ray

        while not self._replica.over.is_set():
            try:
                asked = self._found().orders.remote(self._name, _ORDERS_SECONDS)
                order = ray.get(asked, timeout=_ORDERS_SECONDS * 2)
            except (ValueError, ray.exceptions.RayError):
                self._ledger = None
                time.sleep(1.0)
                continue
            if order == "kill":
                self._replica.kill()
            elif order == "stop":
                self._replica.stop()


def use_kit(sha256: str, pieces: Any) -> None:
    """Put our own modules first on this process's path, fetched once for each node."""
    root = Path(tempfile.gettempdir()) / f"openads-ray-{os.getuid()}"
    folder = root / "kits" / sha256
    if not folder.is_dir():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if root.stat().st_uid != os.getuid():
            raise PermissionError(f"{root} belongs to somebody else.")
        data = b"".join(pieces())
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError("The files of the service came to this node damaged.")
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(fresh)
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another replica of this node was faster
                raise
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
        for name in [name for name in sys.modules if name == "ads" or name.startswith("ads.")]:
            del sys.modules[name]


def lacking_on_node(kit: str, data: bytes, lines: list[str], python: str) -> list[str]:
    """Return what the interpreter of a cluster's node lacks of these requirements; a task of the cluster."""
    use_kit(kit, lambda: [data])
    from ads.artifact.requirements import unsatisfied

    return unsatisfied(lines, python)
