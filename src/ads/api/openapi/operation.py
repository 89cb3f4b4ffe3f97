"""What the description says of one operation beyond what its handler declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Operation", "listing", "query"]


@dataclass(frozen=True)
class Operation:
    """One operation. ``id`` is ``noun.verb``; ``answer`` names a schema, ends in ``[]`` for an array of it.

    ``answer`` is ``items:NAME`` for ``{"items": […]}``, ``bytes`` for a stream of them, and empty for no body.
    """

    id: str
    answer: str = ""
    status: int = 200
    query: tuple[Mapping[str, Any], ...] = ()
    etag: bool = False
    """The answer has an etag."""
    matches: bool = False
    """``if-match`` is looked at."""
    retries: bool = False
    """``opc-retry-token`` is looked at."""
    ranges: bool = False
    """``range`` is looked at."""
    uploads: bool = False
    """The body is any bytes."""
    pages: bool = False
    """The answer may have ``opc-next-page``."""
    work: bool = False
    """The answer has ``opc-work-request-id``."""
    headers: tuple[str, ...] = ()
    """More headers of the answer."""
    takes: tuple[str, ...] = ()
    """More headers of the request."""
    refusals: tuple[int, ...] = ()
    """Statuses of errors besides those that follow from the rest."""
    unsigned: bool = False
    """No credential is asked for."""
    example: Any = None
    """A body to send."""
    also: tuple[int, ...] = field(default=())
    """Other statuses that are no errors."""


def query(
    name: str, schema: Mapping[str, Any] | None = None, *, required: bool = False, text: str = ""
) -> dict[str, Any]:
    """Return a parameter of the query; without a schema it is a text."""
    found: dict[str, Any] = {
        "name": name,
        "in": "query",
        "required": required,
        "schema": dict(schema or {"type": "string"}),
    }
    return {**found, "description": text} if text else found


def listing(*filters: str, sort: tuple[str, ...] = (), compartment: bool = True) -> tuple[dict[str, Any], ...]:
    """Return the parameters of a list: its filters, and those of paging and sorting."""
    found = [query("compartmentId", required=True)] if compartment else []
    found += [query(name) for name in filters]
    found += [
        query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
        query("page", text="The value of opc-next-page of the page before."),
    ]
    if sort:
        found.append(query("sortBy", {"type": "string", "enum": list(sort)}))
        found.append(query("sortOrder", {"type": "string", "enum": ["ASC", "DESC"]}))
    return tuple(found)
