"""From an order to its end: the work request is followed, and a failure says what went wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ads.errors import AdsError, DeploymentFailed

if TYPE_CHECKING:
    from ads.client import Service, WorkRequest
    from ads.model.deployment.live_deployment import LiveDeployment

__all__ = ["Waiting", "failure", "follow"]

_LOG_TAIL = 20
_LOG_HEADING = "The last lines of its log:"
_NOWHERE_ELSE = "Look at its logs with show_logs(), correct the model or its environment, and deploy again."

DeploymentT = TypeVar("DeploymentT", bound="LiveDeployment")


@dataclass(frozen=True)
class Waiting:
    """How long to wait for the end of an order, in seconds, and whether a bad one raises."""

    wait_for_completion: bool | None
    max_wait_time: float | None
    poll_interval: float | None
    raise_on_failure: bool = True


def follow(deployment: DeploymentT, service: Service, response: Any, label: str, waiting: Waiting) -> DeploymentT:
    """Return ``deployment`` once the order that ``response`` answered has ended, or at once without waiting.

    Raises :class:`~ads.errors.DeploymentFailed` and :class:`~ads.errors.ServiceTimeout`.
    """
    from ads.client import wait_for_work_request
    from ads.client.waiting import DEFAULT_POLL_INTERVAL, DEFAULT_WAIT_TIME

    work_request_id = response.headers.get("opc-work-request-id")
    if not waiting.wait_for_completion or not work_request_id:
        return deployment.sync()
    request = wait_for_work_request(
        service,
        work_request_id,
        label=label,
        max_wait_time=DEFAULT_WAIT_TIME if waiting.max_wait_time is None else waiting.max_wait_time,
        poll_interval=DEFAULT_POLL_INTERVAL if waiting.poll_interval is None else waiting.poll_interval,
        interrupted=f"The deployment {deployment.id} goes on in the service.",
    )
    deployment.sync()
    if request.failed and waiting.raise_on_failure:
        raise failure(deployment, service, label, request)
    return deployment


def failure(deployment: LiveDeployment, service: Service, label: str, request: WorkRequest) -> DeploymentFailed:
    """Return the error for an order that failed: cause, next step, and the last lines of the log."""
    reasons = [text for text in (deployment.lifecycle_details, *request.errors) if text]
    cause, _, rest = (reasons[0] if reasons else "The service gave no reason.").partition("\n")
    hint, _, log_tail = rest.partition(_LOG_HEADING)
    return DeploymentFailed(
        f"{label} failed: {cause}",
        cause=cause,
        hint=hint.strip() or _NOWHERE_ELSE,
        log_tail=log_tail.strip("\n") or _log_tail(service, str(deployment.id)),
    )


def _log_tail(service: Service, deployment_id: str) -> str:
    """Return the end of the predict log; empty when it can't be read, as the failure itself matters more."""
    from ads.model.deployment.deployment_log import DeploymentLog

    try:
        lines = DeploymentLog(service, deployment_id, "predict").search(_LOG_TAIL)
    except AdsError:
        return ""
    return "\n".join(str(line["message"]).rstrip() for line in lines)
