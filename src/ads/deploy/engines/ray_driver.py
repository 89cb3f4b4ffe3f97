"""The process that talks to a Ray cluster for the control plane: questions in as JSON lines, answers out.

A process of its own, because Ray ends the process that it lives in when the cluster is gone for a minute. It ends with
its standard input. Ray's own words go to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ads.deploy.engines import ray_application, ray_ledger
from ads.deploy.engines.ray_kit import environment_of, kit, pieces_of
from ads.deploy.engines.ray_link import NAMESPACE, require_listener

__all__ = ["main"]

_AT_ONCE = 16
_ASK_SECONDS = 20.0
_HEALTH_SECONDS = 5.0
_HEALTH_TIMEOUT = 30.0
_GRACE_SECONDS = 15.0


class Driver:
    """A connection to the cluster. ``service`` begins the names of everything that is this service's there."""

    def __init__(self, address: str, service: str) -> None:
        self._service = service
        self._ledger_name = f"{service}ledger"
        self._ledger_found: Any = None
        self._sending = threading.Lock()
        self._running = threading.Lock()
        self._lacking: dict[str, list[str]] = {}
        self._connect(address)

    def _connect(self, address: str) -> None:
        require_listener(address)
        import ray
        from ray import cloudpickle, serve

        ray.init(
            address=address,
            namespace=NAMESPACE,
            log_to_driver=False,
            configure_logging=False,
            ignore_reinit_error=False,
        )
        for module in (ray_application, ray_ledger):
            cloudpickle.register_pickle_by_value(module)
        serve.start(proxy_location="Disabled")

    def _ledger(self) -> Any:
        """Return the ledger, made where there is none."""
        import ray

        if self._ledger_found is None:
            options = {
                "name": self._ledger_name,
                "namespace": NAMESPACE,
                "lifetime": "detached",
                "get_if_exists": True,
                "num_cpus": 0,
                "max_restarts": -1,
                "max_task_retries": 0,
                "max_concurrency": 1000,
                "resources": self._head(),
            }
            self._ledger_found = ray.remote(ray_ledger.Ledger).options(**options).remote()
        return self._ledger_found

    @staticmethod
    def _head() -> dict[str, float]:
        """Return what ties an actor to the cluster's head, which nothing survives anyway."""
        import ray

        return {"node:__internal_head__": 0.001} if "node:__internal_head__" in ray.cluster_resources() else {}

    def _ask(self, method: str, *arguments: Any, seconds: float = _ASK_SECONDS) -> Any:
        import ray

        try:
            return ray.get(getattr(self._ledger(), method).remote(*arguments), timeout=seconds)
        except ray.exceptions.RayActorError:
            self._ledger_found = None  # it comes back by itself, or is made anew
            raise

    # -- what is asked

    def run(self, name: str, order: dict[str, Any], archive: str, needs: dict[str, Any]) -> None:
        """Let Ray Serve run a replica; return once it knows of it."""
        from ray import serve

        kit_sha, data = kit()
        self._provide(kit_sha, lambda: [data])
        self._provide(order["sha256"], lambda: pieces_of(Path(archive)))
        order = {**order, "name": name, "namespace": NAMESPACE, "ledger": self._ledger_name, "kit": kit_sha}
        with self._running:  # what Ray Serve pickles with, threads can't share
            deployment = serve.deployment(ray_application.ReplicaApplication).options(
                name="replica",
                num_replicas=1,
                ray_actor_options=_actor_options(needs),
                health_check_period_s=_HEALTH_SECONDS,
                health_check_timeout_s=_HEALTH_TIMEOUT,
                graceful_shutdown_timeout_s=_GRACE_SECONDS,
                graceful_shutdown_wait_loop_s=0.1,
            )
            target = serve.RunTarget(target=deployment.bind(order), name=name, route_prefix=None)
            serve.run_many([target], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)

    def delete(self, name: str) -> None:
        """End a replica for good: its worker is asked to end, then Ray Serve lets its place go."""
        from ray import serve

        self._ask("order", name, "stop")
        serve.delete(name, _blocking=False)

    def forget(self, name: str) -> None:
        """Let the ledger forget a replica that is gone."""
        self._ask("forget", name)

    def kill(self, name: str) -> None:
        """End a replica's process; it is started again."""
        self._ask("order", name, "kill")

    def read(self, seen: dict[str, int]) -> dict[str, Any]:
        """Return what the ledger knows of this service's replicas."""
        found: dict[str, Any] = self._ask("read", self._service, seen)
        for replica in found["replicas"].values():
            replica["lines"] = [(number, data.decode("utf-8", "replace")) for number, data in replica["lines"]]
        return found

    def wait(self, version: int, seconds: float) -> int:
        """Return the ledger's version once it is another one."""
        return int(self._ask("wait", version, seconds, seconds=seconds + _ASK_SECONDS))

    def applications(self) -> dict[str, dict[str, str]]:
        """Return state and words of Ray Serve's applications that are this service's."""
        from ray import serve

        found = {}
        for name, application in serve.status().applications.items():
            if name.startswith(self._service):
                words = [application.message, *(each.message for each in application.deployments.values())]
                found[name] = {"state": str(application.status.value), "message": " ".join(filter(None, words))}
        return found

    def nodes(self) -> list[dict[str, Any]]:
        """Return the nodes that are there: id, host, and what they have in all."""
        import ray

        return [
            {"id": node["NodeID"], "host": node["NodeManagerAddress"], "resources": node["Resources"]}
            for node in ray.nodes()
            if node["Alive"]
        ]

    def keep(self, archives: list[str]) -> None:
        """Let go of archives that no replica needs."""
        self._ask("keep", [*archives, kit()[0]])

    def lacking(self, lines: list[str], python: str) -> list[str]:
        """Return what the interpreter of the cluster's nodes lacks of these requirements."""
        import ray

        key = json.dumps([lines, python])
        if key not in self._lacking:
            task = ray.remote(ray_application.lacking_on_node).options(num_cpus=0, max_retries=2)
            asked = task.remote(*kit(), lines, python)
            self._lacking[key] = ray.get(asked, timeout=_ASK_SECONDS * 3)
        return self._lacking[key]

    def _provide(self, sha256: str, pieces: Callable[[], Any]) -> None:
        """See that the cluster has an archive."""
        with self._sending:
            if self._ask("has", sha256):
                return
            waiting = None
            number = 0
            for piece in pieces():
                if waiting is not None:
                    self._ask("put", sha256, number, waiting, False, seconds=_ASK_SECONDS * 6)
                    number += 1
                waiting = piece
            self._ask("put", sha256, number, waiting or b"", True, seconds=_ASK_SECONDS * 6)


def _actor_options(needs: dict[str, Any]) -> dict[str, Any]:
    """Return what Ray reserves for a replica, and where it should rather run."""
    options: dict[str, Any] = {"num_cpus": needs["processors"], "num_gpus": needs["gpus"]}
    if needs["memory_bytes"]:
        options["memory"] = needs["memory_bytes"]
    options |= environment_of(needs["packages"], needs["wheels"])
    if needs["node"]:
        # A wish, no condition: where that node has no room or is gone, any other one is right.
        options["label_selector"] = {"ray.io/node-id": needs["node"]}
        options["fallback_strategy"] = [{"label_selector": {}}]
    return options


def main() -> int:
    """Connect to the cluster at ``argv[1]`` for the service ``argv[2]``, and answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    writing = threading.Lock()

    def answer(number: int, **content: Any) -> None:
        with writing:
            answers.write(json.dumps({"number": number, **content}) + "\n")
            answers.flush()

    try:
        driver = Driver(sys.argv[1], sys.argv[2])
    except Exception as error:  # noqa: BLE001 - the process boundary: whatever it was, it is told
        answer(0, error=_words(error))
        return 1
    answer(0, value=None)
    pool = ThreadPoolExecutor(_AT_ONCE)

    def do(question: dict[str, Any]) -> None:
        try:
            value = getattr(driver, question["verb"])(*question["arguments"])
        except Exception as error:  # noqa: BLE001 - the process boundary: whatever it was, it is told
            answer(question["number"], error=_words(error))
        else:
            answer(question["number"], value=value)

    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    for line in sys.stdin:
        pool.submit(do, json.loads(line))
    os._exit(0)  # what is under way has nobody who waits for it


def _words(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[-1] if text else ''}".rstrip(": ")[:2000]


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
