"""Model version sets: create, find, change, delete, and how a model joins one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ads.errors import Conflict
from ads.identity.ocid import new_ocid
from ads.registry.aliases import release_aliases
from ads.registry.events import Caller, apply_changes, record
from ads.registry.lookups import changed, not_found, require_compartment, require_match, require_project
from ads.registry.models import delete_model
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.tables import Model, ModelVersionSet, VersionSetMember, now

__all__ = [
    "NewVersionSet",
    "create_version_set",
    "delete_version_set",
    "get_version_set",
    "move_version_set",
    "select_version_sets",
    "update_version_set",
]

UPDATABLE = frozenset({"description", "freeform_tags", "defined_tags"})
"""The columns that an update may change."""


@dataclass(frozen=True)
class NewVersionSet:
    """What a caller says about a new version set."""

    compartment_id: str
    project_id: str
    name: str
    description: str | None = None
    freeform_tags: dict[str, Any] = field(default_factory=dict)
    defined_tags: dict[str, Any] = field(default_factory=dict)


def create_version_set(
    session: Session, caller: Caller, details: NewVersionSet, attempt: Attempt | None = None
) -> ModelVersionSet:
    """Return the new set, or the one that an earlier attempt made.

    Raises NotFound, and Conflict when the name is taken in the compartment by a set that is not deleted.
    """
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return get_version_set(session, earlier)
    require_compartment(session, details.compartment_id)
    require_project(session, details.project_id)
    _require_free_name(session, details.compartment_id, details.name)
    row = ModelVersionSet(id=new_ocid("datasciencemodelversionset"), created_by=caller.principal, **vars(details))
    session.add(row)
    session.flush()
    _record(session, caller, row, "create", new={"name": row.name, "lifecycleState": "ACTIVE"})
    remember_outcome(session, caller, attempt, row.id)
    return row


def get_version_set(session: Session, set_id: str) -> ModelVersionSet:
    """Return the set, also a deleted one. Raises NotFound."""
    row = session.scalar(select(ModelVersionSet).where(ModelVersionSet.id == set_id))
    if row is None:
        raise not_found("model version set", set_id)
    return row


def select_version_sets(filters: Mapping[str, str]) -> Select[ModelVersionSet]:
    """Return the query for the sets whose columns have these values."""
    return select(ModelVersionSet).where(*(getattr(ModelVersionSet, name) == value for name, value in filters.items()))


def update_version_set(
    session: Session, caller: Caller, set_id: str, changes: Mapping[str, object], if_match: str | None = None
) -> ModelVersionSet:
    """Return the set with these columns changed. Raises NotFound, PreconditionFailed."""
    row = _live_set(session, set_id)
    require_match(row, if_match)
    _record(session, caller, row, "update", **apply_changes(row, changes, UPDATABLE))
    row.time_updated = now()
    return changed(row)


def move_version_set(
    session: Session, caller: Caller, set_id: str, compartment_id: str, if_match: str | None = None
) -> ModelVersionSet:
    """Return the set in another compartment; its models stay where they are.

    Raises NotFound, PreconditionFailed, and Conflict when its name is taken there.
    """
    row = _live_set(session, set_id)
    require_match(row, if_match)
    require_compartment(session, compartment_id)
    if compartment_id != row.compartment_id:
        _require_free_name(session, compartment_id, row.name)
    values = apply_changes(row, {"compartment_id": compartment_id}, ["compartment_id"])
    _record(session, caller, row, "move", **values)
    row.time_updated = now()
    return changed(row)


def delete_version_set(
    session: Session, caller: Caller, set_id: str, *, with_models: bool = False, if_match: str | None = None
) -> ModelVersionSet:
    """Return the set, DELETED, without its aliases; ``with_models``: its models are deleted first.

    Raises NotFound, PreconditionFailed, and Conflict while it holds live models, or one of them can't be deleted.
    """
    row = _live_set(session, set_id)
    require_match(row, if_match)
    live = _live_models(session, set_id)
    if live and not with_models:
        raise Conflict(
            f"The model version set holds {len(live)} models that are not deleted.",
            hint="Delete them first, or ask for isDeleteRelatedModels=true.",
        )
    release_aliases(session, caller, row)
    for model_id in live:
        delete_model(session, caller, model_id)
    values = apply_changes(row, {"lifecycle_state": "DELETED"}, ["lifecycle_state"])
    row.time_updated = now()
    _record(session, caller, row, "delete", **values, models=len(live))
    return changed(row)


def _record(session: Session, caller: Caller, row: ModelVersionSet, verb: str, **values: Any) -> None:
    record(session, caller, f"version-set.{verb}", row.id, row.compartment_id, resource_name=row.name, **values)


def _live_set(session: Session, set_id: str) -> ModelVersionSet:
    row = get_version_set(session, set_id)
    if row.lifecycle_state != "ACTIVE":
        raise not_found("model version set", set_id)
    return row


def _live_models(session: Session, set_id: str) -> list[str]:
    members = select(VersionSetMember.model_id).where(VersionSetMember.version_set_id == set_id)
    statement = select(Model.id).where(Model.id.in_(members), Model.lifecycle_state != "DELETED").order_by(Model.seq)
    return list(session.scalars(statement))


def _require_free_name(session: Session, compartment_id: str, name: str) -> None:
    taken = session.scalar(
        select(ModelVersionSet.id).where(
            ModelVersionSet.compartment_id == compartment_id,
            ModelVersionSet.name == name,
            ModelVersionSet.lifecycle_state != "DELETED",
        )
    )
    if taken is not None:
        raise Conflict(f"The name {name!r} is taken by the model version set {taken}.", hint="Choose another name.")
