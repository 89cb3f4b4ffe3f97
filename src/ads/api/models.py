"""``/20190101/models``, without artifact and provenance."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, StringConstraints

from ads.api import strict_json
from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of
from ads.api.dispatch import short
from ads.api.fields import (
    Body,
    DefinedTags,
    Description,
    DisplayName,
    FreeformTags,
    OcidText,
    attempt_of,
    if_match_of,
)
from ads.api.listing import ListShape, page_of
from ads.registry import models
from ads.registry.model_rows import WholeModel, whole_model
from ads.registry.references import MARK, is_marked
from ads.registry.tables import Model

__all__ = ["model_json", "router", "row_json"]

router = APIRouter(prefix="/20190101/models", tags=["models"])

_LIST = ListShape(
    filters={
        "id": "id",
        "projectId": "project_id",
        "displayName": "display_name",
        "lifecycleState": "lifecycle_state",
        "createdBy": "created_by",
        "category": "category",
        "versionLabel": "version_label",
        "modelVersionSetName": "model_version_set_name",
    },
    sort={
        "timeCreated": Model.time_created,
        "displayName": Model.display_name,
        "lifecycleState": Model.lifecycle_state,
    },
    seq=Model.seq,
    states=frozenset({"ACTIVE", "INACTIVE", "FAILED", "DELETED", "CREATING", "DELETING"}),
)

_CATEGORIES = frozenset(
    {"performance", "training profile", "training and validation datasets", "training environment", "other", ""}
)
_LARGEST_METADATA = 32_000
_LARGEST_SCHEMA = 1024 * 1024
_LARGEST_SETTING = 4096


def _check_category(category: str) -> str:
    if category.lower() not in _CATEGORIES:
        raise ValueError("there is no such category")
    return category


class MetadataItem(Body):
    """One line of a metadata list. ``hasArtifact`` is computed, so what the client says of it is ignored."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    value: Annotated[str, StringConstraints(max_length=16_000)] | None = None
    description: Annotated[str, StringConstraints(max_length=255)] | None = None
    category: Annotated[str, AfterValidator(_check_category)] | None = None
    keywords: list[Annotated[str, StringConstraints(max_length=255)]] | None = None

    def size(self) -> int:
        """Return how many bytes the texts of the item have."""
        texts = [self.key, self.value, self.description, self.category, *(self.keywords or ())]
        return sum(len(text.encode()) for text in texts if text)


def _check_metadata(items: list[MetadataItem]) -> list[MetadataItem]:
    if len({item.key for item in items}) != len(items):
        raise ValueError("a key comes twice")
    if sum(item.size() for item in items) > _LARGEST_METADATA:
        raise ValueError(f"the list is larger than {_LARGEST_METADATA} bytes")
    return items


def _check_schema(text: str) -> str:
    if len(text) > _LARGEST_SCHEMA:
        raise ValueError(f"the schema is larger than {_LARGEST_SCHEMA} characters")
    if text.strip():
        try:
            document = strict_json.loads(text.encode())
        except (strict_json.CannotParse, UnicodeEncodeError):
            raise ValueError("the schema is not JSON, or of a kind that not everybody reads") from None
        if not isinstance(document, dict) or not isinstance(document.get("schema", []), list):
            raise ValueError("the schema is not an object with a list of columns as its 'schema'")
    return text


def _check_setting(setting: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(setting)) > _LARGEST_SETTING:
        raise ValueError(f"the setting is larger than {_LARGEST_SETTING} characters")
    return setting


Setting = Annotated[dict[str, Any], AfterValidator(_check_setting)]
MetadataList = Annotated[list[MetadataItem], AfterValidator(_check_metadata)]
SchemaText = Annotated[str, AfterValidator(_check_schema)]


class UpdateModel(Body):
    """What may change."""

    display_name: DisplayName | None = None
    description: Description | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None
    custom_metadata_list: MetadataList | None = None
    defined_metadata_list: MetadataList | None = None
    model_version_set_id: OcidText | None = None
    version_label: Annotated[str, StringConstraints(max_length=255)] | None = None
    retention_setting: Setting | None = None
    backup_setting: Setting | None = None

    def columns(self) -> dict[str, Any]:
        """Return what the caller sent, under the names of the columns."""
        values = self.given()
        for kind in ("custom", "defined"):
            items = values.pop(f"{kind}_metadata_list", None)
            if items is not None:
                values[f"{kind}_metadata"] = [item.model_dump() for item in items]
        return values


class CreateModel(UpdateModel):
    """A new model."""

    compartment_id: OcidText
    project_id: OcidText
    input_schema: SchemaText | None = None
    output_schema: SchemaText | None = None


class ChangeCompartment(Body):
    """Where a resource moves to."""

    compartment_id: OcidText


def row_json(row: Any) -> dict[str, Any]:
    """Return a row of :mod:`ads.registry.model_rows` as lists show it."""
    marked = MARK in row.custom_metadata and is_marked(orjson.loads(row.custom_metadata))
    version = (row.version_set_id, row.version_set_name, row.version_id)
    return _summary(row, version, marked, orjson.Fragment(row.freeform_tags), orjson.Fragment(row.defined_tags))


def _summary(
    model: Any, version: tuple[Any, Any, Any], marked: bool, freeform_tags: object, defined_tags: object
) -> dict[str, Any]:
    return {
        "id": model.id,
        "compartmentId": model.compartment_id,
        "projectId": model.project_id,
        "displayName": model.display_name,
        "lifecycleState": model.lifecycle_state,
        "lifecycleDetails": model.lifecycle_details,
        "timeCreated": timestamp(model.time_created),
        "createdBy": model.created_by,
        "category": model.category,
        "isModelByReference": marked,
        "modelVersionSetId": version[0],
        "modelVersionSetName": version[1],
        "versionId": version[2],
        "versionLabel": model.version_label,
        "freeformTags": freeform_tags,
        "definedTags": defined_tags,
        "systemTags": {},
    }


def model_json(model: Model) -> dict[str, Any]:
    """Return a model as clients see it."""
    joined = model.membership
    version = (
        (None, None, None) if joined is None else (joined.version_set_id, joined.version_set.name, joined.version_id)
    )
    files = {(row.kind, row.key) for row in model.metadata_artifacts}
    return {
        **_summary(model, version, is_marked(model.custom_metadata), model.freeform_tags, model.defined_tags),
        **_details(model, model.custom_metadata, model.defined_metadata, files),
        "retentionSetting": model.retention_setting,
        "backupSetting": model.backup_setting,
    }


def _whole_json(model: WholeModel) -> dict[str, Any]:
    """Return the same of a model that was read as rows."""
    row = model.row
    custom, defined = orjson.loads(row.custom_metadata), orjson.loads(row.defined_metadata)
    return {
        **row_json(row),
        **_details(row, custom, defined, model.files),
        "retentionSetting": _stored_json(row.retention_setting),
        "backupSetting": _stored_json(row.backup_setting),
    }


def _details(
    model: Any, custom: list[dict[str, Any]], defined: list[dict[str, Any]], files: AbstractSet[tuple[str, str]]
) -> dict[str, Any]:
    return {
        "description": model.description,
        "customMetadataList": [{**item, "hasArtifact": ("custom", item["key"]) in files} for item in custom],
        "definedMetadataList": [{**item, "hasArtifact": ("defined", item["key"]) in files} for item in defined],
        "inputSchema": model.input_schema,
        "outputSchema": model.output_schema,
        "retentionOperationDetails": None,
        "backupOperationDetails": None,
    }


def _stored_json(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


@router.post("")
def create(body: CreateModel, request: Request) -> Response:
    """Register a model."""
    details = models.NewModel(**body.columns())
    with context_of(request).database.write() as session:
        model = models.create_model(session, caller_of(request), details, attempt_of(request))
    return answer(model_json(model), etag=model.etag)


def _is_unfiltered(request: Request) -> bool:
    """Tell whether an index has the whole list in its order: with filters many rows may be looked at for a page."""
    return _LIST.filters.keys().isdisjoint(request.query_params.keys())


@router.get("")
@short(_is_unfiltered)
def list_(request: Request) -> Response:
    """List models."""
    with context_of(request).database.read() as session:
        page = page_of(
            request, session, _LIST, lambda values: models.select_model_rows(values, session), whole_rows=True
        )
    return answer([row_json(row) for row in page.rows], next_page=page.next_token)


@router.get("/{model_id}")
@short()
def get(model_id: str, request: Request) -> Response:
    """Get a model, also a deleted one."""
    with context_of(request).database.read() as session:
        model = whole_model(session, model_id)
    return answer(_whole_json(model), etag=model.row.etag)


@router.put("/{model_id}")
def update(model_id: str, body: UpdateModel, request: Request) -> Response:
    """Change the attributes that were sent."""
    changes = body.columns()
    with context_of(request).database.write() as session:
        model = models.update_model(session, caller_of(request), model_id, changes, if_match_of(request))
    return answer(model_json(model), etag=model.etag)


@router.delete("/{model_id}")
def delete(model_id: str, request: Request) -> Response:
    """Delete a model that no deployment uses."""
    with context_of(request).database.write() as session:
        models.delete_model(session, caller_of(request), model_id, if_match_of(request))
    return no_content()


@router.post("/{model_id}/actions/activate")
def activate(model_id: str, request: Request) -> Response:
    """Make an INACTIVE model ACTIVE."""
    return _set_active(model_id, request, active=True)


@router.post("/{model_id}/actions/deactivate")
def deactivate(model_id: str, request: Request) -> Response:
    """Make an ACTIVE model INACTIVE."""
    return _set_active(model_id, request, active=False)


@router.post("/{model_id}/actions/changeCompartment")
def change_compartment(model_id: str, body: ChangeCompartment, request: Request) -> Response:
    """Move a model to another compartment."""
    with context_of(request).database.write() as session:
        model = models.move_model(session, caller_of(request), model_id, body.compartment_id, if_match_of(request))
    return Response(status_code=200, headers={"etag": model.etag})


def _set_active(model_id: str, request: Request, *, active: bool) -> Response:
    with context_of(request).database.write() as session:
        model = models.set_model_active(
            session, caller_of(request), model_id, active=active, if_match=if_match_of(request)
        )
    return answer(model_json(model), etag=model.etag)
