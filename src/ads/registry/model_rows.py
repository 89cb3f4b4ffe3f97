"""Models as they are read: plain rows with what is shown of them, and nothing that costs more.

Tags are the JSON text that is stored: nobody needs them taken apart on the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import Select, Table, Text, bindparam, exists, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from ads.registry.lookups import not_found
from ads.registry.tables import Artifact, MetadataArtifact, Model, ModelVersionSet, VersionSetMember

__all__ = ["FoundModel", "WholeModel", "found_models", "select_rows", "whole_model"]

_MODELS = cast("Table", Model.__table__)
_MEMBERS = cast("Table", VersionSetMember.__table__)
_SETS = cast("Table", ModelVersionSet.__table__)
_ARTIFACTS = cast("Table", Artifact.__table__)
_FILES = cast("Table", MetadataArtifact.__table__)
_NAMES = (
    "seq",
    "id",
    "compartment_id",
    "project_id",
    "display_name",
    "lifecycle_state",
    "lifecycle_details",
    "time_created",
    "created_by",
    "category",
    "version_label",
)
_SETTINGS = ("retention_setting", "backup_setting")
_COLUMNS = (
    *(_MODELS.c[name] for name in _NAMES),
    *(sql_cast(_MODELS.c[name], Text).label(name) for name in ("freeform_tags", "defined_tags", "custom_metadata")),
    _MEMBERS.c.version_set_id,
    _MEMBERS.c.version_id,
    _SETS.c.name.label("version_set_name"),
)
_FROM = _MODELS.outerjoin(_MEMBERS, _MEMBERS.c.model_id == _MODELS.c.id).outerjoin(
    _SETS, _SETS.c.id == _MEMBERS.c.version_set_id
)
_FOUND = select(
    *_COLUMNS, sql_cast(_MODELS.c.defined_metadata, Text).label("defined_metadata"), _ARTIFACTS.c.size
).select_from(_FROM.outerjoin(_ARTIFACTS, _ARTIFACTS.c.model_id == _MODELS.c.id))


_WHOLE = (
    select(
        *_COLUMNS,
        *(sql_cast(_MODELS.c[name], Text).label(name) for name in ("defined_metadata", *_SETTINGS)),
        *(_MODELS.c[name] for name in ("description", "input_schema", "output_schema", "etag")),
        exists().where(_FILES.c.model_id == _MODELS.c.id).label("has_files"),
    )
    .select_from(_FROM)
    .where(_MODELS.c.id == bindparam("model_id"))
)
_FILES_OF = select(_FILES.c.kind, _FILES.c.key).where(_FILES.c.model_id == bindparam("model_id"))


class FoundModel(NamedTuple):
    """A model that a search found: its row, its two lists of metadata, the bytes of its artifact."""

    row: Any
    custom_metadata: list[dict[str, Any]]
    defined_metadata: list[dict[str, Any]]
    size: int | None


class WholeModel(NamedTuple):
    """Everything that is shown of one model: its row, and to which keys of its metadata a file is attached."""

    row: Any
    files: frozenset[tuple[str, str]]


def whole_model(session: Session, model_id: str) -> WholeModel:
    """Return the model, also a deleted one. Raises NotFound."""
    connection, asked = session.connection(), {"model_id": model_id}
    row = connection.execute(_WHOLE, asked).first()
    if row is None:
        raise not_found("model", model_id)
    files = connection.execute(_FILES_OF, asked) if row.has_files else ()
    return WholeModel(row, frozenset((kind, key) for kind, key in files))


def select_rows() -> Select[Any]:
    """Return the query for the rows of all models, each with its version set."""
    return select(*_COLUMNS).select_from(_FROM)


def found_models(session: Session, seqs: Sequence[int]) -> list[FoundModel]:
    """Return these models, in this order."""
    if not seqs:
        return []
    rows = session.connection().execute(_FOUND.where(_MODELS.c.seq.in_(seqs)))
    found = {
        row.seq: FoundModel(row, orjson.loads(row.custom_metadata), orjson.loads(row.defined_metadata), row.size)
        for row in rows
    }
    return [found[seq] for seq in seqs]
