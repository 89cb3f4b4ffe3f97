"""``/openads/v1/deployments/{deployment_id}``: traffic, limits, rollouts, revisions, following an alias, autoscaling.

Changes answer with the deployment as GET shows it; ``opc-work-request-id`` names what is under way.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from ads.api.answers import answer, timestamp
from ads.api.context import Context, caller_of, context_of, wake_engine
from ads.api.fields import Body, OcidText, if_match_of
from ads.api.room import machine_of, require_room
from ads.api.slices import slice_of
from ads.deploy import rollout_orders
from ads.deploy.course import progress_of
from ads.deploy.rollout import RolloutPlan, parse_plan, weight
from ads.deploy.scaling import replicas_of
from ads.deploy.spec import parse_spec
from ads.errors import InputError
from ads.registry.deployments import Deployment, get_deployment
from ads.registry.events import Caller
from ads.registry.grants import visible_compartments
from ads.registry.names import resolve
from ads.registry.rollouts import (
    Revision,
    Rollout,
    ShadowPair,
    active_rollout,
    pairs_of,
    revision_of,
    revisions_of,
    rollouts_of,
)

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/deployments/{deployment_id}", tags=["deployments"])

_PLAN = ("strategy", "steps", "bakeSeconds", "gates", "spare", "sample", "promote")


class PlanBody(Body, extra="forbid"):
    """How a rollout is to go; :func:`ads.deploy.rollout.parse_plan` reads it."""

    strategy: str | None = None
    steps: list[int] | None = None
    bake_seconds: float | None = None
    gates: dict[str, Any] | None = None
    spare: int | None = None
    sample: int | None = None
    promote: bool | None = None

    def plan(self) -> dict[str, Any]:
        """Return what the caller sent of the plan."""
        sent = self.model_dump(by_alias=True, exclude_none=True)
        return {name: sent[name] for name in _PLAN if name in sent}


class StartRollout(PlanBody, extra="forbid"):
    """Which model is rolled out, and how."""

    reference: str | None = None
    model_id: OcidText | None = None


class Follow(PlanBody, extra="forbid"):
    """Which alias is followed (null: none any more), and how its moves are rolled out."""

    reference: str | None


class RollBackBody(Body, extra="forbid"):
    """Where to go back to; by default to what served before."""

    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Traffic(Body, extra="forbid"):
    """Shares of the requests, rules for headers, and the header that keeps a caller with its revision."""

    traffic: list[dict[str, Any]]
    rules: list[dict[str, Any]] | None = None
    sticky: str | None = None


class Limits(Body, extra="forbid"):
    """How much the deployment answers: predictions a second, null for what the setting ``rate_limit`` says."""

    rate_limit: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None


@router.get("")
def get(deployment_id: str, request: Request) -> Response:
    """Show who gets the deployment's requests, its rollout, and what it follows."""
    context = context_of(request)
    with context.database.read() as session:
        deployment = get_deployment(session, deployment_id)
        return answer(_deployment_json(session, context, deployment), etag=deployment.etag)


@router.get("/revisions")
def revisions(deployment_id: str, request: Request) -> Response:
    """List what the deployment served, or tried to, newest first."""
    with context_of(request).database.read() as session:
        get_deployment(session, deployment_id)
        rows, next_page = slice_of(request, revisions_of(session, deployment_id))
        return answer({"items": [_revision_json(row) for row in rows]}, next_page=next_page)


@router.get("/rollouts")
def rollouts(deployment_id: str, request: Request) -> Response:
    """List the deployment's rollouts, newest first."""
    with context_of(request).database.read() as session:
        get_deployment(session, deployment_id)
        rows, next_page = slice_of(request, rollouts_of(session, deployment_id))
        return answer({"items": [_rollout_json(row) for row in rows]}, next_page=next_page)


@router.get("/shadow")
def shadow(deployment_id: str, request: Request) -> Response:
    """List requests that the newest shadow answered otherwise than the serving revision, newest first."""
    with context_of(request).database.read() as session:
        get_deployment(session, deployment_id)
        row = next((each for each in rollouts_of(session, deployment_id) if each.plan["strategy"] == "shadow"), None)
        row = row or next((each for each in rollouts_of(session, deployment_id) if each.compared), None)
        found = pairs_of(session, row) if row is not None else []
        rows, next_page = slice_of(request, found)
        return answer({"items": [_pair_json(pair) for pair in rows]}, next_page=next_page)


@router.post("/rollouts")
def start(deployment_id: str, body: StartRollout, request: Request) -> Response:
    """Roll a model out: rolling, as a canary or as a shadow."""
    if (body.reference is None) == (body.model_id is None):
        raise InputError("A rollout needs a model.", hint="Send reference or modelId, and only one of them.")
    named, machine = body.reference or body.model_id or "", machine_of(request)

    def order(session: Session, caller: Caller, if_match: str | None) -> Deployment:
        model = resolve(session, named, visible_compartments(session, caller, "read")).model
        deployment = rollout_orders.start_rollout(
            session, caller, deployment_id, model.id, body.plan(), body.reference, if_match
        )
        require_room(session, deployment, machine)
        return deployment

    return _ordered(request, order)


@router.post("/rollouts/{verb}")
def act(deployment_id: str, verb: Literal["promote", "pause", "resume", "abort"], request: Request) -> Response:
    """Promote, pause, resume or abort the rollout that is under way."""
    orders = {
        "promote": rollout_orders.promote_rollout,
        "pause": rollout_orders.pause_rollout,
        "resume": rollout_orders.resume_rollout,
        "abort": rollout_orders.abort_rollout,
    }
    return _ordered(request, lambda session, caller, if_match: orders[verb](session, caller, deployment_id, if_match))


@router.post("/rollback")
def roll_back(deployment_id: str, request: Request, body: RollBackBody | None = None) -> Response:
    """Return to what served before; abort a rollout that is under way."""
    revision = body.revision if body is not None else None
    return _ordered(
        request,
        lambda session, caller, if_match: rollout_orders.roll_back(session, caller, deployment_id, revision, if_match),
    )


@router.put("/traffic")
def traffic(deployment_id: str, body: Traffic, request: Request) -> Response:
    """Give two revisions their shares of the requests."""
    content = body.model_dump(exclude_none=True)
    return _ordered(
        request,
        lambda session, caller, if_match: rollout_orders.set_traffic(session, caller, deployment_id, content, if_match),
    )


@router.put("/follow")
def follow(deployment_id: str, body: Follow, request: Request) -> Response:
    """Serve what an alias points at, from now on."""

    def order(session: Session, caller: Caller, if_match: str | None) -> Deployment:
        visible = visible_compartments(session, caller, "read")
        return rollout_orders.follow_alias(
            session, caller, deployment_id, body.reference, body.plan(), visible, if_match
        )

    return _ordered(request, order)


@router.put("/autoscaling")
def autoscaling(deployment_id: str, body: dict[str, Any], request: Request) -> Response:
    """Have as many instances as the load asks for."""
    return _ordered(
        request,
        lambda session, caller, if_match: rollout_orders.set_autoscaling(
            session, caller, deployment_id, body, if_match
        ),
    )


@router.put("/limits")
def limits(deployment_id: str, body: Limits, request: Request) -> Response:
    """Set how many predictions a second the deployment answers; beyond that callers get 429."""
    return _ordered(
        request,
        lambda session, caller, if_match: rollout_orders.set_rate_limit(
            session, caller, deployment_id, body.rate_limit, if_match
        ),
    )


def _ordered(request: Request, order: Callable[[Session, Caller, str | None], Deployment]) -> Response:
    context = context_of(request)
    with context.database.write() as session:
        deployment = order(session, caller_of(request), if_match_of(request))
        session.flush()
        content = _deployment_json(session, context, deployment)
        headers = {"opc-work-request-id": deployment.work_request_id or ""}
        etag = deployment.etag
    wake_engine(request)
    return answer(content, etag=etag, headers=headers)


# -- as JSON


def _deployment_json(session: Session, context: Context, deployment: Deployment) -> dict[str, Any]:
    rollout = active_rollout(session, deployment.id)
    spec = parse_spec(deployment.configuration)
    rules = deployment.rules or {}
    strategy = parse_plan(rollout.plan).strategy if rollout is not None else None
    return {
        "id": deployment.id,
        "displayName": deployment.display_name,
        "lifecycleState": deployment.lifecycle_state,
        "lifecycleDetails": deployment.lifecycle_details,
        "revision": deployment.serving_revision or None,
        "replicas": replicas_of(deployment, spec) if deployment.target == "ACTIVE" else 0,
        "traffic": _traffic_json(session, context, deployment, rollout),
        "rules": rules.get("headers") or [],
        "sticky": rules.get("sticky") or None,
        "rateLimit": rules.get("rateLimit"),
        "rollout": None if rollout is None else _rollout_json(rollout),
        "shadow": rollout.revision if rollout is not None and strategy == "shadow" else None,
        "follows": deployment.follows,
        "strategy": deployment.strategy or RolloutPlan().to_dict(),
        "autoscaling": deployment.autoscaling,
    }


def _traffic_json(
    session: Session, context: Context, deployment: Deployment, rollout: Rollout | None
) -> list[dict[str, Any]]:
    """Return each revision that has replicas or gets requests, with its share in percent."""
    counts, weights = _published(context, deployment.id)
    shares: dict[int, int] = {}
    if deployment.serving_revision:
        shares[deployment.serving_revision] = 100
    if rollout is not None:
        progress = progress_of(rollout)
        share = weights.get(rollout.revision, 0) if progress.plan.strategy == "rolling" else weight(progress)
        shares[rollout.revision] = share
        shares[rollout.from_revision] = 100 - share
    found = []
    for revision, share in sorted(shares.items()):
        row = revision_of(session, deployment.id, revision)
        found.append(
            {
                "revision": revision,
                "modelId": row.model_id if row is not None else deployment.model_id,
                "reference": row.reference if row is not None else None,
                "weight": share,
                "replicas": counts[revision],
            }
        )
    return found


def _published(context: Context, deployment_id: str) -> tuple[Counter[int], dict[int, int]]:
    """Return the replicas and the shares that gateways were told of, by revision."""
    try:
        table = json.loads(context.home.routes_file.read_bytes())["deployments"]
    except (OSError, ValueError, KeyError):
        table = []
    replicas: list[dict[str, Any]] = next((entry["replicas"] for entry in table if entry["id"] == deployment_id), [])
    counts = Counter(int(replica.get("revision") or 0) for replica in replicas)
    return counts, {int(replica.get("revision") or 0): int(replica.get("weight", 100)) for replica in replicas}


def _rollout_json(row: Rollout) -> dict[str, Any]:
    return {
        "revision": row.revision,
        "fromRevision": row.from_revision,
        **row.plan,
        "state": row.state,
        "step": row.step,
        "paused": row.paused,
        "reason": row.reason,
        "compared": row.compared,
        "disagreed": row.disagreed,
        "createdBy": row.created_by,
        "timeCreated": timestamp(row.time_created),
        "timeStep": timestamp(row.time_step),
        "timeEnded": timestamp(row.time_ended),
    }


def _revision_json(row: Revision) -> dict[str, Any]:
    return {
        "revision": row.revision,
        "modelId": row.model_id,
        "reference": row.reference,
        "origin": row.origin,
        "configuration": row.configuration,
        "createdBy": row.created_by,
        "timeCreated": timestamp(row.time_created),
        "timeServed": timestamp(row.time_served),
    }


def _pair_json(pair: ShadowPair) -> dict[str, Any]:
    return {
        "requestId": pair.request_id,
        "time": timestamp(pair.time),
        "serving": {"status": pair.serving_status, "answer": pair.serving_answer},
        "shadow": {"status": pair.shadow_status, "answer": pair.shadow_answer},
    }
