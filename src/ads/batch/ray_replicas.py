"""Replicas of a batch job on a Ray cluster: Ray decides on which node each runs, the job asks them directly.

Reading, order, journal and output stay with the job, so what comes out is what comes out on one machine, to the byte.
"""

from __future__ import annotations

import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ads.artifact import requirements as requirements_file
from ads.artifact.zip_writer import write_zip
from ads.deploy.engines import ray_application
from ads.deploy.engines.ray_kit import environment_of, installed, kit, pieces_of
from ads.deploy.engines.ray_link import NAMESPACE, require_listener, require_ray, unavailable
from ads.errors import ServiceTimeout, VerificationFailed
from ads.gateway.remote import Handshake

__all__ = ["RayReplica", "RayReplicas"]

_ASK_SECONDS = 60.0
_END_SECONDS = 20.0
_CONNECT_SECONDS = 10.0
_READ = 1 << 16
_TAIL = 20
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class RayReplica:
    """A replica that is ready, at ``address``, with the key that it and the job share."""

    def __init__(self, address: tuple[str, int], key: str) -> None:
        self._address = address
        self._key = bytes.fromhex(key)

    def connect(self, timeout: float) -> socket.socket:
        """Return a connection for frames, once each side has proved that it knows the key. Raises OSError."""
        connection = socket.create_connection(self._address, timeout=_CONNECT_SECONDS)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _greet(connection, self._key)
            connection.settimeout(timeout)
        except BaseException:
            connection.close()
            raise
        return connection


class RayReplicas:
    """A connection to the cluster at ``address``, and the artifact in ``folder``, which travels there once.

    ``wheels`` names a folder of the nodes that packages come from; empty for an index. Raises SettingError where Ray
    isn't installed, EngineUnavailable where the cluster can't be reached.
    """

    def __init__(self, address: str, folder: Path, wheels: str = "") -> None:
        require_ray()
        self._making = threading.Lock()
        self._address = address
        try:
            require_listener(address)
            self._connect(folder)
            self._options = {"num_cpus": 1, **self._environment(folder, wheels)}
        except (OSError, RuntimeError) as error:  # Ray's own errors are among the latter
            raise unavailable(address, str(error).strip().splitlines()[-1] if str(error) else repr(error)) from error

    def _connect(self, folder: Path) -> None:
        import ray
        from ray import cloudpickle

        from ads.batch import ray_actor

        ray.init(address=self._address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
        for module in (ray_application, ray_actor):
            cloudpickle.register_pickle_by_value(module)
        self._kit_sha256, data = kit()
        self._kit = ray.put(data)
        with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
            archive = Path(scratch) / "archive.zip"
            self._sha256 = write_zip(folder, archive).sha256
            self._pieces = [ray.put(piece) for piece in pieces_of(archive)]

    def _environment(self, folder: Path, wheels: str) -> dict[str, Any]:
        """Return what Ray has to install for the model; nothing where the nodes' interpreter has it all."""
        import ray

        wanted = requirements_file.read(folder)
        if wanted is None or not wanted.lines:
            return {}
        lines = [str(line) for line in wanted.lines]
        task = ray.remote(ray_application.lacking_on_node).options(num_cpus=0, max_retries=2)
        lacking = ray.get(task.remote(self._kit_sha256, self._kit, lines, wanted.python), timeout=_ASK_SECONDS)
        return environment_of(installed(lines, lacking), wheels)

    @property
    def processors(self) -> int:
        """How many processors the nodes have together, at least one."""
        import ray

        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    @contextmanager
    def replica(self, timeout: float) -> Iterator[RayReplica]:
        """Yield a replica that has reproduced the artifact's sample, and end it.

        Raises ServiceTimeout when it isn't ready within ``timeout`` seconds, :class:`~ads.errors.VerificationFailed`
        with the end of what the model's code printed when it can't become ready.
        """
        import ray

        actor = self._made()
        try:
            try:
                report, lines = ray.get(actor.wait.remote(timeout), timeout=timeout)
            except ray.exceptions.GetTimeoutError as error:
                raise ServiceTimeout(
                    f"The cluster had no replica ready within {timeout:g} s.",
                    hint="It may be full: see ray status. Allow more with --timeout.",
                ) from error
            except ray.exceptions.RayError as error:
                raise unavailable(self._address, str(error).strip().splitlines()[-1]) from error
            status = report.get("status") or {}
            if status.get("state") != "ready":
                raise _failure(report, lines)
            yield RayReplica((report["host"], status["port"]), report["key"])
        finally:
            with suppress(ray.exceptions.RayError):
                ray.get(actor.stop.remote(), timeout=_END_SECONDS)
            with suppress(ray.exceptions.RayError):
                ray.kill(actor)

    def _made(self) -> Any:
        import ray

        from ads.batch.ray_actor import BatchReplica

        order = {
            "name": f"batch-{secrets.token_hex(6)}",
            "kit": self._kit_sha256,
            "sha256": self._sha256,
            "key": secrets.token_hex(32),
            "memory_bytes": 0,
            "environment": dict.fromkeys(_THREADS, "1"),
        }
        with self._making:  # what Ray pickles with, threads can't share
            made = ray.remote(BatchReplica).options(
                **self._options, scheduling_strategy="SPREAD", max_concurrency=2, max_restarts=0
            )
            return made.remote(order, self._kit, self._pieces)

    def close(self) -> None:
        """Leave the cluster, and everything there that is this job's."""
        import ray

        ray.shutdown()


def _greet(connection: socket.socket, key: bytes) -> None:
    """Answer the replica's question, and have it answer ours. Raises OSError."""
    handshake = Handshake(key)
    while handshake.description is None:
        data = connection.recv(_READ)
        if not data:
            raise ConnectionResetError("The replica closed the connection.")
        connection.sendall(handshake.feed(data))


def _failure(report: dict[str, Any], lines: bytes) -> VerificationFailed:
    error = (report.get("status") or {}).get("error") or {}
    ended = report.get("exit")
    message = str(error.get("message") or (f"The process that loaded the model ended with {ended}." if ended else ""))
    tail = "\n".join(f"  {line}" for line in lines.decode("utf-8", "replace").strip().splitlines()[-_TAIL:])
    message = message or "The model was not ready in time."
    return VerificationFailed(f"{message}\n{tail}" if tail else message, hint=str(error.get("hint") or ""))
