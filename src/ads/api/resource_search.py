"""``POST /20180409/resources``: find resources of any kind. Clients ask it before they delete a model."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.api.answers import answer, timestamp
from ads.api.context import context_of
from ads.api.fields import Body
from ads.errors import InputError
from ads.identity.ocid import is_ocid, parse_ocid
from ads.registry.deployments import Deployment
from ads.registry.tables import Model, Project

__all__ = ["router"]

router = APIRouter(prefix="/20180409/resources", tags=["search"])

_MOST = 1000

Table: TypeAlias = type[Deployment] | type[Model] | type[Project]

# The type in OCIDs and queries → its table, and the name of the type in answers.
_KINDS: dict[str, tuple[Table, str]] = {
    "datasciencemodeldeployment": (Deployment, "DataScienceModelDeployment"),
    "datasciencemodel": (Model, "DataScienceModel"),
    "datascienceproject": (Project, "DataScienceProject"),
}
_FIELDS = {
    "identifier": "id",
    "displayname": "display_name",
    "lifecyclestate": "lifecycle_state",
    "compartmentid": "compartment_id",
    "modelid": "model_id",
    "projectid": "project_id",
}
_QUERY = re.compile(r"\s*query\s+(\w+)\s+resources(?:\s+where\s+(.+?))?\s*", re.IGNORECASE | re.DOTALL)
_CONDITION = re.compile(r"\s*(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")\s*")
_AND = re.compile(r"(?:&&|\band\b)", re.IGNORECASE)


class Search(Body):
    """What is looked for: by a query, or by a text that a resource's OCID or name equals."""

    type: Literal["Structured", "FreeText"]
    query: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    text: Annotated[str, StringConstraints(max_length=1000)] | None = None


@router.post("")
def search(body: Search, request: Request) -> Response:
    """Find resources."""
    with context_of(request).database.read() as session:
        if body.type == "Structured":
            items = _structured(session, body.query or "")
        else:
            items = _free_text(session, (body.text or "").strip("\"' "))
    return answer({"items": items})


def _structured(session: Session, query: str) -> list[dict[str, Any]]:
    match = _QUERY.fullmatch(query)
    if match is None:
        raise InputError("The query has a form that this service doesn't know.", hint=_HINT)
    if match[1].lower() not in _KINDS:
        return []
    table, name = _KINDS[match[1].lower()]
    statement = select(table)
    for column, value in _conditions(match[2] or ""):
        if not hasattr(table, column):
            return []
        statement = statement.where(getattr(table, column) == value)
    return [_item(row, name) for row in session.scalars(statement.order_by(table.seq.desc()).limit(_MOST))]


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


def _free_text(session: Session, text: str) -> list[dict[str, Any]]:
    if not is_ocid(text):
        return [
            _item(row, name)
            for table, name in _KINDS.values()
            for row in session.scalars(select(table).where(table.display_name == text).limit(_MOST))
        ]
    kind = _KINDS.get(parse_ocid(text).type)
    if kind is None:
        return []
    table, name = kind
    return [_item(row, name) for row in session.scalars(select(table).where(table.id == text))]


def _item(row: Any, kind: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "identifier": row.id,
        "compartmentId": row.compartment_id,
        "timeCreated": timestamp(row.time_created),
        "displayName": row.display_name,
        "lifecycleState": row.lifecycle_state,
        "freeformTags": row.freeform_tags,
        "definedTags": row.defined_tags,
        "systemTags": {},
    }
