"""One model: all versions of a name, its aliases, one metric over the versions, and what is done with the name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.api.answers import timestamp
from ads.console.catalog import light, model_lines
from ads.console.chart import line_chart
from ads.console.pages import Pages
from ads.console.visit import Visit
from ads.errors import InputError
from ads.registry.catalog_tables import ModelNumber
from ads.registry.model_index import field_name
from ads.registry.tables import Model, VersionSetMember

__all__ = ["pages"]

pages = Pages()

_LIMIT = 50
_MOST_POINTS = 200
_SETS = "/20190101/modelVersionSets"


@pages.page("/models/{set_id}", "model.html", nav="models")
def model(visit: Visit) -> dict[str, Any]:
    """Return a version set with its versions, newest first."""
    set_id = visit.parts["set_id"]
    found, headers = visit.ask("GET", f"{_SETS}/{set_id}")
    aliases = visit.get(f"/openads/v1/modelVersionSets/{set_id}/aliases", limit=200)["items"]
    places = visit.compartments()
    before = visit.query("page")
    with visit.read() as session:
        rows = _versions(session, set_id, places, int(before) if before.isdecimal() else None)
        lines = model_lines(session, rows[:_LIMIT], places)
        metrics = sorted({name for line in lines for name in line["metrics"]})
        metric = visit.query("metric") or next(iter(metrics), "")
        trend = _trend(session, set_id, places, metric) if metric else []
    deployments = {one["id"]: {**one, "versionId": line["versionId"]} for line in lines for one in line["deployments"]}
    return {
        "title": found["name"],
        "set": found,
        "etag": headers.get("etag", ""),
        "aliases": aliases,
        "versions": lines,
        "next": str(lines[-1]["versionId"]) if len(rows) > _LIMIT else "",
        "metrics": metrics,
        "metric": metric,
        "trend": trend,
        "chart": line_chart([(point["versionId"], point["value"]) for point in trend]),
        "deployments": list(deployments.values()),
        "mayChange": visit.may("use", found["compartmentId"]),
        "mayDelete": visit.may("manage", found["compartmentId"]),
    }


def _versions(session: Session, set_id: str, places: frozenset[str], before: int | None) -> list[Model]:
    statement = (
        select(Model)
        .join(VersionSetMember, VersionSetMember.model_id == Model.id)
        .where(
            VersionSetMember.version_set_id == set_id,
            Model.compartment_id.in_(places),
            Model.lifecycle_state != "DELETED",
        )
    )
    if before is not None:
        statement = statement.where(VersionSetMember.version_id < before)
    return list(session.scalars(light(statement.order_by(VersionSetMember.version_id.desc()).limit(_LIMIT + 1))))


def _trend(session: Session, set_id: str, places: frozenset[str], metric: str) -> list[dict[str, Any]]:
    """Return a number of each version that has it, the last versions only, oldest first."""
    rows = session.execute(
        select(VersionSetMember.version_id, ModelNumber.number, Model.id, Model.time_created)
        .join(Model, Model.id == VersionSetMember.model_id)
        .join(ModelNumber, ModelNumber.model_seq == Model.seq)
        .where(
            VersionSetMember.version_set_id == set_id,
            ModelNumber.field == field_name(f"metrics.{metric}"),
            Model.compartment_id.in_(places),
            Model.lifecycle_state != "DELETED",
        )
        .order_by(VersionSetMember.version_id.desc())
        .limit(_MOST_POINTS)
    )
    points = [
        {"versionId": row[0], "value": row[1], "modelId": row[2], "timeCreated": timestamp(row[3])} for row in rows
    ]
    return points[::-1]


@pages.form("/models/{set_id}/alias", back=model)
def move_alias(visit: Visit) -> str:
    """Point an alias at a version, or make one."""
    name, version = visit.field("alias"), visit.field("version")
    if not version.isdecimal():
        raise InputError("The version is a whole number.")
    body: dict[str, Any] = {"versionId": int(version)}
    if visit.field("protected"):
        body["protected"] = True
    if visit.field("reason"):
        body["reason"] = visit.field("reason")
    if not name or "/" in name:
        raise InputError("An alias has a name, as in champion.")
    set_id = visit.parts["set_id"]
    visit.send("PUT", f"/openads/v1/modelVersionSets/{set_id}/aliases/{name}", body)
    return visit.done(_back(visit), "moved")


@pages.form("/models/{set_id}/alias/{alias}/delete", back=model)
def remove_alias(visit: Visit) -> str:
    """Take an alias away."""
    visit.send("DELETE", f"/openads/v1/modelVersionSets/{visit.parts['set_id']}/aliases/{visit.parts['alias']}")
    return visit.done(f"/console/models/{visit.parts['set_id']}", "removed")


@pages.form("/models/{set_id}/edit", back=model)
def edit(visit: Visit) -> str:
    """Change the description of a name."""
    body = {"description": visit.field("description")}
    visit.send("PUT", f"{_SETS}/{visit.parts['set_id']}", body, if_match=visit.field("etag"))
    return visit.done(f"/console/models/{visit.parts['set_id']}", "saved")


@pages.form("/models/{set_id}/delete", back=model)
def delete(visit: Visit) -> str:
    """Delete a name with all its versions, once its name was typed."""
    set_id = visit.parts["set_id"]
    found = visit.get(f"{_SETS}/{set_id}")
    if visit.field("name") != found["name"]:
        raise InputError(f"The name that was typed is not {found['name']!r}; nothing was deleted.")
    visit.send("DELETE", f"{_SETS}/{set_id}", isDeleteRelatedModels="true")
    return visit.done("/console/models", "deleted")


def _back(visit: Visit) -> str:
    wanted = visit.field("back")
    return wanted if wanted.startswith("/console/versions/") else f"/console/models/{visit.parts['set_id']}"
