"""The checklist in a deployment's work request: each stage of a start is told once, with its seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ads.deploy.engines.base import ReplicaReport
from ads.deploy.preparation import Preparations
from ads.deploy.progress import PERCENT, stage_lines, stages_in
from ads.registry.database import Database
from ads.registry.deployments import Deployment
from ads.registry.work_requests import entries_of, progress_work_request

__all__ = ["Stages"]

_FLUX = frozenset({"CREATING", "UPDATING", "DELETING"})


class Stages:
    """Remembers which stages each work request tells of already; the log itself is asked only once."""

    def __init__(self, database: Database, preparations: Preparations) -> None:
        self._database = database
        self._preparations = preparations
        self._logged: dict[str, set[str]] = {}

    def forget(self, keep: Iterable[str | None]) -> None:
        """Forget all work requests but these."""
        kept = set(keep)
        self._logged = {request: stages for request, stages in self._logged.items() if request in kept}

    def news(self, row: Deployment, reports: Sequence[ReplicaReport]) -> list[tuple[str, str]]:
        """Return stage and line for each stage of the wanted revision that is done and not told yet."""
        request = row.work_request_id
        if request is None or row.target != "ACTIVE" or row.lifecycle_state not in _FLUX:
            return []
        if row.revision == row.serving_revision:
            return []
        if request not in self._logged:
            with self._database.read() as session:
                messages = [entry.message for entry in entries_of(session, request, errors=False)]
            self._logged[request] = stages_in(messages)
        found: list[tuple[str, str]] = []
        prepared = self._preparations.done((row.id, row.revision))
        if prepared is not None:
            found.append(("environment", f"environment: {prepared.description}, {prepared.seconds:.2f} s"))
        first = next((r for r in reports if r.id.revision == row.revision and r.id.slot == 0), None)
        found += stage_lines(first.status if first else None)
        new = [(stage, line) for stage, line in found if stage not in self._logged[request]]
        self._logged[request] |= {stage for stage, _ in new}
        return new

    def routed(self, promoted: Iterable[Deployment], seconds: float) -> None:
        """Tell that gateways know the revisions that serve now."""
        for row in promoted:
            if row.work_request_id is not None:
                with self._database.write() as session:
                    progress_work_request(session, row.work_request_id, PERCENT["route"], f"route: {seconds:.2f} s")
