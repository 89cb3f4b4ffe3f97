"""A node's agent with a real supervisor and real replicas; the leader is an engine in the test."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.local import LocalEngine
from ads.deploy.engines.nodes import NodesEngine
from ads.deploy.engines.supervisor_client import EngineUnavailable, SupervisorClient
from ads.deploy.isolation import isolated_supplies
from ads.deploy.log_files import predict_log
from ads.deploy.preparation import Preparations
from ads.home import Home
from ads.node.agent import Agent
from ads.registry.cluster_tables import Member
from ads.registry.database import Database, open_database
from ads.registry.deployments import ModelSource
from ads.registry.node_tables import OrderRow
from ads.registry.schema import upgrade
from ads.settings import Settings
from tests.own_service import eventually

DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1.local." + "n" * 60
SUPERVISOR = """
import sys
from pathlib import Path
from ads.home import Home
from ads.service.supervisor import Supervisor

Supervisor(Home(Path(sys.argv[1])), [], lambda: True).run()
"""
SCORE = """
import os
print("a word of", os.environ.get("A"))
def load_model(): return 1
def predict(data): return [data, os.environ.get("A")]
"""


class Cluster:
    """A catalog, the leader's engine, and one node."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "node")
        self.home.create()
        self.leader_home = Home(root / "leader")
        self.leader_home.deployment(DEPLOYMENT).mkdir(parents=True)
        self.settings = Settings(home=self.home.root, database_url=f"sqlite:///{root}/catalog.db")
        self.database: Database = open_database(self.settings, self.home)
        upgrade(self.database.engine)
        self.supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(self.home.root)])
        self.client = SupervisorClient(self.home.supervisor_socket)
        eventually(self._supervisor_answers, what="the supervisor")
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()
        self.leader = NodesEngine(self.leader_home, self.settings, self.database)
        self.start_agent()
        eventually(self._placeable, what="the node")

    def _supervisor_answers(self) -> bool:
        try:
            self.client.list()
        except EngineUnavailable:
            return False
        return True

    def _beat(self) -> None:
        beats = 0
        words = {"role": "node", "version": "", "control": "", "gateway": "", "acknowledged": {}}
        while not self._over.wait(0.3):
            beats += 1
            with self.database.write() as session:
                session.merge(Member(id="n", started=0, seen=beats, **words))

    def _placeable(self) -> bool:
        self.leader.list()
        return self.leader.machine().memory_bytes < 1 << 60 and self.leader._presence.there("n")

    def start_agent(self) -> None:
        engine = LocalEngine(self.home, settings=self.settings, listen="127.0.0.1", advertise="127.0.0.1")
        supplies = isolated_supplies(self.home, self.settings)
        preparations = Preparations(self.home, self._archive, supplies, self._wake)
        self.agent = Agent("n", self.database, self.home, engine, preparations)
        self.thread = threading.Thread(target=self.agent.run)
        self.thread.start()

    def _wake(self) -> None:
        self.agent.wake()

    def stop_agent(self) -> None:
        self.agent.stop()
        self.thread.join(60)

    def _archive(self, source: ModelSource) -> Path:
        return self.home.blobs / source.sha256

    def order(self, score: str, slot: int = 0, **files: str) -> ReplicaId:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in {"score__py": score, "runtime__yaml": "{}", **files}.items():
                archive.writestr(name.replace("__", "."), content)
        sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
        (self.home.blobs / sha256).write_bytes(buffer.getvalue())
        replica = ReplicaId.of(DEPLOYMENT, 1, slot)
        self.leader.start(
            ReplicaOrder(
                id=replica,
                python=None,
                artifact=Path("/nowhere"),
                folder=self.home.deployment(DEPLOYMENT) / str(replica),
                log=Path("/nowhere"),
                memory_bytes=0,
                environment={"A": "b"},
                source=ModelSource(sha256, 1000),
            )
        )
        return replica

    def report(self, replica: ReplicaId) -> ReplicaReport:
        return next(report for report in self.leader.list() if report.id == replica)

    def state(self, replica: ReplicaId) -> str:
        return str((self.report(replica).status or {}).get("state"))

    def await_state(self, replica: ReplicaId, state: str) -> ReplicaReport:
        eventually(lambda: self.state(replica) == state, what=state)
        return self.report(replica)

    def pids(self) -> list[int]:
        return [child.pid for child in self.client.list() if child.pid]

    def close(self) -> None:
        self.stop_agent()
        self._over.set()
        self._heart.join(60)
        self.supervisor.send_signal(signal.SIGTERM)
        self.supervisor.wait(60)
        self.database.close()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="adn") as folder:
        made = Cluster(Path(folder))
        yield made
        made.close()
        for root, _, _ in os.walk(folder):
            Path(root).chmod(0o700)


def changed(pids: list[int], now: Callable[[], list[int]]) -> Callable[[], bool]:
    return lambda: len(now()) == len(pids) and now() != pids


def test_an_order_becomes_a_replica_that_is_killed_and_stopped_as_ordered(cluster: Cluster) -> None:
    replica = cluster.order(SCORE)
    report = cluster.await_state(replica, "ready")
    assert report.address.startswith("tcp://127.0.0.1:")
    assert len(report.key) == 64
    assert report.running
    log = predict_log(cluster.leader_home, DEPLOYMENT)
    eventually(lambda: cluster.leader.list() and log.exists() and log.read_text() == "a word of b\n", what="its words")
    pids = cluster.pids()
    cluster.leader.kill(replica)
    eventually(changed(pids, cluster.pids), what="another process")
    eventually(lambda: cluster.report(replica).restarts == 1 and cluster.state(replica) == "ready", what="ready again")
    assert cluster.report(replica).address == report.address
    again = cluster.pids()
    cluster.leader.stop(replica)
    assert cluster.pids() == []
    assert not any(psutil.pid_exists(pid) for pid in again)
    assert cluster.leader.list() == []


def test_an_agent_that_is_started_again_changes_nothing(cluster: Cluster) -> None:
    replica = cluster.order(SCORE)
    cluster.await_state(replica, "ready")
    cluster.leader.kill(replica)
    eventually(lambda: cluster.report(replica).restarts == 1 and cluster.state(replica) == "ready", what="ready again")
    pids = cluster.pids()
    cluster.stop_agent()
    cluster.start_agent()
    second = cluster.order(SCORE, slot=1)
    cluster.await_state(second, "ready")
    assert set(pids) < set(cluster.pids())


def test_what_was_ordered_elsewhere_meanwhile_is_stopped(cluster: Cluster) -> None:
    replica = cluster.order(SCORE)
    cluster.await_state(replica, "ready")
    with cluster.database.write() as session:
        row: Any = session.get(OrderRow, str(replica))
        row.node = "another"
    eventually(lambda: cluster.pids() == [], what="the end of what isn't ordered here")
    with cluster.database.write() as session:
        row = session.get(OrderRow, str(replica))
        row.node, row.number = "n", "anew"
    cluster.await_state(replica, "ready")


@pytest.mark.parametrize(
    ("score", "files", "said"),
    [
        ("raise OSError('no weights today')", {}, "no weights today"),
        (SCORE, {"requirements__txt": "six==999.0\n"}, "six"),
    ],
)
def test_what_fails_is_told_in_its_own_words(cluster: Cluster, score: str, files: dict[str, str], said: str) -> None:
    replica = cluster.order(score, **files)
    eventually(lambda: cluster.state(replica) == "failed", 120, "the failure")
    status: Any = cluster.report(replica).status
    assert said in status["error"]["message"] + status["error"]["hint"]
    cluster.leader.stop(replica)
    assert cluster.leader.list() == []
