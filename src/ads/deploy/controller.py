"""The loop that makes deployments what the catalog says they should be.

One thread of the control plane. Each round reads the catalog and the engine, asks :func:`reconcile` what to do about
each deployment, and does it: the catalog first, then the gateways' routes, then the replicas. Nothing that matters
is kept in memory, so a control plane that was killed continues where the catalog and the engine are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ads.deploy.engines.base import Engine, ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.log_files import log_tail, predict_log
from ads.deploy.observation import observe
from ads.deploy.outcomes import fail, promote, settle
from ads.deploy.preparation import Preparations
from ads.deploy.progress import PERCENT, stage_lines, stages_in
from ads.deploy.reconcile import (
    Action,
    Actual,
    Desired,
    Fail,
    GiveUp,
    Kill,
    Prepare,
    Promote,
    Settle,
    Start,
    Stop,
    reconcile,
)
from ads.deploy.routes import ReplicaRoute, Route, Routes
from ads.deploy.spec import DeploymentSpec, parse_spec
from ads.errors import AdsError
from ads.home import Home
from ads.identity.access import CompartmentTree
from ads.registry.database import Database
from ads.registry.deployments import Deployment, ModelSource, artifact_of, get_deployment, unfinished_or_served
from ads.registry.grants import compartment_tree
from ads.registry.work_requests import entries_of, progress_work_request
from ads.settings import Settings

__all__ = ["Controller"]

logger = logging.getLogger(__name__)

_IN_FLUX = 0.04
_AT_REST = 1.0
_AFTER_TROUBLE = 0.5
_STOPS_AT_ONCE = 8
_FLUX = frozenset({"CREATING", "UPDATING", "DELETING"})
_SERVING = frozenset({"CREATING", "ACTIVE", "UPDATING", "NEEDS_ATTENTION"})


@dataclass(frozen=True)
class _Case:
    """One deployment in one round: its row, its replicas, what to do about it."""

    row: Deployment
    reports: tuple[ReplicaReport, ...]
    actions: tuple[Action, ...]

    def stopping(self) -> set[tuple[int, int]]:
        return {(action.revision, action.slot) for action in self.actions if isinstance(action, Stop)}


class Controller:
    """Looks after all deployments. ``archive`` gives the checked archive of a model."""

    def __init__(
        self,
        database: Database,
        home: Home,
        settings: Settings,
        engine: Engine,
        archive: Callable[[ModelSource], Path],
    ) -> None:
        self._database = database
        self._home = home
        self._settings = settings
        self._engine = engine
        self._routes = Routes(home)
        self._preparations = Preparations(home, archive, settings.environment_timeout, self.wake)
        self._stops = ThreadPoolExecutor(_STOPS_AT_ONCE, thread_name_prefix="stop")
        self._stopping: set[ReplicaId] = set()
        self._logged: dict[str, set[str]] = {}
        self._compartments = CompartmentTree({})
        self._awake = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)

    def start(self) -> None:
        """Begin to look after the deployments."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once: something changed."""
        self._awake.set()

    def stop(self) -> None:
        """End the loop. Replicas go on."""
        self._over.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._preparations.stop()
        self._stops.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        trouble = ""
        while not self._over.is_set():
            self._awake.clear()
            try:
                pause = self.round()
            except EngineUnavailable as error:
                if error.message != trouble:
                    logger.warning("%s", error.message)
                trouble, pause = error.message, _AFTER_TROUBLE
            except Exception:  # the loop's boundary: one bad round must not end the service
                logger.exception("a round of the reconcile loop failed")
                pause = _AFTER_TROUBLE
            self._awake.wait(pause)

    def round(self) -> float:
        """Do what is to be done now; return how many seconds may pass until the next round."""
        with self._database.read() as session:
            rows = unfinished_or_served(session)
            self._compartments = compartment_tree(session)
        reports = self._engine.list()
        cases = [self._case(row, reports) for row in rows]
        changed = self._change_catalog(cases)
        began = time.monotonic()
        if self._routes.publish(self._route(case) for case in cases):
            self._log_routes(cases, time.monotonic() - began)
        for case in cases:
            self._look_after(case)
        self._stop_orphans(rows, reports)
        self._logged = {k: v for k, v in self._logged.items() if any(row.work_request_id == k for row in rows)}
        if changed:
            return 0.0
        busy = any(row.lifecycle_state in _FLUX for row in rows) or bool(self._stopping)
        return _IN_FLUX if busy else _AT_REST

    # -- decide

    def _case(self, row: Deployment, reports: list[ReplicaReport]) -> _Case:
        mine = tuple(r for r in reports if r.id.deployment == ReplicaId.of(row.id, 0, 0).deployment)
        wanted = parse_spec(row.configuration)
        served = parse_spec(row.serving_configuration) if row.serving_configuration else None
        target = cast("Any", row.target)
        desired = Desired(
            target=target,
            state=row.lifecycle_state,
            revision=row.revision,
            replicas=wanted.replicas,
            serving_revision=row.serving_revision,
            serving_replicas=served.replicas if served else 0,
        )
        revisions = {row.revision, row.serving_revision}
        self._preparations.forget(row.id, revisions)
        actual = Actual(
            replicas=tuple(
                observe(
                    report,
                    serving=report.id.revision == row.serving_revision,
                    start_timeout=self._settings.start_timeout,
                )
                for report in mine
            ),
            prepared=frozenset(r for r in revisions if self._preparations.done((row.id, r)) is not None),
            broken=tuple(
                (r, cause)
                for r in revisions
                if (cause := self._preparations.broken((row.id, r), serving=r == row.serving_revision)) is not None
            ),
        )
        return _Case(row, mine, tuple(reconcile(desired, actual)))

    # -- the catalog

    def _change_catalog(self, cases: list[_Case]) -> bool:
        """Write outcomes and progress; tell whether a deployment came into another state."""
        changed = False
        for case in cases:
            changes = [action for action in case.actions if isinstance(action, (Promote, Fail, Settle))]
            lines = self._new_lines(case)
            if not changes and not lines:
                continue
            with self._database.write() as session:
                row = get_deployment(session, case.row.id)
                if row.etag != case.row.etag:
                    changed = True  # somebody gave an order meanwhile: decide anew
                    continue
                for stage, line in lines:
                    progress_work_request(session, cast("str", row.work_request_id), PERCENT[stage], line)
                for action in changes:
                    changed = True
                    if isinstance(action, Promote):
                        promote(session, row)
                    elif isinstance(action, Fail):
                        fail(session, row, action.cause, log_tail(predict_log(self._home, row.id)))
                    else:
                        settle(session, row, action.state, action.details)
                _copy_outcome(row, case.row)
        return changed

    def _new_lines(self, case: _Case) -> list[tuple[str, str]]:
        request = case.row.work_request_id
        if request is None or case.row.target != "ACTIVE" or case.row.lifecycle_state not in _FLUX:
            return []
        if case.row.revision == case.row.serving_revision:
            return []
        if request not in self._logged:
            with self._database.read() as session:
                messages = [entry.message for entry in entries_of(session, request, errors=False)]
            self._logged[request] = stages_in(messages)
        found: list[tuple[str, str]] = []
        prepared = self._preparations.done((case.row.id, case.row.revision))
        if prepared is not None:
            found.append(("environment", f"environment: {prepared.environment.description}, {prepared.seconds:.2f} s"))
        first = next((r for r in case.reports if r.id.revision == case.row.revision and r.id.slot == 0), None)
        found += stage_lines(first.status if first else None)
        new = [(stage, line) for stage, line in found if stage not in self._logged[request]]
        self._logged[request] |= {stage for stage, _ in new}
        return new

    def _log_routes(self, cases: list[_Case], seconds: float) -> None:
        for case in cases:
            request = case.row.work_request_id
            if request is None or not any(isinstance(action, Promote) for action in case.actions):
                continue
            with self._database.write() as session:
                progress_work_request(session, request, PERCENT["route"], f"route: {seconds:.2f} s")

    # -- the gateways

    def _route(self, case: _Case) -> Route:
        row = case.row
        serving = row.target == "ACTIVE" and row.serving_revision > 0 and row.lifecycle_state in _SERVING
        stopping = case.stopping()
        replicas = tuple(
            ReplicaRoute(str(report.id), self._engine.socket(report.id))
            for report in sorted(case.reports, key=lambda report: report.id.slot)
            if serving
            and report.id.revision == row.serving_revision
            and (report.id.revision, report.id.slot) not in stopping
        )
        return Route(
            id=row.id,
            name=row.display_name,
            state=row.lifecycle_state,
            serving=serving,
            timeout_seconds=self._settings.predict_timeout,
            max_body_bytes=self._settings.max_body_bytes,
            replicas=replicas,
            bandwidth_mbps=self._bandwidth(row),
            compartment_ids=self._compartments.chain(row.compartment_id),
        )

    def _bandwidth(self, row: Deployment) -> float | None:
        """Return what the deployment's serving configuration asks for, None where the service enforces nothing."""
        model = (row.serving_configuration or row.configuration).get("modelConfigurationDetails") or {}
        return model.get("bandwidthMbps") if self._settings.enforce_bandwidth else None

    # -- the replicas

    def _look_after(self, case: _Case) -> None:
        """Do what is to be done about one deployment; its trouble is not that of the others."""
        try:
            self._act(case)
        except (AdsError, OSError) as error:
            logger.warning("deployment %s can't be looked after now: %s", case.row.id, error)

    def _act(self, case: _Case) -> None:
        for action in case.actions:
            if isinstance(action, GiveUp):
                self._preparations.give_up((case.row.id, case.row.revision), action.cause)
            elif isinstance(action, Prepare):
                self._prepare(case.row, action.revision)
            elif isinstance(action, Start):
                self._start(case.row, action)
            elif isinstance(action, Stop):
                self._stop(ReplicaId.of(case.row.id, action.revision, action.slot))
            elif isinstance(action, Kill):
                replica = ReplicaId.of(case.row.id, action.revision, action.slot)
                if any(report.id == replica and report.running for report in case.reports):
                    self._engine.kill(replica)

    def _spec(self, row: Deployment, revision: int) -> DeploymentSpec:
        serving = row.serving_configuration if revision == row.serving_revision else None
        return parse_spec(row.configuration if revision == row.revision or serving is None else serving)

    def _prepare(self, row: Deployment, revision: int) -> None:
        with self._database.read() as session:
            _, source = artifact_of(session, self._spec(row, revision).model_id)
        if source is None:
            self._preparations.give_up((row.id, revision), "The model's artifact is gone.\nRegister the model again.")
            self.wake()
            return
        request = row.work_request_id

        def report(line: str) -> None:
            if request is not None:
                with self._database.write() as session:
                    progress_work_request(session, request, 1, line.replace("environment: ", "", 1))

        self._preparations.begin((row.id, revision), source, report)

    def _start(self, row: Deployment, action: Start) -> None:
        prepared = self._preparations.done((row.id, action.revision))
        if prepared is None:
            return
        spec = self._spec(row, action.revision)
        replica = ReplicaId.of(row.id, action.revision, action.slot)
        if replica in self._stopping:
            return
        threads = str(spec.threads)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
        folder = self._home.deployment(row.id)
        self._engine.start(
            ReplicaOrder(
                id=replica,
                python=prepared.environment.python,
                artifact=prepared.artifact,
                folder=folder / str(replica),
                log=predict_log(self._home, row.id),
                memory_bytes=spec.memory_bytes,
                environment={**dict.fromkeys(names, threads), **spec.environment},
            )
        )

    def _stop(self, replica: ReplicaId) -> None:
        if replica in self._stopping:
            return
        self._stopping.add(replica)
        self._stops.submit(self._stop_and_tell, replica)

    def _stop_and_tell(self, replica: ReplicaId) -> None:
        try:
            self._engine.stop(replica)
        except AdsError as error:
            logger.warning("replica %s could not be stopped: %s", replica, error.message)
        finally:
            self._stopping.discard(replica)
            self.wake()

    def _stop_orphans(self, rows: list[Deployment], reports: list[ReplicaReport]) -> None:
        """Stop replicas whose deployment is deleted, failed or unknown."""
        known = {ReplicaId.of(row.id, 0, 0).deployment for row in rows}
        for report in reports:
            if report.id.deployment not in known:
                self._stop(report.id)


def _copy_outcome(source: Deployment, target: Deployment) -> None:
    """Let the round go on with what was just written."""
    names = ("lifecycle_state", "configuration", "serving_configuration", "revision", "serving_revision", "etag")
    for name in names:
        setattr(target, name, getattr(source, name))
