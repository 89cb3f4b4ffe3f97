"""What callers may ask of a deployment. Each order is one change of the catalog; the controller then makes it true.

Every function runs inside a write session, records an event, and leaves a work request in the deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from ads.deploy.differences import differences
from ads.deploy.rollout import RolloutPlan
from ads.deploy.spec import DeploymentSpec, merge_configuration, needs_new_replicas, parse_spec, with_defaults
from ads.deploy.states import TRANSITIONS, Verb, require_transition
from ads.errors import Conflict
from ads.registry.deployments import Deployment, artifact_of, get_deployment, insert_deployment
from ads.registry.events import Caller, apply_changes, record
from ads.registry.lookups import (
    changed,
    default_name,
    not_found,
    require_compartment,
    require_match,
    require_project,
)
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.rollouts import active_rollout, begin_rollout, end_rollout, note_revision, revision_of
from ads.registry.tables import now
from ads.registry.work_requests import accept_work_request, finish_work_request

__all__ = [
    "NewDeployment",
    "activate_deployment",
    "begin",
    "create_deployment",
    "deactivate_deployment",
    "delete_deployment",
    "found_deployment",
    "give_up_rollout",
    "move_deployment",
    "reconfigure",
    "require_deployable",
    "restart_deployment",
    "update_deployment",
]

_PLAIN = frozenset({"display_name", "description", "freeform_tags", "defined_tags", "category_log_details"})


@dataclass(frozen=True)
class NewDeployment:
    """What a caller says about a new deployment."""

    compartment_id: str
    project_id: str
    configuration: dict[str, Any]
    display_name: str | None = None
    description: str | None = None
    category_log_details: dict[str, Any] = field(default_factory=dict)
    freeform_tags: dict[str, Any] = field(default_factory=dict)
    defined_tags: dict[str, Any] = field(default_factory=dict)


def create_deployment(
    session: Session, caller: Caller, details: NewDeployment, attempt: Attempt | None = None
) -> Deployment:
    """Return the new deployment, CREATING, or the one that an earlier attempt made.

    Raises InputError for the configuration, NotFound for what it names, Conflict for a model that is
    not active or has no artifact.
    """
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return get_deployment(session, earlier)
    spec = parse_spec(details.configuration)
    require_compartment(session, details.compartment_id)
    require_project(session, details.project_id)
    require_deployable(session, spec)
    values = {
        **vars(details),
        "configuration": with_defaults(details.configuration),
        "display_name": details.display_name or default_name("deployment", now()),
        "model_id": spec.model_id,
        "created_by": caller.principal,
    }
    deployment = insert_deployment(session, values)
    note_revision(session, deployment, caller.principal)
    begin(session, caller, deployment, "create")
    remember_outcome(session, caller, attempt, deployment.id)
    return deployment


def update_deployment(
    session: Session, caller: Caller, deployment_id: str, changes: Mapping[str, Any], if_match: str | None = None
) -> Deployment:
    """Return the deployment, UPDATING. ``changes`` holds columns; ``configuration`` is merged level by level.

    Raises as :func:`create_deployment`, and Conflict for a state that doesn't allow it, PreconditionFailed.
    """
    found = found_deployment(session, deployment_id, if_match)
    merged = merge_configuration(found.configuration, changes.get("configuration") or {})
    old, new = differences(vars(found), changes, _PLAIN, merged)
    deployment = begin(session, caller, found, "update", old=old, new=new)
    if changes.get("configuration"):
        reconfigure(session, caller, deployment, merged, RolloutPlan())
    for name in _PLAIN & changes.keys():
        setattr(deployment, name, changes[name])
    return deployment


def restart_deployment(session: Session, caller: Caller, deployment_id: str, if_match: str | None = None) -> Deployment:
    """Return the deployment, UPDATING: new replicas take over before the present ones stop. Raises Conflict."""
    deployment = begin(session, caller, found_deployment(session, deployment_id, if_match), "restart")
    _repeat_revision(session, caller, deployment)
    return deployment


def activate_deployment(
    session: Session, caller: Caller, deployment_id: str, if_match: str | None = None
) -> Deployment:
    """Return the deployment, UPDATING on its way to ACTIVE. Raises Conflict unless it is INACTIVE."""
    deployment = begin(session, caller, found_deployment(session, deployment_id, if_match), "activate")
    require_deployable(session, parse_spec(deployment.configuration))
    _repeat_revision(session, caller, deployment)
    return deployment


def deactivate_deployment(
    session: Session, caller: Caller, deployment_id: str, if_match: str | None = None
) -> Deployment:
    """Return the deployment, UPDATING on its way to INACTIVE; a rollout is given up. Raises Conflict unless ACTIVE."""
    deployment = found_deployment(session, deployment_id, if_match)
    deployment = begin(session, caller, deployment, "deactivate")
    give_up_rollout(session, deployment, "The deployment was deactivated.")
    return deployment


def delete_deployment(session: Session, caller: Caller, deployment_id: str, if_match: str | None = None) -> Deployment:
    """Return the deployment, DELETING. What was under way for it is given up. Raises Conflict, NotFound."""
    deployment = found_deployment(session, deployment_id, if_match)
    deployment = begin(session, caller, deployment, "delete")
    give_up_rollout(session, deployment, "The deployment was deleted.")
    return deployment


def move_deployment(
    session: Session, caller: Caller, deployment_id: str, compartment_id: str, if_match: str | None = None
) -> Deployment:
    """Return the deployment in another compartment. Raises NotFound, PreconditionFailed."""
    deployment = found_deployment(session, deployment_id, if_match)
    require_compartment(session, compartment_id)
    values = apply_changes(deployment, {"compartment_id": compartment_id}, ["compartment_id"])
    name = deployment.display_name
    record(session, caller, "deployment.move", deployment.id, compartment_id, resource_name=name, **values)
    return changed(deployment)


def found_deployment(session: Session, deployment_id: str, if_match: str | None) -> Deployment:
    """Return a deployment that isn't deleted. Raises NotFound, PreconditionFailed."""
    deployment = get_deployment(session, deployment_id)
    if deployment.lifecycle_state == "DELETED":
        raise not_found("deployment", deployment_id)
    require_match(deployment, if_match)
    return deployment


def begin(
    session: Session,
    caller: Caller,
    deployment: Deployment,
    verb: Verb,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    **details: Any,
) -> Deployment:
    """Move to the verb's passing state and accept its work request. ``old`` and ``new`` are for the event.

    Raises Conflict for a state that doesn't allow it, and for a change while a rollout is under way.
    """
    transition = TRANSITIONS[verb]
    if verb != "create":
        require_transition(verb, deployment.lifecycle_state, deployment.display_name)
    if verb in ("update", "restart") and active_rollout(session, deployment.id) is not None:
        raise Conflict(
            f"A rollout of the deployment {deployment.display_name!r} is under way, so it can't {verb} now.",
            hint="Promote or abort the rollout first: ads deployments promote, ads deployments abort.",
        )
    if deployment.work_request_id is not None:
        finish_work_request(session, deployment.work_request_id, "CANCELED", f"Given up: {verb} was asked for.")
    before, deployment.lifecycle_state = deployment.lifecycle_state, transition.meanwhile
    deployment.lifecycle_details = None
    deployment.target = transition.target or deployment.target
    request = accept_work_request(
        session,
        transition.operation,
        deployment.id,
        deployment.compartment_id,
        entity_type="model-deployment",
        action_type=transition.action,
        message=f"{verb} accepted",
    )
    deployment.work_request_id = request.id
    record(
        session,
        caller,
        f"deployment.{verb}",
        deployment.id,
        deployment.compartment_id,
        resource_name=deployment.display_name,
        old=None if verb == "create" else {"lifecycleState": before, **(old or {})},
        new={"lifecycleState": deployment.lifecycle_state, **(new or {})},
        **details,
    )
    return changed(deployment)


def reconfigure(
    session: Session,
    caller: Caller,
    deployment: Deployment,
    configuration: dict[str, Any],
    plan: RolloutPlan,
    *,
    reference: str | None = None,
    origin: int | None = None,
    always: bool = False,
) -> None:
    """Give the deployment this configuration; what running replicas can't follow (or ``always``) is a rollout.

    Raises InputError, NotFound and Conflict for what the configuration names.
    """
    before, after = parse_spec(deployment.configuration), parse_spec(configuration)
    if before.model_id != after.model_id:
        require_deployable(session, after)
    deployment.configuration = configuration
    deployment.model_id = after.model_id
    if after.policy is None:
        deployment.scale = deployment.scale if deployment.autoscaling else None
    if not (always or needs_new_replicas(before, after)):
        return
    deployment.new_revision()
    note_revision(session, deployment, caller.principal, reference=reference, origin=origin)
    if deployment.serving_revision and deployment.target == "ACTIVE":
        begin_rollout(session, deployment, plan.to_dict(), caller.principal)


def give_up_rollout(session: Session, deployment: Deployment, reason: str) -> None:
    """End the rollout that is under way, if there is one: the deployment wants what it serves again."""
    rollout = end_rollout(session, deployment, "ABORTED", reason)
    served = deployment.serving_configuration
    if rollout is None or served is None:
        return
    deployment.configuration = served
    deployment.model_id = parse_spec(served).model_id
    deployment.revision = deployment.serving_revision


def _repeat_revision(session: Session, caller: Caller, deployment: Deployment) -> None:
    """Ask for new replicas of the same."""
    before = revision_of(session, deployment.id, deployment.revision)
    origin = deployment.revision if before is None else before.origin or before.revision
    deployment.new_revision()
    note_revision(session, deployment, caller.principal, origin=origin)


def require_deployable(session: Session, spec: DeploymentSpec) -> None:
    """Return when the model can be deployed. Raises NotFound and Conflict."""
    model, source = artifact_of(session, spec.model_id)
    if model is None or model.lifecycle_state == "DELETED":
        raise not_found("model", spec.model_id, related=True)
    if model.lifecycle_state != "ACTIVE":
        raise Conflict(
            f"The model {model.display_name!r} is {model.lifecycle_state}, so it can't be deployed.",
            hint="Activate the model first.",
        )
    if source is None:
        raise Conflict(
            f"The model {model.display_name!r} has no artifact, so it can't be deployed.",
            hint="Upload its artifact first.",
        )
