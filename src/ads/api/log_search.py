"""``POST /20190909/search``: records of deployments' access and predict logs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.api.answers import answer
from ads.api.context import caller_of, context_of
from ads.api.fields import Body
from ads.api.listing import limit_of
from ads.deploy.log_search import LogSource, search_logs
from ads.errors import InputError
from ads.registry.deployments import Deployment
from ads.registry.grants import visible_compartments
from ads.registry.log_query import LogQuery, Scope, parse_log_query
from ads.registry.logs import Log, LogGroup

__all__ = ["router"]

router = APIRouter(prefix="/20190909", tags=["logs"])

_LONGEST_WINDOW = timedelta(days=14, minutes=1)
Moment = Annotated[str, StringConstraints(max_length=40)]


class SearchLogs(Body):
    """What is looked for, and between which times."""

    time_start: Moment
    time_end: Moment
    search_query: Annotated[str, StringConstraints(max_length=10_000)]
    is_return_field_info: bool | None = None


@router.post("/search")
def search(body: SearchLogs, request: Request) -> Response:
    """Find records."""
    start, end = _moment("timeStart", body.time_start), _moment("timeEnd", body.time_end)
    if not timedelta(0) <= end - start <= _LONGEST_WINDOW:
        raise InputError("timeEnd must be after timeStart, by at most 14 days.")
    query = parse_log_query(body.search_query)
    context = context_of(request)
    with context.database.read() as session:
        sources = _sources(session, query, visible_compartments(session, caller_of(request), "read"))
    found = search_logs(context.home, sources, query, start, end, limit_of(request))
    return answer(
        {
            "results": [{"data": record} for record in found],
            "fields": [],
            "summary": {"resultCount": len(found), "fieldCount": 0},
        }
    )


def _sources(session: Session, query: LogQuery, visible: frozenset[str]) -> list[LogSource]:
    """Return the logs that are searched, of deployments in visible compartments.

    A deployment may name logs that nobody created: they are found, too.
    """
    disabled = set(session.scalars(select(Log.id).where(~Log.is_enabled)))
    homes = {row.id: row.compartment_id for row in session.scalars(select(LogGroup))}
    found: list[LogSource] = []
    for row in session.scalars(select(Deployment).where(Deployment.compartment_id.in_(visible))):
        for kind in ("access", "predict"):
            named = row.category_log_details.get(kind)
            names = named if isinstance(named, dict) else {}
            group, log = names.get("logGroupId"), names.get("logId")
            places = {row.compartment_id, homes.get(str(group))}
            if log and log not in disabled and any(_covers(scope, places, group, log) for scope in query.scopes):
                source = LogSource(
                    row.id,
                    row.display_name,
                    "access" if kind == "access" else "predict",
                    row.compartment_id,
                    str(group),
                    str(log),
                )
                found.append(source)
    return found


def _covers(scope: Scope, compartments: set[str | None], group: object, log: object) -> bool:
    return scope.compartment_id in compartments and scope.log_group_id in {None, group} and scope.log_id in {None, log}


def _moment(name: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise InputError(f"{name} is not a time as RFC 3339 writes it.") from None
    return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
