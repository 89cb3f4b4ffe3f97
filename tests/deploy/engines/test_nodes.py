"""Orders to nodes and their reports, against a real database; the nodes' hearts beat as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.nodes import NodesEngine
from ads.deploy.log_files import predict_log
from ads.deploy.node_records import machine_json, order_of, report_json
from ads.deploy.placement import Machine
from ads.home import Home
from ads.registry.cluster_tables import Member
from ads.registry.database import open_database
from ads.registry.deployments import ModelSource
from ads.registry.node_tables import NodeReport, OrderRow
from ads.registry.schema import upgrade
from ads.settings import Settings
from tests.postgres import new_database, postgres

__all__ = ["new_database", "postgres"]

DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1.local." + "a" * 60
MIB = 1024**2


class Cluster:
    """A database, an engine as the leader has it, and nodes that do what the test says."""

    def __init__(self, home: Home, url: str) -> None:
        self.home = home
        home.create()
        self.database = open_database(Settings(home=home.root, database_url=url), home)
        upgrade(self.database.engine)
        self.now = 100.0
        self.beat = 0
        self.engine = self.new_leader()

    def new_leader(self) -> NodesEngine:
        settings = Settings(home=self.home.root, start_timeout=60.0)
        return NodesEngine(self.home, settings, self.database, clock=lambda: self.now)

    def alive(self, *nodes: str, memory: int = 1 << 40, seconds: float = 1.0) -> None:
        """Let time pass in which these nodes' hearts beat, and others' don't, and the leader look."""
        for _ in range(round(seconds * 2)):
            self.now += 0.5
            self.beat += 1
            with self.database.write() as session:
                for node in nodes:
                    row = session.get(Member, node)
                    if row is None:
                        words = {"role": "node", "version": "", "control": "", "gateway": "", "acknowledged": {}}
                        session.add(Member(id=node, started=0, seen=self.beat, **words))
                    else:
                        row.seen = self.beat
                    if session.get(NodeReport, node) is None:
                        machine = machine_json(Machine(memory, 2))
                        session.add(NodeReport(node=node, machine=machine, replicas=[], pieces=[]))
            self.engine.list()

    def order(self, slot: int = 0, revision: int = 1, size: int = MIB, deployment: str = DEPLOYMENT) -> ReplicaId:
        replica = ReplicaId.of(deployment, revision, slot)
        folder = self.home.deployment(deployment) / str(replica)
        order = ReplicaOrder(
            id=replica,
            python=None,
            artifact=Path("/nowhere"),
            folder=folder,
            log=Path("/nowhere"),
            memory_bytes=7,
            environment={"A": "ü"},
            processors=2,
            source=ModelSource("0" * 64, size),
        )
        self.engine.start(order)
        return replica

    def rows(self) -> dict[str, OrderRow]:
        with self.database.read() as session:
            return {row.replica: row for row in session.query(OrderRow)}

    def node_of(self, replica: ReplicaId) -> str:
        return self.rows()[str(replica)].node

    def tell(self, node: str, *reports: tuple[ReplicaReport, str]) -> None:
        with self.database.write() as session:
            row = session.get(NodeReport, node)
            assert row is not None
            row.replicas = [report_json(*each) for each in reports]

    def ready(self, replica: ReplicaId) -> ReplicaReport:
        """Have its node tell that a replica is ready."""
        row = self.rows()[str(replica)]
        report = ReplicaReport(
            replica, running=True, status={"state": "ready"}, address=f"tcp://{row.node}:1", key="ab", age=3.0
        )
        self.tell(row.node, (report, row.number))
        return report


@pytest.fixture
def cluster(tmp_path: Path, new_database: Callable[..., str]) -> Iterator[Cluster]:
    made = Cluster(Home(tmp_path / "h"), new_database())
    yield made
    made.database.close()


def only(reports: list[ReplicaReport]) -> ReplicaReport:
    (report,) = reports
    return report


def test_replicas_of_one_deployment_are_spread_and_reach_the_node_whole(cluster: Cluster) -> None:
    cluster.alive("a", "b")
    replicas = [cluster.order(slot) for slot in range(4)]
    assert sorted(cluster.node_of(replica) for replica in replicas) == ["a", "a", "b", "b"]
    row = cluster.rows()[str(replicas[0])]
    order = order_of(row.content, cluster.home)
    assert (order.id, order.environment, order.memory_bytes, order.processors) == (replicas[0], {"A": "ü"}, 7, 2)
    assert order.source == ModelSource("0" * 64, MIB)
    assert order.deployment_id == DEPLOYMENT
    cluster.engine.start(order)
    assert cluster.rows()[str(replicas[0])].number == row.number


def test_what_a_node_tells_is_what_the_leader_reads(cluster: Cluster) -> None:
    cluster.alive("a")
    replica = cluster.order()
    assert only(cluster.engine.list()) == ReplicaReport(replica, running=False)
    assert only(cluster.engine.list()) != cluster.ready(replica)
    assert only(cluster.engine.list()).address == "tcp://a:1"
    assert only(cluster.engine.list()).key == "ab"


def test_what_was_told_of_an_earlier_start_counts_for_nothing(cluster: Cluster) -> None:
    cluster.alive("a")
    replica = cluster.order()
    cluster.tell("a", (ReplicaReport(replica, running=True, status={"state": "ready"}), "another"))
    assert only(cluster.engine.list()).status is None


def test_replicas_of_a_node_that_is_gone_are_placed_elsewhere(cluster: Cluster) -> None:
    cluster.alive("a", "b")
    first, second = cluster.order(0), cluster.order(1)
    assert (cluster.node_of(first), cluster.node_of(second)) == ("a", "b")
    cluster.ready(first)
    number = cluster.rows()[str(first)].number
    cluster.alive("b", seconds=4.5)
    assert cluster.node_of(first) == "a"
    cluster.alive("b")
    assert cluster.node_of(first) == "b"
    assert cluster.rows()[str(first)].number != number
    assert all(report.address == "" for report in cluster.engine.list())


def test_with_nowhere_to_go_what_was_known_stays_in_force(cluster: Cluster) -> None:
    cluster.alive("a")
    replica = cluster.order()
    cluster.ready(replica)
    cluster.alive(seconds=20)
    assert only(cluster.engine.list()).address == "tcp://a:1"
    cluster.alive("b")
    assert cluster.node_of(replica) == "b"


def test_a_new_leader_gives_nodes_time_and_moves_nothing_at_once(cluster: Cluster) -> None:
    cluster.alive("a", "b")
    first = cluster.order()
    cluster.ready(first)
    cluster.now += 1000
    cluster.engine = cluster.new_leader()
    assert only(cluster.engine.list()).address == "tcp://a:1"
    cluster.alive("a", "b", seconds=7)
    assert cluster.node_of(first) == "a"


def test_a_replica_waits_for_a_node_and_says_so_when_none_comes(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = cluster.order()
    assert only(cluster.engine.list()) == ReplicaReport(replica, running=False)
    cluster.engine._start_timeout = -1.0
    status: Any = only(cluster.engine.list()).status
    assert status["state"] == "failed"
    assert "No node" in status["error"]["message"]
    cluster.alive("a")
    assert cluster.node_of(replica) == "a"


def test_a_node_without_room_gets_none(cluster: Cluster) -> None:
    cluster.alive("a", memory=200 * MIB)
    cluster.alive("a", "b")
    replicas = [cluster.order(slot, size=100 * MIB) for slot in range(3)]
    assert [cluster.node_of(replica) for replica in replicas] == ["a", "b", "b"]
    assert cluster.engine.machine().processors == 4


def test_stop_waits_until_the_node_has_stopped_it_or_is_gone(cluster: Cluster) -> None:
    cluster.alive("a")
    replica = cluster.order()
    report, number = cluster.ready(replica), cluster.rows()[str(replica)].number
    looks: list[bool] = []

    def clock() -> float:
        looks.append(str(replica) in cluster.rows())
        if len(looks) == 6:
            cluster.tell("a")
        return cluster.now

    cluster.engine._clock = clock
    cluster.engine.stop(replica)
    assert len(looks) >= 6
    assert not any(looks[2:])
    cluster.engine.stop(replica)
    assert cluster.engine.list() == []
    assert report.id == replica
    assert number


def test_what_replicas_print_is_in_the_deployments_log_once(cluster: Cluster) -> None:
    cluster.alive("a")
    log = predict_log(cluster.home, DEPLOYMENT)
    log.parent.mkdir(parents=True)
    for last in range(1, 5):
        pieces = [
            {"number": n, "deployment": DEPLOYMENT, "text": f"line {n}\n"} for n in range(max(1, last - 1), last + 1)
        ]
        with cluster.database.write() as session:
            row = session.get(NodeReport, "a")
            assert row is not None
            row.pieces = pieces
        cluster.alive("a")
    assert log.read_text().splitlines() == ["line 1", "line 2", "line 3", "line 4"]


def test_kills_are_counted(cluster: Cluster) -> None:
    cluster.alive("a")
    replica = cluster.order()
    cluster.engine.kill(replica)
    cluster.engine.kill(replica)
    assert cluster.rows()[str(replica)].kills == 2
    cluster.engine.kill(ReplicaId("x", 1, 0))
