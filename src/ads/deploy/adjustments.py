"""What the service changes in deployments by itself: their size, and the model behind an alias that they follow."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence

from ads.deploy.autoscale import Scale
from ads.deploy.engines.base import ReplicaReport
from ads.deploy.rollout_orders import follow_moved_alias, stay_behind_alias
from ads.deploy.scaling import Meter
from ads.deploy.signals import Signals
from ads.deploy.spec import parse_spec
from ads.errors import AdsError
from ads.registry.database import Database
from ads.registry.deployments import Deployment, get_deployment
from ads.registry.events import SERVICE, record
from ads.registry.tables import now

__all__ = ["Adjustments"]

logger = logging.getLogger(__name__)

_METERED_SECONDS = 1.0


class Adjustments:
    """Both methods write to the catalog and tell whether they did."""

    def __init__(self, database: Database, signals: Signals) -> None:
        self._database = database
        self._signals = signals
        self._meter = Meter()
        self._metered = 0.0

    def follow(self, moved: Iterable[tuple[str, str]]) -> bool:
        """Roll out what followed aliases were moved to: pairs of deployment and model."""
        changed = False
        for deployment_id, model_id in moved:
            changed = True
            self._follow(deployment_id, model_id)
        return changed

    def _follow(self, deployment_id: str, model_id: str) -> None:
        try:
            with self._database.write() as session:
                follow_moved_alias(session, deployment_id, model_id)
        except AdsError as error:
            with self._database.write() as session:
                stay_behind_alias(session, deployment_id, model_id, error.message)

    def scale(self, deployments: Sequence[tuple[Deployment, Sequence[ReplicaReport]]]) -> bool:
        """Give deployments as many instances as their load asks for."""
        present = time.time()
        calling = any(self._signals.load(row.id).calling for row, _ in deployments)
        if present - self._metered < _METERED_SECONDS and not calling:
            return False
        self._metered = present
        self._meter.forget(row.id for row, _ in deployments)
        changed = False
        for row, reports in deployments:
            if row.target != "ACTIVE" or not row.serving_revision or row.revision != row.serving_revision:
                continue
            since = (row.time_scaled or row.time_created).timestamp()
            load = self._signals.load(row.id)
            found = self._meter.decide(row, parse_spec(row.configuration), load, reports, since, present)
            if found is not None and found.reason:
                changed = True
                self._write(row.id, found)
        return changed

    def _write(self, deployment_id: str, found: Scale) -> None:
        with self._database.write() as session:
            row = get_deployment(session, deployment_id)
            before, row.scale, row.time_scaled = row.scale, found.replicas, now()
            record(
                session,
                SERVICE,
                "deployment.scale",
                row.id,
                row.compartment_id,
                before=before,
                instances=found.replicas,
                reason=found.reason,
            )
        logger.info("deployment %s gets %s instances: %s", deployment_id, found.replicas, found.reason)
