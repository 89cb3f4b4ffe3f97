"""A deployment as the service knows it: its state, its logs, and the lists of them."""

from __future__ import annotations

import builtins
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ads.client import Service
from ads.client.checklist import is_notebook
from ads.errors import AdsError, InputError, MissingModelDeploymentIdError
from ads.model.builder import checked_id
from ads.model.deployment import deployment_wire
from ads.model.deployment.common.utils import State
from ads.model.deployment.deployment_description import DeploymentDescription
from ads.model.deployment.deployment_log import DeploymentLog

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

__all__ = ["LOG_INTERVAL", "LOG_RECORDS_LIMIT", "LiveDeployment", "ModelDeploymentLogType"]

LOG_INTERVAL = 3
LOG_RECORDS_LIMIT = 100
_DEPLOYMENTS = "/20190101/modelDeployments"
_OWN = "/openads/v1/deployments"
_USAGE_STEP = 120
_USAGE_SECONDS = 5.0
_STATES = ("ACTIVE", "CREATING", "DELETED", "DELETING", "FAILED", "INACTIVE", "UPDATING")


class ModelDeploymentLogType:
    """The two logs of a deployment."""

    PREDICT = "predict"
    ACCESS = "access"


class LiveDeployment(DeploymentDescription):
    """The half of ``ModelDeployment`` that only looks."""

    _looked_at: float | None = None
    """When the service was last asked, as a Unix time."""
    _shares: Sequence[Mapping[str, Any]] = ()
    """Who got the requests when :meth:`traffic` last asked."""
    _usage: Mapping[str, Any] | None = None
    """What :meth:`usage` last said."""

    @property
    def state(self) -> State:
        """The state, asked of the service; ``UNKNOWN`` before the deployment is created."""
        if self.id is None:
            return State.UNKNOWN
        if self.lifecycle_state != State.DELETED.name:
            self.sync()
        return State.from_name(self.lifecycle_state)

    @property
    def status(self) -> State:
        """The same as :attr:`state`."""
        return self.state

    def sync(self) -> Self:
        """Read the deployment from the service into this object and return it."""
        deployment_id = self._require_id()
        asked = self._looked_at or 0.0
        self._read(Service.find().get_json(f"{_DEPLOYMENTS}/{deployment_id}"))
        if self.lifecycle_state == State.ACTIVE.name and time.time() - asked > _USAGE_SECONDS and is_notebook():
            with suppress(AdsError):  # only for the small chart on the card
                self.usage()
        return self

    def usage(self) -> dict[str, Any]:
        """Return what was answered in the last hour: ``items`` of two minutes each, and their ``total``.

        Each has ``requests``, ``errors``, ``refused``, ``rows``, ``inFlight`` and ``p50``, ``p95``, ``p99`` in seconds.
        """
        found: dict[str, Any] = dict(
            Service.find().get_json(f"{_OWN}/{self._require_id()}/metrics", {"step": _USAGE_STEP})
        )
        self._usage = found
        return found

    @classmethod
    def from_id(cls, id: str) -> Self:  # noqa: A002 - the public name
        """Return the deployment with this OCID. Raises :class:`~ads.errors.NotFound`."""
        return cls(spec={cls.CONST_ID: checked_id(id)}).sync()

    @classmethod
    def list(
        cls,
        status: str | None = None,
        compartment_id: str | None = None,
        project_id: str | None = None,
        **kwargs: Any,
    ) -> builtins.list[Self]:
        """Return the deployments of a compartment, newest first; ``status`` is one of the service's states."""
        if status is not None and str(status).upper() not in _STATES:
            raise InputError(f"{status!r} is no state of a deployment.", hint=f"States: {', '.join(_STATES)}.")
        service = Service.find()
        keys = {name: key for key, name in cls.attribute_map.items()}
        params = {keys.get(name, name): value for name, value in kwargs.items()}
        params |= {
            "compartmentId": compartment_id or service.compartment_id,
            "projectId": project_id,
            "lifecycleState": str(status).upper() if status else None,
        }
        return [cls()._read(item) for item in service.list(_DEPLOYMENTS, params)]  # noqa: SLF001 - our own class

    @classmethod
    def list_df(
        cls, status: str | None = None, compartment_id: str | None = None, project_id: str | None = None
    ) -> pd.DataFrame:
        """Return the deployments of a compartment as a table."""
        import pandas as pd

        rows = [(d.id, d.url, d.lifecycle_state) for d in cls.list(status, compartment_id, project_id)]
        return pd.DataFrame(rows, columns=["deployment_id", "deployment_url", "current_state"])

    def logs(self, log_type: str | None = None) -> DeploymentLog:
        """Return both logs, or one: ``access`` or ``predict``."""
        deployment_id = self._require_id()
        return DeploymentLog(Service.find(), deployment_id, log_type)

    @property
    def access_log(self) -> DeploymentLog:
        """The log of requests."""
        return self.logs(ModelDeploymentLogType.ACCESS)

    @property
    def predict_log(self) -> DeploymentLog:
        """The log of what score.py wrote."""
        return self.logs(ModelDeploymentLogType.PREDICT)

    def show_logs(
        self, time_start: Any = None, time_end: Any = None, limit: int = LOG_RECORDS_LIMIT, log_type: str | None = None
    ) -> pd.DataFrame:
        """Return the last lines of the logs as a table with ``type, id, message, time``."""
        import pandas as pd

        lines = self.logs(log_type).search(limit, time_start, time_end)
        rows = [(line["type"], line.get("id", ""), line["message"], line["time"]) for line in lines]
        return pd.DataFrame(rows, columns=["type", "id", "message", "time"])

    def watch(
        self,
        log_type: str | None = None,
        time_start: Any = None,
        interval: float = LOG_INTERVAL,
        log_filter: str | None = None,
    ) -> Self:
        """Print each state until the deployment left creation, then its logs until it stops; Ctrl-C ends it too."""
        import time

        shown = ""
        try:
            while True:
                state = self.state
                if state.name != shown:
                    details = f", {self.lifecycle_details}" if self.lifecycle_details else ""
                    sys.stdout.write(f"Model Deployment {state.name}{details}\n")
                    shown = state.name
                if state not in {State.CREATING, State.UPDATING}:
                    break
                time.sleep(min(interval, 0.5))
            over = {State.FAILED, State.DELETED, State.INACTIVE}
            self.logs(log_type).stream(None, interval, lambda: self.state in over, time_start, log_filter)
        except KeyboardInterrupt:
            sys.stderr.write("\nStopped watching; the deployment goes on.\n")
        return self.sync()

    def _require_id(self) -> str:
        if not self.id:
            raise MissingModelDeploymentIdError("There is no deployment yet.", hint="Call deploy() first.")
        return self.id

    def _read(self, content: Mapping[str, Any]) -> Self:
        """Take over what the service wrote, and return the object."""
        for key in self.attribute_map:
            if key not in {self.CONST_INFRASTRUCTURE, self.CONST_RUNTIME}:
                self.set_spec(key, content.get(key))
        self._looked_at = time.time()
        infrastructure, runtime = deployment_wire.parts_from_wire(content)
        return self.with_infrastructure(infrastructure).with_runtime(runtime)
