"""What several pages say of models: one line for each, the checks in short, who is who."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased, defer, lazyload

from ads.api.answers import timestamp
from ads.registry.aliases import aliases_of_models
from ads.registry.deployments import Deployment
from ads.registry.model_index import metrics_of
from ads.registry.tables import Artifact, Model, User, VersionSetMember

__all__ = ["checks_of", "defined_value", "live_of", "model_lines", "newest_of_each_name", "people"]

_RESULTS = "ArtifactTestResults"
_SUCCESS = {True: "passed", False: "failed", None: "not tested"}


def newest_of_each_name(
    session: Session, places: Collection[str], limit: int, before: int | None = None
) -> Sequence[Model]:
    """Return the newest live version of each name, and the models without one, newest first; ``before`` a number."""
    mine, later, younger = VersionSetMember, aliased(VersionSetMember), aliased(Model)
    overtaken = exists().where(
        mine.model_id == Model.id,
        later.version_set_id == mine.version_set_id,
        later.version_id > mine.version_id,
        younger.id == later.model_id,
        younger.lifecycle_state != "DELETED",
    )
    statement = select(Model).where(Model.compartment_id.in_(places), Model.lifecycle_state != "DELETED", ~overtaken)
    if before is not None:
        statement = statement.where(Model.seq < before)
    return list(session.scalars(light(statement.order_by(Model.seq.desc()).limit(limit))))


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
