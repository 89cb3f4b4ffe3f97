"""Models: all names, or what a search finds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ads.console.catalog import light, model_lines, newest_of_each_name
from ads.console.facets import facets
from ads.console.pages import Elsewhere, Pages
from ads.console.visit import Visit
from ads.errors import InputError, ServiceError
from ads.registry.catalog_tables import VersionAlias
from ads.registry.tables import Model

__all__ = ["pages"]

pages = Pages()

_LIMIT = 30
_SORTS = {
    "": ("timeCreated", "DESC", "Newest"),
    "name": ("displayName", "ASC", "Name"),
}


@pages.page("/models", "models.html", nav="models")
def models(visit: Visit) -> dict[str, Any]:
    """Return the newest version of each name or, with a query, every version that it finds."""
    query = visit.query("q").strip()
    places = visit.compartments()
    wrong = ""
    lines: list[dict[str, Any]] = []
    following = ""
    try:
        lines, following = _found(visit, query) if query else _names(visit)
    except (InputError, ServiceError) as error:
        wrong = error.message
    with visit.read() as session:
        narrowing = facets(visit.context.database, session, places)
    return {
        "title": "Models",
        "query": query,
        "wrong": wrong,
        "sort": visit.query("sort"),
        "items": lines,
        "next": following,
        "facets": narrowing,
    }


def _names(visit: Visit) -> tuple[list[dict[str, Any]], str]:
    page = visit.query("page")
    places = visit.compartments()
    with visit.read() as session:
        shown, following = newest_of_each_name(session, places, _LIMIT, int(page) if page.isdecimal() else None)
        lines = model_lines(session, shown, places)
        sets = {line["versionSetId"] for line in lines if line["versionSetId"]}
        pointing = select(VersionAlias).where(VersionAlias.version_set_id.in_(sets)).order_by(VersionAlias.name)
        aliases: dict[str, list[dict[str, Any]]] = {}
        for alias in session.scalars(pointing):
            aliases.setdefault(alias.version_set_id, []).append({"name": alias.name, "versionId": alias.version_id})
    for line in lines:
        line["setAliases"] = aliases.get(line["versionSetId"], [])
    return lines, str(following or "")


def _found(visit: Visit, query: str) -> tuple[list[dict[str, Any]], str]:
    sort = visit.query("sort")
    sort_by, order, _ = _SORTS.get(sort, (sort, "DESC", ""))
    found, following = visit.get_page(
        "/openads/v1/models/search",
        query=query,
        limit=_LIMIT,
        page=visit.query("page"),
        sortBy=sort_by,
        sortOrder=order,
    )
    ids = [item["id"] for item in found["items"]]
    with visit.read() as session:
        rows = {row.id: row for row in session.scalars(light(select(Model).where(Model.id.in_(ids))))}
        lines = model_lines(session, [rows[id_] for id_ in ids if id_ in rows], visit.compartments())
    for line in lines:
        line["setAliases"] = [{"name": name, "versionId": line["versionId"]} for name in line["aliases"]]
    return lines, following


@pages.page("/open", "error.html")
def open_reference(visit: Visit) -> dict[str, Any]:
    """Lead to what a reference means: ``/console/open?ref=churn@champion``."""
    found = visit.get("/openads/v1/models/resolve", reference=visit.query("ref"))
    raise Elsewhere(f"/console/versions/{found['id']}")
