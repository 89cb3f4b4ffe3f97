"""The loop that makes a node run what the leader ordered, and tells the leader how that goes.

Each round reads the orders for this node, looks at what runs, and does what is due; the supervisor owns the replicas,
so they go on while this process, the database or the leader is away. Nothing that matters is kept in memory.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from ads.deploy.engines.base import Engine, ReplicaId, ReplicaReport
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.node_records import NodeOrder, machine_json, order_of, report_json
from ads.deploy.preparation import Preparations
from ads.errors import AdsError, ServiceUnavailable, SettingError
from ads.home import Home, open_regular
from ads.node.duties import Running, Wanted, duties
from ads.node.log_pieces import LogPieces
from ads.registry.database import Database
from ads.registry.node_tables import NodeReport, OrderRow
from ads.registry.notices import WAKE, notify

__all__ = ["Agent"]

logger = logging.getLogger(__name__)

_IN_FLUX = 0.05
_AT_REST = 1.0
_TELL_SECONDS = 1.0
_STOPS_AT_ONCE = 8
_NUMBER_FILE = "order"
_LONGEST_NUMBER = 64


class Agent:
    """Looks after the replicas of one node until :meth:`stop`. ``engine`` runs them on this machine."""

    def __init__(self, node: str, database: Database, home: Home, engine: Engine, preparations: Preparations) -> None:
        self._node = node
        self._database = database
        self._home = home
        self._engine = engine
        self._preparations = preparations
        self._machine = machine_json(engine.machine())
        self._stops = ThreadPoolExecutor(_STOPS_AT_ONCE, thread_name_prefix="stop")
        self._stopping: set[str] = set()
        self._kills: dict[tuple[str, str], int] = {}
        self._refused: dict[str, tuple[str, str]] = {}
        self._pieces = LogPieces(home, node)
        self._last_piece = self._pieces.last
        self._told: list[dict[str, Any]] | None = None
        self._told_at = 0.0
        self._awake = threading.Event()
        self._over = threading.Event()
        self._watching = threading.Thread(target=engine.watch, args=(self.wake, self._over), name="watch", daemon=True)

    def wake(self) -> None:
        """Look at once: something changed."""
        self._awake.set()

    def stop(self) -> None:
        """End the loop. Replicas go on."""
        self._over.set()
        self._awake.set()

    def run(self) -> None:
        """Work until :meth:`stop`."""
        self._watching.start()
        trouble = ""
        while not self._over.is_set():
            self._awake.clear()
            pause = _AT_REST
            try:
                pause = self.round()
                trouble = ""
            except (EngineUnavailable, ServiceUnavailable) as error:  # the supervisor or the database is away
                if error.message != trouble:
                    logger.warning("%s", error.message)
                trouble = error.message
            except Exception:  # the loop's boundary: one bad round must not end the node
                logger.exception("a round of the node's loop failed")
            self._awake.wait(pause)
        self._preparations.stop()
        self._stops.shutdown(wait=False, cancel_futures=True)

    def round(self) -> float:
        """Do what is to be done now; return how many seconds may pass until the next round."""
        orders = self._orders()
        here = {str(report.id): report for report in self._engine.list()}
        numbers = {name: self._number(report.id, orders) for name, report in here.items()}
        wanted = {name: Wanted(order.number, order.kills, self._prepared(order)) for name, order in orders.items()}
        running = {name: Running(number, self._killed(name, number, wanted)) for name, number in numbers.items()}
        for duty in duties(wanted, running, frozenset(self._stopping)):
            if duty.action == "stop":
                self._stop(here[duty.replica].id)
            elif duty.action == "kill":
                self._kills[duty.replica, wanted[duty.replica].number] = wanted[duty.replica].kills
                self._engine.kill(here[duty.replica].id)
            elif duty.action == "start":
                self._start(orders[duty.replica])
            else:
                self._prepare(orders[duty.replica])
        self._forget(orders)
        self._pieces.look(order.order.deployment_id for order in orders.values())
        reports = self._reports(orders, here, numbers)
        self._tell(reports)
        settled = not self._stopping and all(_settled(report) for report in reports)
        return _AT_REST if settled else _IN_FLUX

    # -- what is ordered

    def _orders(self) -> dict[str, NodeOrder]:
        with self._database.read() as session:
            rows = list(session.scalars(select(OrderRow).where(OrderRow.node == self._node)))
        return {row.replica: NodeOrder(row.number, row.kills, order_of(row.content, self._home)) for row in rows}

    def _prepared(self, order: NodeOrder) -> bool:
        return self._preparations.done((order.order.deployment_id, order.order.id.revision)) is not None

    def _number(self, replica: ReplicaId, orders: Mapping[str, NodeOrder]) -> str | None:
        """Return the number of the order that a replica was started by."""
        order = orders.get(str(replica))
        if order is None:
            return None
        try:
            with open_regular(order.order.folder / _NUMBER_FILE) as file:
                return file.read(_LONGEST_NUMBER).decode("ascii")
        except (OSError, ValueError):
            return None

    def _killed(self, name: str, number: str | None, wanted: Mapping[str, Wanted]) -> int:
        """Return how many kills of an order were followed; what was ordered before this process was there, was."""
        order = wanted.get(name)
        if order is None or number is None:
            return 0
        return self._kills.setdefault((name, number), order.kills)

    # -- doing it

    def _prepare(self, order: NodeOrder) -> None:
        key = (order.order.deployment_id, order.order.id.revision)
        if self._preparations.broken(key, serving=True) is None and order.order.source is not None:
            self._preparations.begin(key, order.order.source, lambda line: logger.info("%s: %s", key[0], line))

    def _start(self, order: NodeOrder) -> None:
        name = str(order.order.id)
        prepared = self._preparations.done((order.order.deployment_id, order.order.id.revision))
        if prepared is None or prepared.environment is None or self._refused.get(name, ("",))[0] == order.number:
            return
        threads = order.order.processors
        ready = replace(
            order.order,
            python=prepared.environment.python,
            artifact=prepared.artifact,
            processors=threads if threads < self._machine["processors"] else 0,
        )
        ready.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (ready.folder / _NUMBER_FILE).write_text(order.number)
        self._kills[name, order.number] = order.kills
        try:
            self._engine.start(ready)
        except SettingError as error:  # what the operator asks of replicas, this machine can't do
            self._refused[name] = (order.number, str(error))

    def _stop(self, replica: ReplicaId) -> None:
        name = str(replica)
        self._stopping.add(name)

        def stop() -> None:
            try:
                self._engine.stop(replica)
            except AdsError as error:
                logger.warning("replica %s could not be stopped: %s", name, error.message)
            finally:
                self._stopping.discard(name)
                self.wake()

        self._stops.submit(stop)

    def _forget(self, orders: Mapping[str, NodeOrder]) -> None:
        revisions: dict[str, set[int]] = {}
        for order in orders.values():
            revisions.setdefault(order.order.deployment_id, set()).add(order.order.id.revision)
        self._preparations.forget_others(revisions)
        for deployment, kept in revisions.items():
            self._preparations.forget(deployment, kept)
        numbers = {(name, order.number) for name, order in orders.items()}
        self._kills = {key: kills for key, kills in self._kills.items() if key in numbers}
        self._refused = {name: told for name, told in self._refused.items() if (name, told[0]) in numbers}

    # -- telling of it

    def _reports(
        self, orders: Mapping[str, NodeOrder], here: Mapping[str, ReplicaReport], numbers: Mapping[str, str | None]
    ) -> list[dict[str, Any]]:
        """Return what is told of each replica: of those that are ordered, and of those that are being stopped."""
        found = []
        for name, report in here.items():
            found.append(report_json(report, numbers[name] or ""))
        for name, order in orders.items():
            if name not in here:
                found.append(report_json(self._absent(order), order.number))
        return found

    def _absent(self, order: NodeOrder) -> ReplicaReport:
        """Return the report of a replica that has no process yet: why, if it won't get one."""
        key = (order.order.deployment_id, order.order.id.revision)
        _, cause = self._refused.get(str(order.order.id), ("", ""))
        cause = cause or self._preparations.broken(key, serving=True) or ""
        status = None
        if cause:
            message, _, hint = cause.partition("\n")
            status = {"state": "failed", "stages": [], "error": {"code": "node", "message": message, "hint": hint}}
        return ReplicaReport(order.order.id, running=False, status=status)

    def _tell(self, reports: list[dict[str, Any]]) -> None:
        """Write what changed; every second also what was printed, and how old the replicas are that aren't ready."""
        ageless = [{**report, "age": 0.0} for report in reports]
        changed, last = ageless != self._told, self._pieces.last
        news = last != self._last_piece or not all(map(_settled, reports))
        if not changed and (not news or time.monotonic() - self._told_at < _TELL_SECONDS):
            return
        with self._database.write() as session:
            told = NodeReport(node=self._node, machine=self._machine, replicas=reports, pieces=self._pieces.told())
            session.merge(told)
            if changed:
                notify(session, WAKE)
        self._told, self._last_piece, self._told_at = ageless, last, time.monotonic()


def _settled(report: Mapping[str, Any]) -> bool:
    """Tell whether nothing is to be expected of a replica by itself."""
    return (report["status"] or {}).get("state") in ("ready", "failed")
