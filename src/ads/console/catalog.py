"""What several pages say of models: one line for each, the checks in short, who is who."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session, defer, lazyload

from ads.api.answers import timestamp
from ads.registry.aliases import aliases_of_models
from ads.registry.deployments import Deployment
from ads.registry.model_index import metrics_of
from ads.registry.tables import Artifact, Model, User, VersionSetMember

__all__ = ["checks_of", "defined_value", "live_of", "model_lines", "newest_of_each_name", "people"]

_RESULTS = "ArtifactTestResults"
_AT_ONCE = 300
_SUCCESS = {True: "passed", False: "failed", None: "not tested"}


def newest_of_each_name(
    session: Session, places: Collection[str], limit: int, before: int | None = None
) -> tuple[list[Model], int | None]:
    """Return the highest live version of each name, and the models without one, latest registered first.

    With it comes the number before which the next page begins, None at the end. Rows are read from the latest on, as
    many as it takes, so a large catalog costs no more than a small one.
    """
    chosen: dict[str, int] = {}
    place, last = before, None
    while len(chosen) < limit:
        statement = select(Model.seq, Model.id, VersionSetMember.version_set_id).outerjoin(
            VersionSetMember, VersionSetMember.model_id == Model.id
        )
        if place is not None:
            statement = statement.where(Model.seq < place)
        rows = list(session.execute(statement.where(*_live(places)).order_by(Model.seq.desc()).limit(_AT_ONCE)))
        shown = _shown_before(session, {row[2] for row in rows if row[2]}, before)
        for seq, id_, set_id in rows:
            name = set_id or id_
            if name in chosen or name in shown:
                continue
            if len(chosen) == limit:
                return _highest(session, chosen, places), last
            chosen[name] = seq
            last = seq
        if len(rows) < _AT_ONCE:
            return _highest(session, chosen, places), None
        place = rows[-1][0]
    return _highest(session, chosen, places), last


def _live(places: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions in a form for which no index is taken: the order of registration leads, or a set."""
    compartment, state = func.coalesce(Model.compartment_id, ""), func.coalesce(Model.lifecycle_state, "")
    return compartment.in_(places), state != "DELETED"


def _shown_before(session: Session, sets: Collection[str], before: int | None) -> set[str]:
    """Return which of these sets an earlier page has: one of their live versions was registered later."""
    if before is None or not sets:
        return set()
    statement = (
        select(VersionSetMember.version_set_id)
        .join(Model, Model.id == VersionSetMember.model_id)
        .where(VersionSetMember.version_set_id.in_(sets), Model.seq >= before, Model.lifecycle_state != "DELETED")
    )
    return set(session.scalars(statement.distinct()))


def _highest(session: Session, chosen: Mapping[str, int], places: Collection[str]) -> list[Model]:
    """Return the highest live version of each chosen set, and the chosen models, in the order in which they came."""
    latest = (
        select(VersionSetMember.version_set_id, func.max(VersionSetMember.version_id))
        .join(Model, Model.id == VersionSetMember.model_id)
        .where(VersionSetMember.version_set_id.in_(list(chosen)), *_live(places))
        .group_by(VersionSetMember.version_set_id)
    )
    pairs = [tuple(row) for row in session.execute(latest)]
    key = tuple_(VersionSetMember.version_set_id, VersionSetMember.version_id)
    ids = {
        row[0]: row[1]
        for row in session.execute(
            select(VersionSetMember.version_set_id, VersionSetMember.model_id).where(key.in_(pairs))
        )
    }
    wanted = [ids.get(name, name) for name in chosen]
    rows = {row.id: row for row in session.scalars(light(select(Model).where(Model.id.in_(wanted))))}
    return [rows[id_] for id_ in wanted if id_ in rows]


def light(statement: Any) -> Any:
    """Return the query for models without their schemas and attached files."""
    return statement.options(lazyload(Model.metadata_artifacts), defer(Model.input_schema), defer(Model.output_schema))


def model_lines(session: Session, models: Sequence[Model], places: Collection[str]) -> list[dict[str, Any]]:
    """Return what a table says of each model."""
    ids = [model.id for model in models]
    aliases = aliases_of_models(session, ids)
    live = live_of(session, ids, places)
    names = people(session, (model.created_by for model in models))
    rows = session.execute(select(Artifact.model_id, Artifact.size).where(Artifact.model_id.in_(ids)))
    sizes = {row[0]: row[1] for row in rows}
    return [
        {
            "id": model.id,
            "displayName": model.display_name,
            "name": model.membership.version_set.name if model.membership else model.display_name,
            "versionSetId": model.membership.version_set_id if model.membership else None,
            "versionId": model.membership.version_id if model.membership else None,
            "versionLabel": model.version_label,
            "lifecycleState": model.lifecycle_state,
            "aliases": aliases.get(model.id, []),
            "framework": defined_value(model.defined_metadata, "Framework"),
            "useCaseType": defined_value(model.defined_metadata, "UseCaseType"),
            "metrics": metrics_of(model),
            "checks": checks_of(model.defined_metadata)["counts"],
            "deployments": live.get(model.id, []),
            "size": sizes.get(model.id),
            "createdBy": model.created_by,
            "createdByName": names.get(model.created_by),
            "timeCreated": timestamp(model.time_created),
        }
        for model in models
    ]


def live_of(session: Session, ids: Collection[str], places: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the deployments of each of these models that the visitor may see."""
    found: dict[str, list[dict[str, Any]]] = {}
    columns = (Deployment.model_id, Deployment.id, Deployment.display_name, Deployment.lifecycle_state)
    statement = select(*columns).where(
        Deployment.model_id.in_(ids),
        Deployment.compartment_id.in_(places),
        Deployment.lifecycle_state.not_in(("DELETED", "FAILED")),
    )
    for model_id, id_, name, state in session.execute(statement.order_by(Deployment.seq)):
        found.setdefault(model_id, []).append({"id": id_, "displayName": name, "lifecycleState": state})
    return found


def people(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of users by their OCIDs."""
    return {row[0]: row[1] for row in session.execute(select(User.id, User.name).where(User.id.in_(set(ids))))}


def defined_value(metadata: Iterable[Mapping[str, Any]], key: str) -> str | None:
    """Return what the defined metadata says under a key, None for nothing."""
    value = next((item.get("value") for item in metadata if item["key"] == key), None)
    return None if value in (None, "", "NA", "null") else str(value).strip('"')


def checks_of(metadata: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the results of the checks that the model's author made: counts, and a list by file."""
    text = next((item.get("value") for item in metadata if item["key"] == _RESULTS), None)
    try:
        entries = json.loads(text or "{}")
    except (ValueError, RecursionError):
        entries = {}
    results = [_result(key, entry) for key, entry in entries.items()] if isinstance(entries, dict) else []
    counts = {state: sum(result["result"] == state for result in results) for state in _SUCCESS.values()}
    return {"counts": counts, "results": results}


def _result(key: str, entry: object) -> dict[str, Any]:
    said: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    success = said.get("success")
    return {
        "key": key,
        "category": str(said.get("category") or ""),
        "description": str(said.get("description") or key),
        "result": _SUCCESS.get(success if isinstance(success, bool) else None, "not tested"),
        "message": str(said.get("error_msg") or "") if success is not True else "",
    }
