"""``/openads/v1/modelVersionSets/{set_id}/aliases``, and what a reference to a model means."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of, visible_to
from ads.api.fields import Body, OcidText, if_match_of
from ads.api.listing import limit_of, page_of_query, query_value
from ads.registry import aliases
from ads.registry.catalog_tables import AliasChange, VersionAlias
from ads.registry.names import Named, resolve
from ads.registry.version_sets import get_version_set

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1", tags=["aliases"])

_PATH = "/modelVersionSets/{set_id}/aliases"


class PutAlias(Body, extra="forbid"):
    """Where an alias points; one of model and version names it."""

    model_id: OcidText | None = None
    version_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    protected: bool | None = None
    reason: Annotated[str, StringConstraints(max_length=1000)] | None = None


def alias_json(alias: VersionAlias) -> dict[str, Any]:
    """Return an alias as clients see it."""
    return {
        "name": alias.name,
        "modelId": alias.model_id,
        "versionId": alias.version_id,
        "protected": alias.protected,
        "timeUpdated": timestamp(alias.time_updated),
        "updatedBy": alias.updated_by,
    }


def _change_json(change: AliasChange) -> dict[str, Any]:
    ends = {"from": (change.from_model_id, change.from_version), "to": (change.to_model_id, change.to_version)}
    return {
        "time": timestamp(change.time),
        "principal": change.principal,
        **{
            end: None if model is None else {"modelId": model, "versionId": version}
            for end, (model, version) in ends.items()
        },
        "reason": change.reason,
    }


def _named_json(named: Named, names: list[str]) -> dict[str, Any]:
    version = named.model.membership
    return {
        "id": named.model.id,
        "displayName": named.model.display_name,
        "compartmentId": named.model.compartment_id,
        "lifecycleState": named.model.lifecycle_state,
        "versionSetId": None if version is None else version.version_set_id,
        "versionSetName": None if version is None else version.version_set.name,
        "versionId": None if version is None else version.version_id,
        "versionLabel": named.model.version_label,
        "alias": named.alias,
        "aliases": names,
    }


@router.get("/models/resolve")
def resolve_reference(request: Request) -> Response:
    """Tell which model a reference means."""
    reference = query_value(request, "reference")
    compartment_id = request.query_params.get("compartmentId")
    visible = visible_to(request)
    with context_of(request).database.read() as session:
        named = resolve(session, reference, visible & {compartment_id} if compartment_id else visible)
        names = aliases.aliases_of_models(session, [named.model.id]).get(named.model.id, [])
    return answer(_named_json(named, names))


@router.get(_PATH)
def list_(set_id: str, request: Request) -> Response:
    """List the aliases of a version set."""
    with context_of(request).database.read() as session:
        get_version_set(session, set_id)
        statement = aliases.select_aliases(set_id)
        order = (VersionAlias.name, VersionAlias.seq)
        page = page_of_query(request, session, statement, {"set": set_id}, order, limit_of(request))
    return answer({"items": [alias_json(alias) for alias in page.rows]}, next_page=page.next_token)


@router.get(f"{_PATH}/{{alias}}")
def get(set_id: str, alias: str, request: Request) -> Response:
    """Get an alias."""
    with context_of(request).database.read() as session:
        row = aliases.get_alias(session, set_id, alias)
    return answer(alias_json(row), etag=row.etag)


@router.put(f"{_PATH}/{{alias}}")
def put(set_id: str, alias: str, body: PutAlias, request: Request) -> Response:
    """Point an alias at a version; what follows it changes over by itself."""
    with context_of(request).database.write() as session:
        row = aliases.put_alias(
            session, caller_of(request), set_id, alias, **body.given(), if_match=if_match_of(request)
        )
    return answer(alias_json(row), etag=row.etag)


@router.delete(f"{_PATH}/{{alias}}")
def delete(set_id: str, alias: str, request: Request) -> Response:
    """Remove an alias; its history stays."""
    with context_of(request).database.write() as session:
        aliases.remove_alias(session, caller_of(request), set_id, alias, if_match=if_match_of(request))
    return no_content()


@router.get(f"{_PATH}/{{alias}}/history")
def history(set_id: str, alias: str, request: Request) -> Response:
    """List every move of an alias, oldest first."""
    with context_of(request).database.read() as session:
        get_version_set(session, set_id)
        statement = aliases.select_alias_changes(set_id, alias)
        order = (AliasChange.time, AliasChange.seq)
        page = page_of_query(request, session, statement, {"set": set_id, "alias": alias}, order, limit_of(request))
    return answer({"items": [_change_json(change) for change in page.rows]}, next_page=page.next_token)
