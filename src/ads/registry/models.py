"""Models without their bytes: register, find, change, activate, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, delete, false, select
from sqlalchemy.orm import Session

from ads.errors import Conflict, InputError
from ads.identity.ocid import new_ocid
from ads.registry.deployments import deployments_in_use_of
from ads.registry.events import Caller, record
from ads.registry.lookups import (
    changed,
    default_name,
    not_found,
    require_compartment,
    require_match,
    require_project,
)
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.tables import Artifact, Model, Provenance, now

__all__ = [
    "NewModel",
    "create_model",
    "delete_model",
    "get_model",
    "live_model",
    "move_model",
    "require_version_set",
    "select_models",
    "set_model_active",
    "update_model",
]

UPDATABLE = frozenset(
    {
        "display_name",
        "description",
        "freeform_tags",
        "defined_tags",
        "custom_metadata",
        "defined_metadata",
        "version_label",
        "retention_setting",
        "backup_setting",
    }
)
"""The columns that an update may change."""


@dataclass(frozen=True)
class NewModel:
    """What a caller says about a new model."""

    compartment_id: str
    project_id: str
    display_name: str | None = None
    description: str | None = None
    freeform_tags: dict[str, Any] = field(default_factory=dict)
    defined_tags: dict[str, Any] = field(default_factory=dict)
    custom_metadata: list[dict[str, Any]] = field(default_factory=list)
    defined_metadata: list[dict[str, Any]] = field(default_factory=list)
    input_schema: str | None = None
    output_schema: str | None = None
    version_label: str | None = None
    retention_setting: dict[str, Any] | None = None
    backup_setting: dict[str, Any] | None = None


def create_model(session: Session, caller: Caller, details: NewModel, attempt: Attempt | None = None) -> Model:
    """Return the new model, ACTIVE, or the one that an earlier attempt made. Raises NotFound, Conflict."""
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return get_model(session, earlier)
    require_compartment(session, details.compartment_id)
    require_project(session, details.project_id)
    time = now()
    model = Model(
        id=new_ocid("datasciencemodel"),
        created_by=caller.principal,
        time_created=time,
        **{**vars(details), "display_name": details.display_name or default_name("model", time)},
    )
    session.add(model)
    session.flush()
    record(session, caller, "model.create", model.id, model.compartment_id, displayName=model.display_name)
    remember_outcome(session, caller, attempt, model.id)
    return model


def get_model(session: Session, model_id: str) -> Model:
    """Return the model, also a deleted one. Raises NotFound."""
    model = session.scalar(select(Model).where(Model.id == model_id))
    if model is None:
        raise not_found("model", model_id)
    return model


def live_model(session: Session, model_id: str) -> Model:
    """Return the model unless it is deleted. Raises NotFound."""
    model = get_model(session, model_id)
    if model.lifecycle_state == "DELETED":
        raise not_found("model", model_id)
    return model


def select_models(filters: Mapping[str, str]) -> Select[Model]:
    """Return the query for the models whose columns have these values; no model is in any version set."""
    columns = dict(filters)
    in_set = columns.pop("model_version_set_name", None)
    statement = select(Model).where(*(getattr(Model, name) == value for name, value in columns.items()))
    return statement if in_set is None else statement.where(false())


def update_model(
    session: Session, caller: Caller, model_id: str, changes: Mapping[str, object], if_match: str | None = None
) -> Model:
    """Return the model with these columns changed; maps and lists are replaced as a whole.

    Raises NotFound, PreconditionFailed.
    """
    model = live_model(session, model_id)
    require_match(model, if_match)
    for name in UPDATABLE & changes.keys():
        setattr(model, name, changes[name])
    record(session, caller, "model.update", model.id, model.compartment_id, changed=sorted(changes))
    return changed(model)


def set_model_active(
    session: Session, caller: Caller, model_id: str, *, active: bool, if_match: str | None = None
) -> Model:
    """Return the model, ACTIVE or INACTIVE. Raises NotFound, PreconditionFailed, and Conflict when it already is."""
    model = live_model(session, model_id)
    require_match(model, if_match)
    wanted, needed = ("ACTIVE", "INACTIVE") if active else ("INACTIVE", "ACTIVE")
    if model.lifecycle_state != needed:
        raise Conflict(f"The model is {model.lifecycle_state}, not {needed}.")
    model.lifecycle_state = wanted
    record(session, caller, "model.activate" if active else "model.deactivate", model.id, model.compartment_id)
    return changed(model)


def move_model(
    session: Session, caller: Caller, model_id: str, compartment_id: str, if_match: str | None = None
) -> Model:
    """Return the model in another compartment. Raises NotFound, PreconditionFailed."""
    model = live_model(session, model_id)
    require_match(model, if_match)
    require_compartment(session, compartment_id)
    record(session, caller, "model.move", model.id, compartment_id, origin=model.compartment_id)
    model.compartment_id = compartment_id
    return changed(model)


def delete_model(session: Session, caller: Caller, model_id: str, if_match: str | None = None) -> Model:
    """Return the model, DELETED, without artifact and provenance; their blob is swept later.

    Raises NotFound, PreconditionFailed, and Conflict while a deployment uses it that is not DELETED or FAILED.
    """
    model = live_model(session, model_id)
    require_match(model, if_match)
    using = [deployment.id for deployment in deployments_in_use_of(session, model_id)]
    if using:
        raise Conflict(
            f"The model is used by the deployment {using[0]}" + (f" and {len(using) - 1} more." if using[1:] else "."),
            hint="Delete its deployments first.",
        )
    model.lifecycle_state = "DELETED"
    artifact = session.get(Artifact, model_id)
    session.execute(delete(Artifact).where(Artifact.model_id == model_id))
    session.execute(delete(Provenance).where(Provenance.model_id == model_id))
    details = {"sha256": artifact.sha256} if artifact is not None else {}
    record(session, caller, "model.delete", model.id, model.compartment_id, **details)
    return changed(model)


def require_version_set(version_set_id: str | None) -> None:
    """Return when no version set is named. Raises InputError: this version of the service keeps none."""
    if version_set_id:
        raise InputError("This service keeps no model version sets.", hint="Leave modelVersionSetId out.")
