"""Catalog entries as the REST interface writes them. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ads.model.builder import plain
from ads.model.catalog_entry import CatalogEntry, schema_from
from ads.model.catalog_settings import ModelBackupSetting, ModelRetentionSetting

__all__ = ["create_body", "spec_from_wire", "update_body"]

_PLAIN = (
    CatalogEntry.CONST_DISPLAY_NAME,
    CatalogEntry.CONST_DESCRIPTION,
    CatalogEntry.CONST_FREEFORM_TAG,
    CatalogEntry.CONST_DEFINED_TAG,
    CatalogEntry.CONST_MODEL_VERSION_LABEL,
)
_READ_ONLY = (
    CatalogEntry.CONST_ID,
    CatalogEntry.CONST_PROJECT_ID,
    CatalogEntry.CONST_COMPARTMENT_ID,
    CatalogEntry.CONST_TIME_CREATED,
    CatalogEntry.CONST_LIFECYCLE_STATE,
    CatalogEntry.CONST_LIFECYCLE_DETAILS,
    CatalogEntry.CONST_MODEL_VERSION_SET_ID,
    CatalogEntry.CONST_MODEL_VERSION_SET_NAME,
    CatalogEntry.CONST_MODEL_VERSION_ID,
)


def create_body(entry: CatalogEntry) -> dict[str, Any]:
    """Return the body of ``POST /models``. An empty schema is left out."""
    body = update_body(entry)
    for key in (entry.CONST_PROJECT_ID, entry.CONST_COMPARTMENT_ID, entry.CONST_MODEL_VERSION_SET_ID):
        body[key] = entry.get_spec(key)
    for key in (entry.CONST_INPUT_SCHEMA, entry.CONST_OUTPUT_SCHEMA):
        schema = entry.get_spec(key)
        if schema is not None and len(schema):
            body[key] = _schema_text(schema)
    return {key: value for key, value in body.items() if value is not None}


def update_body(entry: CatalogEntry) -> dict[str, Any]:
    """Return the body of ``PUT /models/{id}``: what may change. The version set never does."""
    body = {key: entry.get_spec(key) for key in _PLAIN}
    for key in (entry.CONST_CUSTOM_METADATA, entry.CONST_DEFINED_METADATA):
        metadata = entry.get_spec(key)
        body[key] = metadata.to_wire() if metadata is not None else None
    for key in (entry.CONST_BACKUP_SETTING, entry.CONST_RETENTION_SETTING):
        setting = entry.get_spec(key)
        body[key] = setting.to_wire() if setting is not None else None
    return {key: value for key, value in body.items() if value is not None}


def spec_from_wire(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the specification for what the catalog wrote; what it left out is absent."""
    from ads.model.model_metadata import ModelCustomMetadata, ModelTaxonomyMetadata

    spec = {key: content[key] for key in (*_PLAIN, *_READ_ONLY) if content.get(key) is not None}
    for key in (CatalogEntry.CONST_INPUT_SCHEMA, CatalogEntry.CONST_OUTPUT_SCHEMA):
        if content.get(key):
            spec[key] = _schema_from_text(content[key])
    if content.get(CatalogEntry.CONST_CUSTOM_METADATA) is not None:
        spec[CatalogEntry.CONST_CUSTOM_METADATA] = ModelCustomMetadata.from_wire(
            content[CatalogEntry.CONST_CUSTOM_METADATA]
        )
    if content.get(CatalogEntry.CONST_DEFINED_METADATA) is not None:
        spec[CatalogEntry.CONST_DEFINED_METADATA] = ModelTaxonomyMetadata.from_wire(
            content[CatalogEntry.CONST_DEFINED_METADATA]
        )
    if content.get(CatalogEntry.CONST_BACKUP_SETTING):
        spec[CatalogEntry.CONST_BACKUP_SETTING] = ModelBackupSetting.from_dict(
            content[CatalogEntry.CONST_BACKUP_SETTING]
        )
    if content.get(CatalogEntry.CONST_RETENTION_SETTING):
        spec[CatalogEntry.CONST_RETENTION_SETTING] = ModelRetentionSetting.from_dict(
            content[CatalogEntry.CONST_RETENTION_SETTING]
        )
    return spec


def _schema_text(schema: Any) -> str:
    if isinstance(schema, str):
        return schema
    return str(schema.to_json()) if hasattr(schema, "to_json") else json.dumps(plain(schema))


def _schema_from_text(text: Any) -> Any:
    try:
        content = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
    return schema_from(content)
