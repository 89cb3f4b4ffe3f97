"""A real Ray cluster of several nodes on this machine, each in a network of its own where that is possible."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from tests.own_service import eventually

__all__ = ["RayCluster", "ray_cluster"]

_RAY = str(Path(sys.executable).parent / "ray")
_MARK = "OPENADS_RAY_NODE"
_SMALL = [
    "--memory",
    "1000000000000",
    "--object-store-memory",
    "100000000",
    "--disable-usage-stats",
    "--include-log-monitor",
    "false",
]
_START_SECONDS = 400
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_raylet_start_wait_time_s": "300",
    "RAY_worker_register_timeout_seconds": "180",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_SERVE_LOG_TO_STDERR": "0",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "5",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


class RayCluster:
    """A head, and ``nodes`` more machines. ``processors`` is what each of those says it has."""

    def __init__(self, nodes: int, processors: int = 64) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="oar"))  # short: it holds the paths of sockets
        self._id = secrets.token_hex(3)
        self._processors = processors
        self._separate = _namespaces_work(self._id)
        self._network = f"10.213.{int(self._id[:2], 16)}"
        self.hosts = [f"{self._network}.{number + 1}" for number in range(nodes + 1)] if self._separate else []
        self.address = ""
        self.variables = {**_QUIET, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

    def start(self) -> None:
        """Start all nodes; return once the head knows them."""
        if self._separate:
            _run("ip", "link", "add", self._bridge, "type", "bridge")
            _run("ip", "addr", "add", f"{self.hosts[0]}/24", "dev", self._bridge)
            _run("ip", "link", "set", self._bridge, "up")
        port = _free_port()
        host = self.hosts[0] if self._separate else "127.0.0.1"
        self.address = f"{host}:{port}"
        self._ray_start(0, "--head", "--port", str(port), "--include-dashboard", "false", processors=0)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._add, range(1, len(self.hosts) if self._separate else 3)))

    def processes(self, *nodes: int) -> list[psutil.Process]:
        """Return every process of these nodes, our workers among them."""
        marks = {f"{self._id}-{node}" for node in nodes}
        found, children = {}, defaultdict(list)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                children[process.ppid()].append(process)
                if process.environ().get(_MARK) in marks:
                    found[process.pid] = process
        waiting = list(found)
        while waiting:  # a worker's environment has no mark
            for child in children[waiting.pop()]:
                if child.pid not in found:
                    found[child.pid] = child
                    waiting.append(child.pid)
        return list(found.values())

    def kill(self, node: int) -> None:
        """kill -9 everything of a node."""
        found = self.processes(node)
        assert found, f"node {node} has no process"
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=30)

    def stop(self) -> None:
        """End all nodes, and remove what they left."""
        nodes = range(max(3, len(self.hosts)))
        for process in self.processes(*nodes):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        eventually(lambda: not self.processes(*nodes), what="the end of every process of the cluster")
        if self._separate:
            for node in range(1, len(self.hosts)):
                subprocess.run(["ip", "netns", "del", self._namespace(node)], check=False, capture_output=True)
            subprocess.run(["ip", "link", "del", self._bridge], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _bridge(self) -> str:
        return f"oar{self._id}"

    def _namespace(self, node: int) -> str:
        return f"oar{self._id}n{node}"

    def _add(self, node: int) -> None:
        if self._separate:
            namespace, inside, outside = self._namespace(node), f"v{self._id}{node}i", f"v{self._id}{node}o"
            _run("ip", "netns", "add", namespace)
            _run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", namespace)
            _run("ip", "link", "set", outside, "master", self._bridge, "up")
            for words in (["addr", "add", f"{self.hosts[node]}/24", "dev", inside], ["link", "set", inside, "up"]):
                _run("ip", "-n", namespace, *words)
            _run("ip", "-n", namespace, "link", "set", "lo", "up")
            _run("ip", "-n", namespace, "route", "add", "default", "via", self.hosts[0])
        self._ray_start(node, "--address", self.address, processors=self._processors)

    def _ray_start(self, node: int, *words: str, processors: int) -> None:
        temporary = self.folder / str(node)
        temporary.mkdir()
        command = [_RAY, "start", *words, "--num-cpus", str(processors), *_SMALL, "--temp-dir", str(temporary)]
        if self._separate:
            command += ["--node-ip-address", self.hosts[node]]
            if node:
                command = ["ip", "netns", "exec", self._namespace(node), *command]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "RAY_"))}
        variables = {**kept, **self.variables, _MARK: f"{self._id}-{node}", "TMPDIR": str(temporary)}
        log = self.folder / f"{node}.log"
        with log.open("wb") as output:
            done = subprocess.run(
                command, stdout=output, stderr=output, env=variables, timeout=_START_SECONDS, check=False
            )
        assert done.returncode == 0, log.read_text()


@contextlib.contextmanager
def ray_cluster(nodes: int) -> Iterator[RayCluster]:
    """A cluster for as long as the context lasts."""
    cluster = RayCluster(nodes)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _namespaces_work(id_: str) -> bool:
    """Tell whether this process may make network namespaces."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    made = subprocess.run(["ip", "netns", "add", f"oar{id_}t"], check=False, capture_output=True).returncode == 0
    bridged = subprocess.run(
        ["ip", "link", "add", f"oar{id_}", "type", "bridge"], check=False, capture_output=True
    ).returncode
    subprocess.run(["ip", "netns", "del", f"oar{id_}t"], check=False, capture_output=True)
    subprocess.run(["ip", "link", "del", f"oar{id_}"], check=False, capture_output=True)
    return made and bridged == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("", 0))
        return int(found.getsockname()[1])
