"""Models as lists and searches read them: plain rows with what they show, and nothing that costs more.

Tags are the JSON text that is stored: nobody needs them taken apart on the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import Select, Table, Text, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from ads.registry.tables import Artifact, Model, ModelVersionSet, VersionSetMember

__all__ = ["FoundModel", "found_models", "select_rows"]

_MODELS = cast("Table", Model.__table__)
_MEMBERS = cast("Table", VersionSetMember.__table__)
_SETS = cast("Table", ModelVersionSet.__table__)
_ARTIFACTS = cast("Table", Artifact.__table__)
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


class FoundModel(NamedTuple):
    """A model that a search found: its row, its two lists of metadata, the bytes of its artifact."""

    row: Any
    custom_metadata: list[dict[str, Any]]
    defined_metadata: list[dict[str, Any]]
    size: int | None


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
