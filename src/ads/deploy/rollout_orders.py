"""What callers may ask of a rollout, of traffic and its limits, of following an alias and of autoscaling.

Every function runs inside a write session and records an event; the controller then makes it true.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.deploy.autoscale import parse_autoscaling
from ads.deploy.orders import begin, found_deployment, give_up_rollout, reconfigure, require_deployable
from ads.deploy.rollout import RolloutPlan, parse_plan
from ads.deploy.spec import merge_configuration, parse_spec
from ads.errors import Conflict, InputError, NotFound
from ads.registry.catalog_tables import VersionAlias
from ads.registry.deployments import Deployment
from ads.registry.events import SERVICE, Caller, record
from ads.registry.lookups import changed
from ads.registry.names import resolve
from ads.registry.rollouts import Revision, Rollout, active_rollout, previous_revision, revision_of
from ads.registry.tables import now
from ads.registry.work_requests import finish_work_request

__all__ = [
    "abort_rollout",
    "follow_alias",
    "follow_moved_alias",
    "moved_alias",
    "pause_rollout",
    "promote_rollout",
    "resume_rollout",
    "roll_back",
    "set_autoscaling",
    "set_rate_limit",
    "set_traffic",
    "start_rollout",
    "stay_behind_alias",
]

_ALL = 100
_LONGEST_HEADER = 256
_MOST_RULES = 16
_HIGHEST_RATE = 1_000_000


def start_rollout(
    session: Session,
    caller: Caller,
    deployment_id: str,
    model_id: str,
    plan: Mapping[str, Any],
    reference: str | None = None,
    if_match: str | None = None,
) -> Deployment:
    """Return the deployment, UPDATING: the model is rolled out as ``plan`` says; what that leaves out is rolling.

    Raises InputError for the plan, NotFound and Conflict for deployment, state and model.
    """
    wanted = parse_plan(plan)
    deployment = found_deployment(session, deployment_id, if_match)
    return _roll_out(session, caller, deployment, model_id, wanted, reference)


def promote_rollout(session: Session, caller: Caller, deployment_id: str, if_match: str | None = None) -> Deployment:
    """Return the deployment; the candidate takes over as soon as all its replicas are ready. Raises Conflict."""
    deployment, rollout = _under_way(session, deployment_id, if_match)
    rollout.plan = {**rollout.plan, "strategy": "rolling", "steps": [], "spare": None}
    rollout.state, rollout.step, rollout.paused, rollout.time_step = "STARTING", 0, False, now()
    rollout.reason = f"Promoted by {caller.principal}."
    return _noted(session, caller, deployment, "promote", rollout)


def pause_rollout(session: Session, caller: Caller, deployment_id: str, if_match: str | None = None) -> Deployment:
    """Return the deployment; the rollout stays at its step, and is rolled back if a gate breaks. Raises Conflict."""
    deployment, rollout = _under_way(session, deployment_id, if_match)
    rollout.paused = True
    return _noted(session, caller, deployment, "pause", rollout)


def resume_rollout(session: Session, caller: Caller, deployment_id: str, if_match: str | None = None) -> Deployment:
    """Return the deployment; the rollout goes on. Raises Conflict."""
    deployment, rollout = _under_way(session, deployment_id, if_match)
    rollout.paused = False
    return _noted(session, caller, deployment, "resume", rollout)


def abort_rollout(session: Session, caller: Caller, deployment_id: str, if_match: str | None = None) -> Deployment:
    """Return the deployment, ACTIVE with what served before. Raises Conflict without a rollout."""
    deployment, rollout = _under_way(session, deployment_id, if_match)
    give_up_rollout(session, deployment, f"Aborted by {caller.principal}.")
    if deployment.work_request_id is not None:
        finish_work_request(session, deployment.work_request_id, "CANCELED", "The rollout was aborted.")
    deployment.lifecycle_state, deployment.lifecycle_details = "ACTIVE", None
    return _noted(session, caller, deployment, "abort", rollout)


def roll_back(
    session: Session, caller: Caller, deployment_id: str, revision: int | None = None, if_match: str | None = None
) -> Deployment:
    """Return the deployment on its way back: to ``revision``, or to what served before the present one.

    A rollout that is under way is aborted instead. The number of instances stays what it is. Raises Conflict when
    nothing served before, NotFound for a revision that there never was.
    """
    deployment = found_deployment(session, deployment_id, if_match)
    if revision is None and active_rollout(session, deployment.id) is not None:
        return abort_rollout(session, caller, deployment_id)
    target = _target(session, deployment, revision)
    configuration = _with_present_size(deployment, target.configuration)
    require_deployable(session, parse_spec(configuration))
    begin(session, caller, deployment, "update", rollback=target.revision)
    origin = target.origin or target.revision
    plan = RolloutPlan()
    reference = target.reference
    reconfigure(session, caller, deployment, configuration, plan, reference=reference, origin=origin, always=True)
    return deployment


def set_traffic(
    session: Session, caller: Caller, deployment_id: str, body: Mapping[str, Any], if_match: str | None = None
) -> Deployment:
    """Return the deployment with these shares of the requests for two revisions, and these rules for headers.

    Without a rollout under way, another revision than the serving one is started for it. The rollout that holds the
    two stays paused. Raises InputError, Conflict, NotFound.
    """
    deployment = found_deployment(session, deployment_id, if_match)
    if not deployment.serving_revision:
        raise Conflict(f"The deployment {deployment.display_name!r} serves nothing.", hint="Activate it first.")
    weights = _weights(body.get("traffic"), deployment)
    rules = _rules(body.get("rules"), weights)
    other = next((revision for revision in weights if revision != deployment.serving_revision), None)
    rollout = active_rollout(session, deployment.id)
    if rollout is None and other is not None:
        target = _target(session, deployment, other)
        plan = RolloutPlan("canary", (weights[other],))
        begin(session, caller, deployment, "update", traffic=weights[other])
        configuration = _with_present_size(deployment, target.configuration)
        origin = target.origin or target.revision
        reference = target.reference
        reconfigure(session, caller, deployment, configuration, plan, reference=reference, origin=origin, always=True)
        rollout = active_rollout(session, deployment.id)
        rules = [{**rule, "revision": _renamed(rule["revision"], other, deployment.revision)} for rule in rules]
    elif rollout is not None and other is not None:
        if other != rollout.revision:
            raise Conflict(f"The rollout that is under way is one of revision {rollout.revision}, not {other}.")
        plan = replace(parse_plan(rollout.plan), strategy="canary", steps=(weights[other],))
        rollout.plan, rollout.state, rollout.step, rollout.time_step = plan.to_dict(), "STARTING", 0, now()
    if rollout is not None:
        rollout.paused = True
    deployment.rules = {**(deployment.rules or {}), "headers": rules, "sticky": _sticky(body.get("sticky"))}
    shares = {str(revision): weight for revision, weight in weights.items()}
    record(session, caller, "deployment.traffic", deployment.id, deployment.compartment_id, traffic=shares)
    return changed(deployment)


def follow_alias(
    session: Session,
    caller: Caller,
    deployment_id: str,
    reference: str | None,
    strategy: Mapping[str, Any],
    compartments: Collection[str],
    if_match: str | None = None,
) -> Deployment:
    """Return the deployment, which serves from now on what the alias points at; None ends that.

    ``strategy`` is how each move is rolled out. Raises InputError for a reference without alias, NotFound, Conflict.
    """
    deployment = found_deployment(session, deployment_id, if_match)
    plan = parse_plan(strategy)
    if reference is None:
        deployment.follows = deployment.followed_set_id = deployment.followed_model_id = None
        record(session, caller, "deployment.unfollow", deployment.id, deployment.compartment_id)
        return changed(deployment)
    named = resolve(session, reference, compartments)
    if named.alias is None or named.model.membership is None:
        raise InputError(f"{reference!r} names no alias.", hint="Follow an alias, for example churn@champion.")
    deployment.follows = reference
    deployment.followed_set_id = named.model.membership.version_set_id
    deployment.followed_model_id = named.model.id
    deployment.strategy = plan.to_dict()
    record(session, caller, "deployment.follow", deployment.id, deployment.compartment_id, reference=reference)
    if named.model.id != deployment.model_id:
        return _roll_out(session, caller, deployment, named.model.id, plan, reference)
    return changed(deployment)


def moved_alias(session: Session, deployment: Deployment) -> str | None:
    """Return the model that the followed alias was moved to and that is not dealt with yet."""
    if deployment.follows is None or deployment.lifecycle_state not in ("ACTIVE", "NEEDS_ATTENTION"):
        return None
    alias = deployment.follows.rpartition("@")[2]
    statement = select(VersionAlias.model_id).where(
        VersionAlias.version_set_id == deployment.followed_set_id, VersionAlias.name == alias
    )
    model_id = session.scalar(statement)
    if model_id is None or model_id == deployment.followed_model_id:
        return None
    return None if active_rollout(session, deployment.id) is not None else model_id


def follow_moved_alias(session: Session, deployment_id: str, model_id: str) -> None:
    """Roll out what the alias was moved to. Raises what :func:`start_rollout` raises."""
    deployment = found_deployment(session, deployment_id, None)
    deployment.followed_model_id = model_id
    if model_id != deployment.model_id:
        plan = parse_plan(deployment.strategy or {})
        _roll_out(session, SERVICE, deployment, model_id, plan, deployment.follows)


def stay_behind_alias(session: Session, deployment_id: str, model_id: str, why: str) -> None:
    """Note that what the alias was moved to can't be deployed, and why."""
    deployment = found_deployment(session, deployment_id, None)
    deployment.followed_model_id = model_id
    deployment.lifecycle_details = f"{deployment.follows} was moved, but can't be followed: {why}"
    record(session, SERVICE, "deployment.follow-failed", deployment.id, deployment.compartment_id, cause=why)
    changed(deployment)


def set_autoscaling(
    session: Session, caller: Caller, deployment_id: str, body: Mapping[str, Any], if_match: str | None = None
) -> Deployment:
    """Return the deployment, which has as many instances as the load asks for; ``{"enabled": false}`` ends that.

    Raises InputError, NotFound.
    """
    deployment = found_deployment(session, deployment_id, if_match)
    content = dict(body)
    enabled = content.pop("enabled", True)
    if not isinstance(enabled, bool):
        raise InputError("enabled must be true or false.")
    policy = parse_autoscaling(content)
    spec = parse_spec(deployment.configuration)
    if enabled:
        present = spec.instances if deployment.scale is None else deployment.scale
        deployment.autoscaling = content
        deployment.scale = min(max(present, policy.minimum), policy.maximum)
    else:
        deployment.autoscaling = deployment.scale = None
    deployment.time_scaled = now()
    policy_now = content if enabled else None
    record(session, caller, "deployment.autoscaling", deployment.id, deployment.compartment_id, autoscaling=policy_now)
    return changed(deployment)


def set_rate_limit(
    session: Session, caller: Caller, deployment_id: str, rate: float | None, if_match: str | None = None
) -> Deployment:
    """Return the deployment, which answers ``rate`` predictions a second at most; None: what ``rate_limit`` says.

    Raises InputError, NotFound.
    """
    deployment = found_deployment(session, deployment_id, if_match)
    if rate is not None and not 0 < rate <= _HIGHEST_RATE:
        raise InputError(
            f"rateLimit must be above 0 and at most {_HIGHEST_RATE:,}, not {rate:g}.",
            hint="Predictions a second; null leaves it to the service's setting rate_limit.",
        )
    deployment.rules = {**(deployment.rules or {}), "rateLimit": rate}
    record(session, caller, "deployment.limits", deployment.id, deployment.compartment_id, rateLimit=rate)
    return changed(deployment)


# -- parts


def _roll_out(
    session: Session, caller: Caller, deployment: Deployment, model_id: str, plan: RolloutPlan, reference: str | None
) -> Deployment:
    change = {"modelConfigurationDetails": {"modelId": model_id}}
    configuration = merge_configuration(deployment.configuration, change)
    require_deployable(session, parse_spec(configuration))
    if deployment.target != "ACTIVE" and plan.strategy != "rolling":
        raise Conflict(f"The deployment {deployment.display_name!r} serves nothing.", hint="Activate it first.")
    begin(session, caller, deployment, "update", strategy=plan.strategy, model=model_id)
    reconfigure(session, caller, deployment, configuration, plan, reference=reference, always=True)
    return deployment


def _under_way(session: Session, deployment_id: str, if_match: str | None) -> tuple[Deployment, Rollout]:
    deployment = found_deployment(session, deployment_id, if_match)
    rollout = active_rollout(session, deployment.id)
    if rollout is None:
        raise Conflict(f"No rollout of the deployment {deployment.display_name!r} is under way.")
    return deployment, rollout


def _noted(session: Session, caller: Caller, deployment: Deployment, verb: str, rollout: Rollout) -> Deployment:
    record(session, caller, f"rollout.{verb}", deployment.id, deployment.compartment_id, revision=rollout.revision)
    return changed(deployment)


def _target(session: Session, deployment: Deployment, revision: int | None) -> Revision:
    if revision is None:
        found = previous_revision(session, deployment)
        if found is None:
            raise Conflict(f"The deployment {deployment.display_name!r} served nothing before.")
        return found
    found = revision_of(session, deployment.id, revision)
    if found is None:
        raise NotFound(
            f"The deployment {deployment.display_name!r} has no revision {revision}.",
            service_code="RelatedResourceNotAuthorizedOrNotFound",
            hint="See which it has: ads deployments revisions",
        )
    if found.time_served is None:
        raise Conflict(f"Revision {revision} never served.", hint="Roll its model out instead.")
    return found


def _with_present_size(deployment: Deployment, configuration: Mapping[str, Any]) -> dict[str, Any]:
    key = "modelConfigurationDetails"
    policy = deployment.configuration[key].get("scalingPolicy")
    return {**configuration, key: {**configuration[key], "scalingPolicy": policy}}


def _weights(value: Any, deployment: Deployment) -> dict[int, int]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= 2:
        raise InputError("traffic must be a list of one or two revisions with their weights.")
    weights: dict[int, int] = {}
    for entry in value:
        revision = entry.get("revision") if isinstance(entry, Mapping) else None
        weight = entry.get("weight") if isinstance(entry, Mapping) else None
        for name, number, most in (("revision", revision, 2**31), ("weight", weight, _ALL)):
            if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
                raise InputError(f"traffic[].{name} must be a whole number from 0 to {most}.")
        weights[revision] = weight  # type: ignore[index, assignment]  # checked above
    if sum(weights.values()) != _ALL:
        raise InputError(f"The weights are {sum(weights.values())} in all.", hint="They must be 100 together.")
    if deployment.serving_revision not in weights:
        raise InputError(f"traffic must name revision {deployment.serving_revision}, which serves now.")
    return weights


def _rules(value: Any, weights: Mapping[int, int]) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > _MOST_RULES:
        raise InputError(f"rules must be a list of at most {_MOST_RULES} rules.")
    found = []
    for rule in value:
        if not isinstance(rule, Mapping) or set(rule) != {"header", "value", "revision"}:
            raise InputError("A rule has header, value and revision, and nothing else.")
        for name in ("header", "value"):
            if not isinstance(rule[name], str) or not 0 < len(rule[name]) <= _LONGEST_HEADER:
                raise InputError(f"rules[].{name} must be a text of 1 to {_LONGEST_HEADER} characters.")
        if rule["revision"] not in weights:
            raise InputError(f"A rule names revision {rule['revision']!r}, which is not in traffic.")
        found.append(dict(rule))
    return found


def _sticky(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_HEADER:
        raise InputError("sticky must be the name of a header.")
    return value


def _renamed(revision: int, before: int, after: int) -> int:
    return after if revision == before else revision
