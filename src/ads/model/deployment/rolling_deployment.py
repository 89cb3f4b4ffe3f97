"""Rollouts, traffic, followed aliases and scaling: what this service adds to a deployment of OCI's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ads.client import Service
from ads.errors import InputError
from ads.model.deployment import DEFAULT_POLL_INTERVAL, DEFAULT_WAIT_TIME
from ads.model.deployment.live_deployment import LiveDeployment
from ads.model.deployment.waiting import Waiting, follow

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

__all__ = ["RollingDeployment"]

_OWN = "/openads/v1/deployments"
_DEPLOYMENTS = "/20190101/modelDeployments"


class RollingDeployment(LiveDeployment):
    """The third of ``ModelDeployment`` that goes from one version to another without an outage."""

    def roll_out(
        self,
        model: str,
        strategy: str | None = None,
        steps: Sequence[int] | None = None,
        bake: float | None = None,
        gates: Mapping[str, float] | None = None,
        wait_for_completion: bool | None = True,
        max_wait_time: float | None = DEFAULT_WAIT_TIME,
        raise_on_failure: bool = True,
        **options: Any,
    ) -> Self:
        """Serve another model (``churn:12``, ``churn@champion`` or an OCID), and return the deployment.

        ``strategy`` is ``rolling``, ``canary`` (also meant where ``steps`` are given: percentages of the requests, with
        ``bake`` seconds each) or ``shadow``; ``gates`` are ``leastRequests``, ``errorRate``, ``p95Ratio``,
        ``disagreement``. Raises :class:`~ads.errors.DeploymentFailed` with the reason when it was rolled back, unless
        ``raise_on_failure`` is false.

        Example::

            deployment.roll_out("churn:13", steps=[5, 25, 100], bake=60)
        """
        body = {
            "modelId" if model.startswith("ocid1.") else "reference": model,
            "strategy": strategy or ("canary" if steps else None),
            "steps": list(steps) if steps else None,
            "bakeSeconds": bake,
            "gates": dict(gates) if gates else None,
            **options,
        }
        waiting = Waiting(wait_for_completion, max_wait_time, DEFAULT_POLL_INTERVAL, raise_on_failure)
        return self._order("POST", "/rollouts", _given(body), "Rolling out to", waiting)

    def rollback(
        self,
        revision: int | None = None,
        wait_for_completion: bool | None = True,
        max_wait_time: float | None = DEFAULT_WAIT_TIME,
    ) -> Self:
        """Return to what served before, or to this revision; a rollout that is under way is aborted."""
        waiting = Waiting(wait_for_completion, max_wait_time, DEFAULT_POLL_INTERVAL)
        body = _given({"revision": revision})
        if revision is None and self.traffic()["rollout"] is not None:
            return self.abort()
        return self._order("POST", "/rollback", body, "Rolling back", waiting)

    def promote(self, wait_for_completion: bool | None = True, max_wait_time: float | None = DEFAULT_WAIT_TIME) -> Self:
        """Let the candidate of the rollout take over now."""
        waiting = Waiting(wait_for_completion, max_wait_time, DEFAULT_POLL_INTERVAL)
        return self._order("POST", "/rollouts/promote", None, "Promoting", waiting)

    def abort(self) -> Self:
        """Return to what serves, and forget the candidate."""
        return self._order("POST", "/rollouts/abort", None, "Aborting", _NO_WAITING)

    def pause(self) -> Self:
        """Stay at the present step of the rollout. Gates are still kept."""
        return self._order("POST", "/rollouts/pause", None, "Pausing", _NO_WAITING)

    def resume(self) -> Self:
        """Go on with a paused rollout."""
        return self._order("POST", "/rollouts/resume", None, "Resuming", _NO_WAITING)

    def traffic(
        self,
        weights: Mapping[int, int] | None = None,
        rules: Sequence[Mapping[str, Any]] | None = None,
        sticky: str | None = None,
    ) -> dict[str, Any]:
        """Return who gets the requests, the rollout and what is followed; with ``weights`` set the shares first.

        ``weights`` maps revisions to percentages, ``rules`` are ``{"header", "value", "revision"}``, ``sticky`` is the
        header whose value keeps a caller with its revision.
        """
        path = f"{_OWN}/{self._require_id()}"
        if weights is not None:
            shares = [{"revision": revision, "weight": weight} for revision, weight in weights.items()]
            body = _given({"traffic": shares, "rules": list(rules) if rules else None, "sticky": sticky})
            found: dict[str, Any] = Service.find().request("PUT", f"{path}/traffic", json=body).json()
            self._shares = found.get("traffic") or ()
            return found
        if rules is not None or sticky is not None:
            raise InputError("Rules need weights.", hint="Pass weights, for example {1: 90, 2: 10}.")
        found = dict(Service.find().get_json(path))
        self._shares = found.get("traffic") or ()
        return found

    def follow(self, reference: str | None, **strategy: Any) -> Self:
        """Serve what the alias (``churn@champion``) points at, also after it was moved; None ends that.

        ``strategy`` is how each move is rolled out, as the service names it: ``strategy="canary"``, ``steps=[…]``,
        ``bakeSeconds=…``.
        """
        body = {"reference": reference, **strategy}
        return self._order("PUT", "/follow", body, "Following", _NO_WAITING)

    def scale(
        self,
        instances: int | None = None,
        minimum: int | None = None,
        maximum: int | None = None,
        target_in_flight: float | None = None,
        scale_in_after: float | None = None,
    ) -> Self:
        """Have so many instances, or between ``minimum`` and ``maximum`` by load: ``target_in_flight`` requests each.

        ``minimum=0`` ends an idle deployment's last replica; the first request that comes is held until one is back.
        ``scale_in_after`` in seconds.
        """
        by_load = _given(
            {
                "minimum": minimum,
                "maximum": maximum,
                "targetInFlight": target_in_flight,
                "scaleInAfterSeconds": scale_in_after,
            }
        )
        if (instances is None) == (not by_load):
            raise InputError("scale() takes instances, or minimum and maximum.")
        if instances is None:
            return self._order("PUT", "/autoscaling", by_load, "Scaling", _NO_WAITING)
        if self.traffic()["autoscaling"]:
            self._order("PUT", "/autoscaling", {"enabled": False}, "Scaling", _NO_WAITING)
        details = {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": instances}},
        }
        body = {"modelDeploymentConfigurationDetails": details}
        return self._order("PUT", "", body, "Scaling", _FULL_WAITING, _DEPLOYMENTS)

    def differences(self) -> pd.DataFrame:
        """Return what the last shadow answered otherwise: ``request_id, serving, shadow, time``, newest first."""
        import pandas as pd

        path = f"{_OWN}/{self._require_id()}/shadow"
        items = Service.find().get_json(path, params={"limit": 1000})["items"]
        rows = [(i["requestId"], i["serving"]["answer"], i["shadow"]["answer"], i["time"]) for i in items]
        return pd.DataFrame(rows, columns=["request_id", "serving", "shadow", "time"])

    def _order(self, method: str, suffix: str, body: Any, verb: str, waiting: Waiting, place: str = _OWN) -> Self:
        deployment_id = self._require_id()
        service = Service.find()
        response = service.request(method, f"{place}/{deployment_id}{suffix}", json=body)
        return follow(self, service, response, f"{verb} {self.display_name or deployment_id}", waiting)


_NO_WAITING = Waiting(False, 0, 0)
_FULL_WAITING = Waiting(True, DEFAULT_WAIT_TIME, DEFAULT_POLL_INTERVAL)


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
