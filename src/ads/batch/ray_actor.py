"""What runs on a node of a Ray cluster for a batch job. This file travels by value: the standard library alone."""

from __future__ import annotations

import threading
import time
from typing import Any

from ads.deploy.engines.ray_application import use_kit

__all__ = ["BatchReplica"]

_LOOK = 0.05
_END_SECONDS = 15.0
_MOST_LINES = 16 * 1024


class BatchReplica:
    """An actor with one worker process, which ends with it. ``pieces`` of the archive lie in the object store."""

    def __init__(self, order: dict[str, Any], kit: bytes, pieces: list[Any]) -> None:
        import ray

        use_kit(order["kit"], lambda: [kit])
        from ads.deploy.engines.ray_node import NodeReplica, node_home, sweep

        sweep(node_home(), time.time())
        self._report: dict[str, Any] = {}
        self._lines = b""
        node = {"node": ray.get_runtime_context().get_node_id(), "host": ray.util.get_node_ip_address()}
        self._replica = NodeReplica({**order, **node}, lambda: (ray.get(piece) for piece in pieces), self._tell)
        # The worker dies with the thread that started it, so this thread lives as long as the actor.
        threading.Thread(target=self._replica.run, name="replica", daemon=True).start()

    def wait(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return what is known of the worker once it is ready or can't become so, and the end of what it printed."""
        deadline = time.monotonic() + seconds
        while not self._settled() and time.monotonic() < deadline:
            time.sleep(_LOOK)
        return self._report, self._lines

    def stop(self) -> None:
        """End the worker, and return once nothing of it is left."""
        self._replica.stop()
        self._replica.over.wait(_END_SECONDS)

    def _settled(self) -> bool:
        report = self._report
        state = (report.get("status") or {}).get("state")
        return state in ("ready", "failed") or bool(report.get("exit"))

    def _tell(self, report: dict[str, Any] | None, lines: bytes) -> None:
        self._report = report or self._report
        self._lines = (self._lines + lines)[-_MOST_LINES:]
