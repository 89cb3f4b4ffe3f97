"""Lists over HTTP: filters, order and pages from the query, as every list of the service reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ads.api.context import caller_of, context_of
from ads.errors import InputError, ServiceError
from ads.registry.paging import Page, PageRequest, fetch_page

__all__ = ["DEFAULT_LIMIT", "ListShape", "limit_of", "page_of", "page_of_query", "query_value"]

DEFAULT_LIMIT = 100
_LARGEST_LIMIT = 1000
_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
_LONGEST_VALUE = 4096

Row = TypeVar("Row")


@dataclass(frozen=True)
class ListShape:
    """What the list of one kind of resource understands.

    ``filters`` maps query parameters to columns. ``sort`` maps values of ``sortBy`` to columns, the default first.
    ``seq`` is the column that breaks ties. ``states`` are the values that ``lifecycleState`` may have.
    """

    filters: Mapping[str, str]
    sort: Mapping[str, InstrumentedAttribute[Any]]
    seq: InstrumentedAttribute[int]
    states: frozenset[str]


def query_value(request: Request, name: str) -> str:
    """Return a query parameter that must be there. Raises ServiceError 400 ``MissingParameter``."""
    value = request.query_params.get(name)
    if not value:
        raise ServiceError(f"The query parameter {name} is missing.", status=400, service_code="MissingParameter")
    return value


def page_of(
    request: Request,
    session: Session,
    shape: ListShape,
    select: Callable[[dict[str, str]], Select[Row]],
    *,
    whole_rows: bool = False,
) -> Page[Row]:
    """Return the page that the request asks for; ``select`` makes the query from column values.

    With ``whole_rows`` it selects several columns, and the page has rows of them.

    Raises InputError for a value that a parameter can't have, ServiceError 400 when compartmentId is missing.
    """
    values = {"compartment_id": query_value(request, "compartmentId")}
    for parameter, column in shape.filters.items():
        value = request.query_params.get(parameter)
        if value is not None:
            values[column] = value
    if any(len(value) > _LONGEST_VALUE for value in values.values()):
        raise InputError(f"A filter is longer than {_LONGEST_VALUE} characters.")
    state = request.query_params.get("lifecycleState")
    if state is not None and state not in shape.states:
        raise InputError(f"lifecycleState must be one of {', '.join(sorted(shape.states))}.")
    sort_by = _choice(request, "sortBy", list(shape.sort))
    order = _choice(request, "sortOrder", ["DESC", "ASC"] if sort_by.startswith("time") else ["ASC", "DESC"])
    wanted = PageRequest(
        secret=bytes.fromhex(context_of(request).defaults.page_secret),
        query={"path": request.url.path, "principal": caller_of(request).principal, **values},
        sort_by=sort_by,
        order="ASC" if order == "ASC" else "DESC",
        limit=limit_of(request),
        token=request.query_params.get("page"),
    )
    return fetch_page(session, select(values), shape.sort, shape.seq, wanted, whole_rows=whole_rows)


def page_of_query(
    request: Request,
    session: Session,
    statement: Select[Row],
    values: Mapping[str, str],
    order: tuple[InstrumentedAttribute[Any], InstrumentedAttribute[int]],
    limit: int,
    *,
    newest_first: bool = False,
) -> Page[Row]:
    """Return the page of a list that has one order: by a column, then by the number of creation.

    ``values`` are what decides what the list holds. Raises InputError for a page token of another list.
    """
    wanted = PageRequest(
        secret=bytes.fromhex(context_of(request).defaults.page_secret),
        query={"path": request.url.path, "principal": caller_of(request).principal, **values},
        sort_by="",
        order="DESC" if newest_first else "ASC",
        limit=limit,
        token=request.query_params.get("page"),
    )
    return fetch_page(session, statement, {"": order[0]}, order[1], wanted)


def limit_of(request: Request, default: int = DEFAULT_LIMIT) -> int:
    """Return how many rows a page may have. Raises InputError."""
    text = request.query_params.get("limit")
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= _LARGEST_LIMIT:
        raise InputError(f"limit must be a whole number from 1 to {_LARGEST_LIMIT}.")
    return int(text)


def _choice(request: Request, name: str, allowed: list[str]) -> str:
    value = request.query_params.get(name)
    if value is None:
        return allowed[0]
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(allowed)}.")
    return value
