"""``POST /20180409/resources``: find resources of any kind. Clients ask it before they delete a model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ads.api.answers import answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import Body
from ads.api.slices import slice_of
from ads.errors import InputError
from ads.identity.ocid import is_ocid, parse_ocid
from ads.registry.deployments import Deployment
from ads.registry.grants import visible_compartments
from ads.registry.logs import Log, LogGroup
from ads.registry.storage_tables import Bucket
from ads.registry.tables import Model, ModelVersionSet, Project

__all__ = ["router"]

router = APIRouter(prefix="/20180409/resources", tags=["search"])

_MOST = 1000


@dataclass(frozen=True)
class _Kind:
    """A kind of resource: its table, its name in answers, the column that is its name for people."""

    table: Any
    name: str
    title: str = "display_name"


@dataclass(frozen=True)
class _Place:
    """Where is searched: the compartments that the caller may see."""

    session: Session
    visible: frozenset[str]


# By the type in OCIDs and queries.
_KINDS: dict[str, _Kind] = {
    "datasciencemodeldeployment": _Kind(Deployment, "DataScienceModelDeployment"),
    "datasciencemodel": _Kind(Model, "DataScienceModel"),
    "datasciencemodelversionset": _Kind(ModelVersionSet, "DataScienceModelVersionSet", "name"),
    "datascienceproject": _Kind(Project, "DataScienceProject"),
    "bucket": _Kind(Bucket, "Bucket", "name"),
    "loggroup": _Kind(LogGroup, "LogGroup"),
    "log": _Kind(Log, "Log"),
}
_FIELDS = {
    "identifier": "id",
    "displayname": "display_name",
    "name": "display_name",
    "lifecyclestate": "lifecycle_state",
    "compartmentid": "compartment_id",
    "modelid": "model_id",
    "projectid": "project_id",
}
_QUERY = re.compile(r"\s*query\s+(\w+)\s+resources(?:\s+where\s+(.+?))?\s*", re.IGNORECASE | re.DOTALL)
_CONDITION = re.compile(r"\s*(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")\s*")
_AND = re.compile(r"(?:&&|\band\b)", re.IGNORECASE)


class Search(Body):
    """What is looked for: by a query, or by a text: an OCID, or a part of a name."""

    type: Literal["Structured", "FreeText"]
    query: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    text: Annotated[str, StringConstraints(max_length=1000)] | None = None


@router.post("")
def search(body: Search, request: Request) -> Response:
    """Find resources."""
    with context_of(request).database.read() as session:
        place = _Place(session, visible_compartments(session, caller_of(request)))
        if body.type == "Structured":
            items = _structured(place, body.query or "")
        else:
            items = _free_text(place, (body.text or "").strip("\"' "))
    rows, next_page = slice_of(request, items)
    return answer({"items": rows}, next_page=next_page)


def _structured(place: _Place, query: str) -> list[dict[str, Any]]:
    match = _QUERY.fullmatch(query)
    if match is None:
        raise InputError("The query has a form that this service doesn't know.", hint=_HINT)
    conditions = _conditions(match[2] or "")
    if match[1].lower() == "all":
        return [item for kind in _KINDS.values() for item in _where(place, kind, conditions)]
    kind = _KINDS.get(match[1].lower())
    return [] if kind is None else _where(place, kind, conditions)


def _where(place: _Place, kind: _Kind, conditions: list[tuple[str, str]]) -> list[dict[str, Any]]:
    statement = select(kind.table)
    for field, value in conditions:
        column = getattr(kind.table, kind.title if field == "display_name" else field, None)
        if column is None:
            return []
        statement = statement.where(column == value)
    return _items(place, kind, statement)


def _items(place: _Place, kind: _Kind, statement: Select[Any]) -> list[dict[str, Any]]:
    statement = statement.where(kind.table.compartment_id.in_(place.visible))
    rows = place.session.scalars(statement.order_by(kind.table.seq.desc()).limit(_MOST))
    return [_item(row, kind) for row in rows]


_HINT = "Write it as: query datasciencemodeldeployment resources where ModelId = '<OCID>'"


def _conditions(text: str) -> list[tuple[str, str]]:
    """Return the columns and values that are compared, joined by ``&&`` or ``and``."""
    conditions: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _CONDITION.match(text, position)
        if match is None or match[1].lower() not in _FIELDS:
            raise InputError("The query has a condition that this service doesn't know.", hint=_HINT)
        conditions.append((_FIELDS[match[1].lower()], match[2] if match[2] is not None else match[3]))
        position = match.end()
        if position < len(text):
            joined = _AND.match(text, position)
            if joined is None or joined.end() == len(text):
                raise InputError("The conditions of the query must be joined by '&&'.", hint=_HINT)
            position = joined.end()
    return conditions


def _free_text(place: _Place, text: str) -> list[dict[str, Any]]:
    """Find a resource by its OCID, or those whose name holds the text."""
    if is_ocid(text):
        kind = _KINDS.get(parse_ocid(text).type)
        return [] if kind is None else _items(place, kind, select(kind.table).where(kind.table.id == text))
    if not text:
        return []
    found: list[dict[str, Any]] = []
    for kind in _KINDS.values():
        title = getattr(kind.table, kind.title)
        named = title == text if kind.table is Bucket else title.icontains(text, autoescape=True)
        found += _items(place, kind, select(kind.table).where(named))
    return found


def _item(row: Any, kind: _Kind) -> dict[str, Any]:
    return {
        "resourceType": kind.name,
        "identifier": row.id,
        "compartmentId": row.compartment_id,
        "timeCreated": timestamp(row.time_created),
        "displayName": getattr(row, kind.title),
        "lifecycleState": getattr(row, "lifecycle_state", "ACTIVE"),
        "freeformTags": row.freeform_tags,
        "definedTags": row.defined_tags,
        "systemTags": {},
    }
