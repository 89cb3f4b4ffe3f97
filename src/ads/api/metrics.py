"""``/openads/v1/…/metrics``: what deployments answered in each minute of the last day, for charts."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from ads.api.answers import answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.slices import slice_of
from ads.deploy.minutes import KEPT_SECONDS, MINUTE, Minutes, Point, Usage, spread
from ads.errors import InputError
from ads.registry.deployments import Deployment, get_deployment
from ads.registry.grants import visible_compartments

__all__ = ["router", "usage_json"]

router = APIRouter(prefix="/openads/v1", tags=["deployments"])

_HOUR = 3600
_DAY = 24 * _HOUR
_MOST_POINTS = 1500
_STEP_OF_SUMMARY = 300
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True)
class _Window:
    """Unix times and a step in seconds, all of them whole minutes. ``until`` is not part of it."""

    since: int
    until: int
    step: int

    def json(self) -> dict[str, Any]:
        return {"since": _moment(self.since), "until": _moment(self.until), "step": self.step}


@router.get("/deployments/{deployment_id}/metrics")
def metrics(deployment_id: str, request: Request) -> Response:
    """Show a deployment's requests, errors, durations, rows and load, step by step, and in all."""
    context = context_of(request)
    window = _window(request, MINUTE)
    with context.database.read() as session:
        deployment = get_deployment(session, deployment_id)
    points = Minutes(context.home).series(deployment.id, window.since, window.until, window.step)
    items = [{"time": _moment(point.time), **usage_json(point.usage)} for point in points]
    return answer({**window.json(), "items": items, "total": usage_json(_sum(points))})


@router.get("/metrics/summary")
def summary(request: Request) -> Response:
    """Show in short what each deployment that the caller may read answered, by name, with points for a small chart."""
    context = context_of(request)
    window = _window(request, _STEP_OF_SUMMARY)
    compartment_id = request.query_params.get("compartmentId")
    with context.database.read() as session:
        visible = visible_compartments(session, caller_of(request), "read")
        statement = select(Deployment).where(
            Deployment.compartment_id.in_(visible & {compartment_id} if compartment_id else visible),
            Deployment.lifecycle_state != "DELETED",
        )
        deployments = list(session.scalars(statement.order_by(Deployment.display_name, Deployment.seq)))
    rows, next_page = slice_of(request, deployments)
    minutes = Minutes(context.home).read([row.id for row in rows], window.since, window.until)
    items = [
        _summary_json(row, spread(minutes[row.id], window.since, window.until, window.step), window) for row in rows
    ]
    return answer({**window.json(), "items": items}, next_page=next_page)


def usage_json(usage: Usage) -> dict[str, Any]:
    """Return what was answered in some time, as clients see it. Times are in seconds, null without requests."""
    return {
        "requests": usage.requests,
        "errors": usage.errors,
        "refused": usage.refused,
        "rows": usage.rows,
        "inFlight": round(usage.in_flight, 3),
        "p50": usage.percentile(0.5),
        "p95": usage.percentile(0.95),
        "p99": usage.percentile(0.99),
        "codes": {str(code): count for code, count in sorted(usage.codes.items())},
    }


def _summary_json(row: Deployment, points: Sequence[Point], window: _Window) -> dict[str, Any]:
    total = _sum(points)
    return {
        "deploymentId": row.id,
        "displayName": row.display_name,
        "compartmentId": row.compartment_id,
        "lifecycleState": row.lifecycle_state,
        **usage_json(total),
        "requestsPerSecond": total.requests / (window.until - window.since),
        "points": [point.usage.requests for point in points],
    }


def _sum(points: Sequence[Point]) -> Usage:
    total = Usage()
    for point in points:
        total.add(point.usage)
    total.in_flight /= max(1, len(points))
    return total


def _window(request: Request, step: int) -> _Window:
    """Return what is asked for; without a word the last hour, with the minute that is under way."""
    query = request.query_params
    now = int(time.time())
    if (text := query.get("step")) is not None:
        if not _SECONDS.fullmatch(text) or not int(text) or int(text) % MINUTE:
            raise InputError("step must be a number of seconds that makes whole minutes: 60, 120, …")
        step = int(text)
    end = _time_of("until", query["until"]) if "until" in query else now + 1
    begin = _time_of("since", query["since"]) if "since" in query else end - _HOUR
    if not 0 < end - begin <= KEPT_SECONDS:
        raise InputError("until must be after since, by at most 25 hours.", hint="Minutes are kept for a day.")
    if end > now + _DAY:
        raise InputError("until lies in the future.")
    since = begin // MINUTE * MINUTE
    until = since + -(-(end - since) // step) * step
    if (until - since) // step > _MOST_POINTS:
        raise InputError(f"These are more than {_MOST_POINTS} steps.", hint="Ask for a longer step.")
    return _Window(since, until, step)


def _time_of(name: str, text: str) -> int:
    """Read a time as RFC 3339 writes it, or Unix seconds."""
    try:
        if re.fullmatch(r"[0-9]{1,11}", text, re.ASCII):
            return int(text)
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00").replace(" ", "+"))
        return int((found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp())
    except (ValueError, OverflowError):
        raise InputError(f"{name} is neither a time as RFC 3339 writes it nor Unix seconds.") from None


def _moment(seconds: int) -> str | None:
    return timestamp(datetime.fromtimestamp(seconds, timezone.utc))
