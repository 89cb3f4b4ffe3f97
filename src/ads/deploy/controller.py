"""The loop that makes deployments what the catalog says they should be.

One thread of the control plane. Each round reads the catalog and the engine, asks :func:`reconcile` what to do about
each deployment, and does it: the catalog first, then the gateways' routes, then the replicas. Nothing that matters
is kept in memory, so a control plane that was killed continues where the catalog and the engine are.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ads.deploy.adjustments import Adjustments
from ads.deploy.course import Courses, in_rollout, take_step
from ads.deploy.engines.base import Engine, ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.environment_supplies import Supplies
from ads.deploy.log_files import log_tail, predict_log
from ads.deploy.observation import observe
from ads.deploy.outcomes import fail, promote, settle
from ads.deploy.placement import Machine, Need, no_room
from ads.deploy.preparation import Preparations
from ads.deploy.progress import PERCENT
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
from ads.deploy.rollout import RollBack, Step, Wait
from ads.deploy.rollout_orders import moved_alias
from ads.deploy.routes import Route, Routes, Share
from ads.deploy.routing import traffic_of
from ads.deploy.scaling import hold_seconds, replicas_of
from ads.deploy.signals import Signals
from ads.deploy.spec import DeploymentSpec, parse_spec
from ads.deploy.stages import Stages
from ads.errors import AdsError, ServiceUnavailable, SettingError
from ads.home import Home
from ads.identity.access import CompartmentTree
from ads.registry.database import Database
from ads.registry.deployments import Deployment, ModelSource, artifact_of, get_deployment, unfinished_or_served
from ads.registry.grants import compartment_tree
from ads.registry.rollouts import Rollout, active_rollout, active_rollouts
from ads.registry.work_requests import progress_work_request
from ads.settings import Settings

__all__ = ["Controller"]

logger = logging.getLogger(__name__)

_IN_FLUX = 0.04
_AT_REST = 1.0
_AFTER_TROUBLE = 0.5
_STOPS_AT_ONCE = 8
_FLUX = frozenset({"CREATING", "UPDATING", "DELETING"})


@dataclass(frozen=True)
class _Case:
    """One deployment in one round: its row, its replicas, what to do about it and about its rollout."""

    row: Deployment
    reports: tuple[ReplicaReport, ...]
    actions: tuple[Action, ...]
    rollout: Rollout | None
    step: Step

    def stopping(self) -> set[tuple[int, int]]:
        return {(action.revision, action.slot) for action in self.actions if isinstance(action, Stop)}


class Controller:
    """Looks after all deployments. ``archive`` gives a model's checked archive, ``share`` publishes to all machines."""

    def __init__(
        self,
        database: Database,
        home: Home,
        settings: Settings,
        engine: Engine,
        archive: Callable[[ModelSource], Path],
        supplies: Supplies,
        share: Share | None = None,
    ) -> None:
        self._database = database
        self._home = home
        self._settings = settings
        self._engine = engine
        self._routes = Routes(home, share)
        self._preparations = Preparations(
            home, archive, supplies, self.wake, settings.trusted_keys, environments=engine.prepares_environments
        )
        self._stops = ThreadPoolExecutor(_STOPS_AT_ONCE, thread_name_prefix="stop")
        self._stopping: set[ReplicaId] = set()
        self._stages = Stages(database, self._preparations)
        self._compartments = CompartmentTree({})
        self._signals = Signals(home, self.wake, self._order_kill)
        self._courses = Courses(self._signals)
        self._adjustments = Adjustments(database, self._signals)
        self._awake = threading.Event()
        self._over = threading.Event()
        watch = (self.wake, self._over)
        self._watching = threading.Thread(target=engine.watch, args=watch, name="watch", daemon=True)
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)

    def start(self) -> None:
        """Begin to look after the deployments."""
        self._signals.start()
        self._watching.start()
        self._thread.start()

    def wake(self) -> None:
        """Look at once: something changed."""
        self._awake.set()

    def machine(self) -> Machine:
        """Return what there is to run replicas on."""
        return self._engine.machine()

    def count(self, lines: Sequence[tuple[str, bytes]]) -> None:
        """Count what gateways of other machines told, by their names."""
        self._signals.take_remote(lines)

    def stop(self) -> None:
        """End the loop. Replicas go on."""
        self._over.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._signals.stop()
        self._preparations.stop()
        self._stops.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        trouble = ""
        while not self._over.is_set():
            self._awake.clear()
            try:
                pause = self.round()
            except (EngineUnavailable, ServiceUnavailable) as error:  # the supervisor or the database is away
                if error.message != trouble:
                    logger.warning("%s", error)
                trouble, pause = error.message, _AFTER_TROUBLE
            except Exception:  # the loop's boundary: one bad round must not end the service
                logger.exception("a round of the reconcile loop failed")
                pause = _AFTER_TROUBLE
            self._awake.wait(pause)

    def round(self) -> float:
        """Do what is to be done now; return how many seconds may pass until the next round."""
        with self._database.read() as session:
            rows = unfinished_or_served(session)
            rollouts = active_rollouts(session)
            self._compartments = compartment_tree(session)
            moved = [(row.id, model) for row in rows if (model := moved_alias(session, row)) is not None]
        reports = self._engine.list()
        self._courses.forget(rollouts.values())
        theirs: dict[str, list[ReplicaReport]] = {}
        for report in reports:
            theirs.setdefault(report.id.deployment, []).append(report)
        cases = [
            self._case(row, tuple(theirs.get(ReplicaId.of(row.id, 0, 0).deployment, ())), rollouts.get(row.id))
            for row in rows
        ]
        changed = self._change_catalog(cases)
        changed = self._roll_back(cases) or changed
        changed = self._adjustments.follow(moved) or changed
        changed = self._adjustments.scale([(case.row, case.reports) for case in cases]) or changed
        began = time.monotonic()
        if self._routes.publish(self._route(case) for case in cases):
            promoted = [case.row for case in cases if any(isinstance(action, Promote) for action in case.actions)]
            self._stages.routed(promoted, time.monotonic() - began)
        for case in cases:
            self._look_after(case)
        self._stop_orphans(rows, reports)
        self._stages.forget(row.work_request_id for row in rows)
        self._preparations.forget_others(row.id for row in rows)
        self._signals.forget(row.id for row in rows)
        if changed:
            return 0.0
        busy = any(row.lifecycle_state in _FLUX for row in rows) or bool(self._stopping)
        return _IN_FLUX if busy else _AT_REST

    # -- decide

    def _case(self, row: Deployment, mine: tuple[ReplicaReport, ...], rollout: Rollout | None) -> _Case:
        wanted = parse_spec(row.configuration)
        served = parse_spec(row.serving_configuration) if row.serving_configuration else None
        if rollout is not None and rollout.revision != row.revision:
            rollout = None
        desired = Desired(
            target=cast("Any", row.target),
            state=row.lifecycle_state,
            revision=row.revision,
            replicas=replicas_of(row, wanted),
            serving_revision=row.serving_revision,
            serving_replicas=replicas_of(row, served) if served else 0,
        )
        ready = [r.id.slot for r in mine if r.id.revision == row.revision and (r.status or {}).get("state") == "ready"]
        if rollout is not None:
            desired = in_rollout(desired, rollout, len(ready))
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
        actions = tuple(reconcile(desired, actual))
        step: Step = Wait("")
        if rollout is not None and not any(isinstance(action, (GiveUp, Fail, Promote)) for action in actions):
            needed = desired.replicas if desired.candidates is None else desired.candidates
            there = sum(slot < needed for slot in ready)
            step = self._courses.next_step(rollout, max(1, desired.replicas), desired.serving_replicas, there)
        return _Case(row, mine, actions, rollout, step)

    # -- the catalog

    def _change_catalog(self, cases: list[_Case]) -> bool:
        """Write outcomes and progress; tell whether a deployment came into another state."""
        changed = False
        for case in cases:
            changes = [action for action in case.actions if isinstance(action, (Promote, Fail, Settle))]
            lines = self._stages.news(case.row, case.reports)
            steps = case.rollout is not None and not isinstance(case.step, (Wait, RollBack)) and not changes
            news = case.rollout is not None and self._courses.has_news(case.rollout)
            if not changes and not lines and not steps and not news:
                continue
            with self._database.write() as session:
                row = get_deployment(session, case.row.id)
                if row.etag != case.row.etag:
                    changed = True  # somebody gave an order meanwhile: decide anew
                    continue
                for stage, line in lines:
                    progress_work_request(session, cast("str", row.work_request_id), PERCENT[stage], line)
                rollout = active_rollout(session, row.id) if case.rollout is not None else None
                if rollout is not None and news:
                    self._courses.write_news(session, rollout)
                if rollout is not None and steps:
                    changed = True
                    take_step(session, row, rollout, case.step)
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

    def _roll_back(self, cases: list[_Case]) -> bool:
        """Give up candidates that broke a gate; tell whether there was one."""
        broken = [case for case in cases if isinstance(case.step, RollBack)]
        for case in broken:
            assert isinstance(case.step, RollBack)
            logger.warning("deployment %s is rolled back: %s", case.row.id, case.step.reason)
            self._preparations.give_up((case.row.id, case.row.revision), case.step.reason)
        return bool(broken)

    # -- the gateways

    def _route(self, case: _Case) -> Route:
        row = case.row
        traffic = traffic_of(row, case.rollout, case.reports, case.stopping(), self._engine.socket)
        return Route(
            id=row.id,
            name=row.display_name,
            state=row.lifecycle_state,
            serving=traffic.serving,
            timeout_seconds=self._settings.predict_timeout,
            max_body_bytes=self._settings.max_body_bytes,
            replicas=traffic.replicas,
            bandwidth_mbps=self._bandwidth(row),
            compartment_ids=self._compartments.chain(row.compartment_id),
            revision=row.serving_revision,
            hold_seconds=hold_seconds(row, parse_spec(row.configuration), self._settings.start_timeout),
            shadow=traffic.shadow,
            shadow_percent=traffic.shadow_percent,
            rules=traffic.rules,
            sticky=traffic.sticky,
            rate_limit=traffic.rate_limit,
            capture=row.capture,
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
        spec = self._spec(row, revision)
        with self._database.read() as session:
            _, source = artifact_of(session, spec.model_id)
        if source is None:
            self._preparations.give_up((row.id, revision), "The model's artifact is gone.\nRegister the model again.")
            self.wake()
            return
        need = Need(max(1, replicas_of(row, spec)), source.model_bytes, on_device="GPU" in spec.shape)
        refusal = no_room(need, self._engine.machine())
        if refusal:
            self._preparations.give_up((row.id, revision), refusal)
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
        # Threads that wait leave the processor to the gateway and to other replicas.
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
        folder = self._home.deployment(row.id)
        order = ReplicaOrder(
            id=replica,
            python=prepared.environment.python if prepared.environment is not None else None,
            artifact=prepared.artifact,
            folder=folder / str(replica),
            log=predict_log(self._home, row.id),
            memory_bytes=spec.memory_bytes,
            environment={"OMP_WAIT_POLICY": "PASSIVE", **dict.fromkeys(names, threads), **spec.environment},
            processors=spec.threads if prepared.environment is None or spec.threads < (os.cpu_count() or 1) else 0,
            source=prepared.source,
            archive=prepared.archive,
            on_device="GPU" in spec.shape,
            shape=spec.shape,
            ocpus=spec.ocpus,
        )
        try:
            self._engine.start(order)
        except SettingError as error:  # what the operator asks of replicas, this machine can't do
            self._preparations.give_up((row.id, action.revision), str(error))
            self.wake()

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

    def _order_kill(self, name: str) -> None:
        """Kill what a gateway found silent, beside the loop."""
        replica = ReplicaId.parse(name)
        if replica is not None and not self._over.is_set():
            self._stops.submit(self._kill, replica)

    def _kill(self, replica: ReplicaId) -> None:
        try:
            self._engine.kill(replica)
        except AdsError as error:
            logger.warning("replica %s could not be killed: %s", replica, error.message)
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
