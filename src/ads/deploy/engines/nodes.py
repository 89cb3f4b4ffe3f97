"""Replicas on the cluster's nodes: orders in the database, which each node follows on its own machine.

The leader places a replica when it is ordered, and again on another node when its own is gone. What a node tells of its
replicas it writes back; gateways reach them over TCP. A node that comes back stops what isn't its own any more.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.ray_logs import ReplicaLogs
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.node_records import ORDERS, machine_of, order_json, report_of
from ads.deploy.placement import Machine, Node, Placed, choose_node, together
from ads.deploy.presence import GONE_AFTER, Presence
from ads.home import Home
from ads.registry.cluster_tables import Member
from ads.registry.database import Database
from ads.registry.node_tables import NodeReport, OrderRow
from ads.registry.notices import notify
from ads.settings import Settings

__all__ = ["NodesEngine"]

logger = logging.getLogger(__name__)

_STOP_SECONDS = 40.0
_LOOK_SECONDS = 0.1
_LOG_SECONDS = 1.0
_ANY_MEMORY = 1 << 62


@dataclass(frozen=True)
class _State:
    """What the database says: heartbeats, what nodes told, what was ordered."""

    beats: Mapping[str, int]
    reports: Sequence[NodeReport]
    orders: Sequence[OrderRow]


class NodesEngine:
    """See the module. One process at a time gives orders: the one whose ``database`` may be written."""

    prepares_environments = False

    def __init__(
        self, home: Home, settings: Settings, database: Database, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._start_timeout = settings.start_timeout
        self._logs = ReplicaLogs(home, settings)
        self._logged = -math.inf
        self._clock = clock
        self._presence = Presence()
        self._lock = threading.Lock()

    def start(self, order: ReplicaOrder) -> None:
        """Order a replica on the node that suits it best; on the next one that comes where none has room now."""
        with self._database.write() as session:
            state = self._look(session)
            if any(row.replica == str(order.id) for row in state.orders):
                return
            row = OrderRow(replica=str(order.id), number="", node="", kills=0, time=0, content=order_json(order))
            session.add(row)
            self._place([row], state)
            notify(session, ORDERS)
        if not row.node:
            logger.warning("replica %s waits for a node that has room", order.id)

    def stop(self, replica: ReplicaId) -> None:
        """Withdraw the order, and return once the node has stopped the replica, or is gone."""
        with self._database.write() as session:
            row = session.get(OrderRow, str(replica))
            if row is None:
                return
            node, number = row.node, row.number
            session.delete(row)
            notify(session, ORDERS)
        deadline = self._clock() + _STOP_SECONDS
        while self._clock() < deadline:
            with self._database.read() as session:
                state = self._look(session)
            if not node or self._presence.gone(node) or (str(replica), number) not in _told(state.reports, node):
                return
            time.sleep(_LOOK_SECONDS)
        raise EngineUnavailable(f"Node {node} has not stopped replica {replica} within {_STOP_SECONDS:.0f} s.")

    def kill(self, replica: ReplicaId) -> None:
        """Have the node end the replica's process at once; it is started again there."""
        with self._database.write() as session:
            row = session.get(OrderRow, str(replica))
            if row is not None:
                row.kills += 1
                notify(session, ORDERS)

    def list(self) -> list[ReplicaReport]:
        """Return every replica as its node told last. Those of nodes that are gone are placed anew."""
        with self._database.read() as session:
            state = self._look(session)
        lost = [row for row in state.orders if self._homeless(row)]
        if any(choose_node(self._nodes(state), _wanted(row)) is not None for row in lost):
            with self._database.write() as session:
                state = self._look(session)
                moved = self._place([row for row in state.orders if self._homeless(row)], state)
                notify(session, ORDERS)
            for replica, node in moved:
                logger.warning("replica %s is placed on node %s", replica, node)
        self._write_logs(state.reports)
        told = {(node.node, name): content for node in state.reports for name, content in _told_by(node).items()}
        return [report for row in state.orders if (report := self._report(row, told)) is not None]

    def machine(self) -> Machine:
        """Return all nodes that are there as one machine; one without bounds while there is none: it may come."""
        with self._database.read() as session:
            members = list(session.scalars(select(Member)))
            reports = tuple(session.scalars(select(NodeReport).options(defer(NodeReport.pieces))))
        latest = max((member.seen for member in members), default=0)
        there = {each.id for each in members if each.role == "node" and latest - each.seen < GONE_AFTER * 1e6}
        machines = [machine_of(report.machine) for report in reports if report.node in there]
        return together(machines) if machines else Machine(_ANY_MEMORY)

    def watch(self, ended: Callable[[], None], over: threading.Event) -> None:
        """Return when ``over`` is set: nodes wake the leader themselves."""
        del ended
        over.wait()

    def socket(self, replica: ReplicaId) -> str:
        """Return nothing: a replica is reached where its node says."""
        del replica
        return ""

    # -- the inside

    def _write_logs(self, reports: Iterable[NodeReport]) -> None:
        """Write what replicas printed to the logs of their deployments here: each second, and for one that failed."""
        failed = any((each["status"] or {}).get("state") == "failed" for report in reports for each in report.replicas)
        if not failed and self._clock() - self._logged < _LOG_SECONDS:
            return
        self._logged = self._clock()
        with self._database.read() as session:
            told = session.execute(select(NodeReport.node, NodeReport.pieces)).all()
        for node, pieces in told:
            printed: dict[str, list[tuple[int, str]]] = {}
            for piece in pieces if self._presence.there(node) else ():
                printed.setdefault(piece["deployment"], []).append((piece["number"], piece["text"]))
            for deployment, texts in printed.items():
                self._logs.add(f"{node}/{deployment}", ReplicaId.of(deployment, 0, 0), texts)

    def _look(self, session: Session) -> _State:
        beats = {row.id: row.seen for row in session.scalars(select(Member).where(Member.role == "node"))}
        with self._lock:
            self._presence.look(beats, self._clock())
        reports = session.scalars(select(NodeReport).options(defer(NodeReport.pieces)))
        return _State(beats, tuple(reports), tuple(session.scalars(select(OrderRow))))

    def _homeless(self, row: OrderRow) -> bool:
        return not row.node or self._presence.gone(row.node)

    def _nodes(self, state: _State) -> Sequence[Node]:
        """Return the nodes that are there, with what is ordered on them."""
        return [
            Node(
                report.node,
                machine_of(report.machine),
                tuple(_wanted(row) for row in state.orders if row.node == report.node),
            )
            for report in state.reports
            if self._presence.there(report.node)
        ]

    def _place(self, rows: Iterable[OrderRow], state: _State) -> Sequence[tuple[str, str]]:
        """Give each row the node that suits it best, where one has room; return who was placed where."""
        moved = []
        nodes = {node.id: node for node in self._nodes(state)}
        for row in rows:
            node = choose_node(nodes.values(), _wanted(row))
            row.time = row.time or int(time.time())
            row.number = row.number or secrets.token_hex(8)
            if node is None:
                continue
            row.node, row.number, row.kills, row.time = node, secrets.token_hex(8), 0, int(time.time())
            nodes[node] = Node(node, nodes[node].machine, (*nodes[node].replicas, _wanted(row)))
            moved.append((row.replica, node))
        return moved

    def _report(self, row: OrderRow, told: Mapping[tuple[str, str], Mapping[str, Any]]) -> ReplicaReport | None:
        replica = ReplicaId.parse(row.replica)
        if replica is None:
            return None
        content = told.get((row.node, row.replica))
        if content is not None and content["number"] == row.number:
            return report_of(replica, content)
        waited = time.time() - row.time
        if not row.node and waited > self._start_timeout:
            message = f"No node of the cluster had room for this replica within {self._start_timeout:g} s."
            error = {"code": "no-node", "message": message, "hint": "Start another node: ads serve --role node"}
            return ReplicaReport(replica, running=False, status={"state": "failed", "stages": [], "error": error})
        return ReplicaReport(replica, running=False)


def _wanted(row: OrderRow) -> Placed:
    content = row.content
    return Placed(content["deployment"], content["revision"], content["source"]["size"], content["onDevice"])


def _told_by(report: NodeReport) -> dict[str, dict[str, Any]]:
    return {content["replica"]: content for content in report.replicas}


def _told(reports: Iterable[NodeReport], node: str) -> set[tuple[str, str]]:
    return {(each["replica"], each["number"]) for report in reports if report.node == node for each in report.replicas}
