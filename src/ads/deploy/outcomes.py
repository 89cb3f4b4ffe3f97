"""How the catalog changes when a deployment reaches a new state: the only place where its outcome is written."""

from __future__ import annotations

from typing import cast

from sqlalchemy.orm import Session

from ads.deploy.spec import parse_spec
from ads.registry.deployments import Deployment
from ads.registry.events import SERVICE, record
from ads.registry.lookups import changed
from ads.registry.rollouts import end_rollout, note_served
from ads.registry.work_requests import finish_work_request

__all__ = ["fail", "promote", "settle"]


def promote(session: Session, deployment: Deployment) -> None:
    """Make the wanted revision the serving one."""
    deployment.serving_revision = deployment.revision
    deployment.serving_configuration = deployment.configuration
    note_served(session, deployment)
    rollout = end_rollout(session, deployment, "SUCCEEDED")
    if rollout is not None:
        deployment.lifecycle_details = None
        if deployment.lifecycle_state == "ACTIVE":  # as long as the last of the old replicas stop
            deployment.lifecycle_state = "UPDATING"
    record(
        session, SERVICE, "deployment.promote", deployment.id, deployment.compartment_id, revision=deployment.revision
    )
    changed(deployment)


def settle(session: Session, deployment: Deployment, state: str, details: str) -> None:
    """Let the deployment arrive in ``state``; what was asked for has succeeded."""
    before = deployment.lifecycle_state
    deployment.lifecycle_state = state
    if details or before in {"NEEDS_ATTENTION", "CREATING"}:
        deployment.lifecycle_details = details or None
    if state == "ACTIVE":
        deployment.serving_configuration = deployment.configuration
    elif state != "NEEDS_ATTENTION":
        deployment.serving_configuration, deployment.serving_revision = None, 0
    _finish(session, deployment, "SUCCEEDED", f"The deployment is {state}.")
    record(
        session,
        SERVICE,
        f"deployment.{state.lower()}",
        deployment.id,
        deployment.compartment_id,
        resource_name=deployment.display_name,
        old={"lifecycleState": before},
        new={"lifecycleState": state},
    )
    changed(deployment)


def fail(session: Session, deployment: Deployment, cause: str, tail: str) -> None:
    """Give up what was asked for. With an older revision serving, the deployment returns to that one."""
    text = f"{cause}\nThe last lines of its log:\n{tail}" if tail else cause
    _finish(session, deployment, "FAILED", cause.replace("\n", " "), code="DeploymentFailed")
    rollout = end_rollout(session, deployment, "ROLLED_BACK", cause)
    if rollout is not None:
        record(
            session,
            SERVICE,
            "deployment.rollback",
            deployment.id,
            deployment.compartment_id,
            cause=cause,
            revision=rollout.revision,
            to=rollout.from_revision,
        )
    if deployment.serving_revision:
        served = cast("dict[str, object]", deployment.serving_configuration)
        deployment.configuration = served
        deployment.model_id = parse_spec(served).model_id
        deployment.revision = deployment.serving_revision
        deployment.lifecycle_state = "ACTIVE"
        deployment.lifecycle_details = f"The update failed, what was served before is still served. {text}"
    else:
        deployment.lifecycle_state = "FAILED"
        deployment.lifecycle_details = text
    record(session, SERVICE, "deployment.failed", deployment.id, deployment.compartment_id, cause=cause)
    changed(deployment)


def _finish(session: Session, deployment: Deployment, status: str, message: str, code: str | None = None) -> None:
    if deployment.work_request_id is None:
        return
    if status == "SUCCEEDED":
        finish_work_request(session, deployment.work_request_id, "SUCCEEDED", message)
    else:
        finish_work_request(session, deployment.work_request_id, "FAILED", message, code=code)
