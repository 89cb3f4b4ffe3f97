"""Models without their bytes: register, find, change, activate, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, Table, bindparam, delete, exists, false, func, select
from sqlalchemy.orm import Session, defer, lazyload

from ads.errors import Conflict
from ads.identity.ocid import new_ocid
from ads.registry.aliases import require_no_alias
from ads.registry.deployments import deployments_in_use_of
from ads.registry.events import Caller, apply_changes, record
from ads.registry.insertion import insert_row
from ads.registry.lookups import (
    changed,
    default_name,
    not_found,
    require_compartment,
    require_match,
    require_project,
)
from ads.registry.model_index import index_model
from ads.registry.model_rows import select_rows
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.tables import (
    Artifact,
    Compartment,
    Model,
    ModelVersionSet,
    Project,
    Provenance,
    VersionSetMember,
    now,
)

__all__ = [
    "LiveModel",
    "NewModel",
    "create_model",
    "delete_model",
    "get_model",
    "live_model",
    "move_model",
    "require_live",
    "select_model_rows",
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


_RARE = ("display_name", "version_label", "created_by", "project_id", "lifecycle_state")
"""The columns that a list may be led by, each with an index of its own."""
_NOT_LISTED = (
    Model.description,
    Model.defined_metadata,
    Model.input_schema,
    Model.output_schema,
    Model.retention_setting,
    Model.backup_setting,
)
"""The columns that lists don't show, and that cost time to read."""
_FEW = 1000
_CATEGORY = "USER"
"""The category of every model: the others are those that come with OCI itself."""


_MODELS = cast("Table", Model.__table__)
_LIVE = select(
    _MODELS.c.seq,
    _MODELS.c.compartment_id,
    _MODELS.c.display_name,
    exists().where(Provenance.model_id == _MODELS.c.id),
    exists().where(Artifact.model_id == _MODELS.c.id),
).where(_MODELS.c.id == bindparam("id"), _MODELS.c.lifecycle_state != "DELETED")
_THERE = select(
    exists().where(Compartment.id == bindparam("compartment"), Compartment.lifecycle_state == "ACTIVE"),
    exists().where(Project.id == bindparam("project"), Project.lifecycle_state == "ACTIVE"),
)


class LiveModel(NamedTuple):
    """A model that isn't deleted: its number, where it is, its name, and what it has."""

    seq: int
    compartment_id: str
    display_name: str
    has_provenance: bool
    has_artifact: bool


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
    model_version_set_id: str | None = None
    version_label: str | None = None
    retention_setting: dict[str, Any] | None = None
    backup_setting: dict[str, Any] | None = None


def create_model(session: Session, caller: Caller, details: NewModel, attempt: Attempt | None = None) -> Model:
    """Return the new model, ACTIVE, or the one that an earlier attempt made. Raises NotFound, Conflict."""
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return get_model(session, earlier)
    places = {"compartment": details.compartment_id, "project": details.project_id}
    if not all(session.connection().execute(_THERE, places).one()):
        require_compartment(session, details.compartment_id)
        require_project(session, details.project_id)
    time = now()
    columns = {**vars(details), "display_name": details.display_name or default_name("model", time)}
    set_id = columns.pop("model_version_set_id")
    model = Model(
        id=new_ocid("datasciencemodel"),
        created_by=caller.principal,
        time_created=time,
        membership=None,
        metadata_artifacts=[],
        **columns,
    )
    if set_id is None:
        insert_row(session, model)
    else:
        session.add(model)
        session.flush()
        _join(session, caller, model, set_id)
    index_model(session, model, fresh=True)
    _record(session, caller, model, "create", new={"displayName": model.display_name, "lifecycleState": "ACTIVE"})
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


def require_live(session: Session, model_id: str) -> LiveModel:
    """Return the little that others ask of a model that isn't deleted. Raises NotFound."""
    row = session.connection().execute(_LIVE, {"id": model_id}).first()
    if row is None:
        raise not_found("model", model_id)
    return LiveModel(*row)


def select_models(filters: Mapping[str, str], session: Session | None = None) -> Select[Model]:
    """Return the query for the models whose columns have these values, and whose version set has this name.

    With a session it is found out first which of the filters few models fit: those are then looked at one by one,
    whatever the order of the list is.
    """
    statement = select(Model).options(lazyload(Model.metadata_artifacts), *map(defer, _NOT_LISTED))
    return _filtered(statement, filters, session)


def select_model_rows(filters: Mapping[str, str], session: Session) -> Select[Any]:
    """Return the same query for the rows that lists show."""
    return _filtered(select_rows(), filters, session)


def _filtered(statement: Select[Any], filters: Mapping[str, str], session: Session | None) -> Select[Any]:
    columns = dict(filters)
    in_set = columns.pop("model_version_set_name", None)
    leads = [_with_column(columns.get("compartment_id"), name, columns[name]) for name in _RARE if name in columns]
    leads += [] if in_set is None else [_in_set(in_set)]
    if columns.pop("category", _CATEGORY) != _CATEGORY:
        return statement.where(false())
    few = None if session is None else _fewest(session, leads)
    if few is not None:
        same = [func.coalesce(getattr(Model, name), "") == value for name, value in columns.items()]
        return statement.where(Model.seq.in_(few), *same)
    statement = statement.where(*(getattr(Model, name) == value for name, value in columns.items()))
    return statement if in_set is None else statement.where(Model.seq.in_(_in_set(in_set)))


def _with_column(compartment_id: str | None, name: str, value: str) -> Select[Any]:
    found = select(Model.seq).where(getattr(Model, name) == value)
    return found if compartment_id is None else found.where(Model.compartment_id == compartment_id)


def _in_set(name: str) -> Select[Any]:
    members = select(Model.seq).join(VersionSetMember, VersionSetMember.model_id == Model.id)
    return members.join(ModelVersionSet, ModelVersionSet.id == VersionSetMember.version_set_id).where(
        ModelVersionSet.name == name
    )


def _fewest(session: Session, leads: Sequence[Select[Any]]) -> list[int] | None:
    """Return the models of the query that finds the fewest; None when each finds many, or there is none."""
    best: tuple[int, Select[Any]] | None = None
    for lead in leads:
        count = session.scalar(select(func.count()).select_from(lead.limit(_FEW + 1).subquery())) or 0
        if count <= _FEW and (best is None or count < best[0]):
            best = (count, lead)
    return None if best is None else list(session.scalars(best[1]))


def update_model(
    session: Session, caller: Caller, model_id: str, changes: Mapping[str, object], if_match: str | None = None
) -> Model:
    """Return the model with these columns changed; maps and lists are replaced as a whole.

    ``model_version_set_id`` makes it join a version set. Raises NotFound, PreconditionFailed, and Conflict for a model
    that is in a set already.
    """
    model = live_model(session, model_id)
    require_match(model, if_match)
    set_id = changes.get("model_version_set_id")
    if isinstance(set_id, str):
        _join(session, caller, model, set_id)
    values = apply_changes(model, changes, UPDATABLE)
    _drop_files_without_key(model)
    index_model(session, model)
    _record(session, caller, model, "update", **values)
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
    verb = "activate" if active else "deactivate"
    _record(session, caller, model, verb, **apply_changes(model, {"lifecycle_state": wanted}, ["lifecycle_state"]))
    return changed(model)


def move_model(
    session: Session, caller: Caller, model_id: str, compartment_id: str, if_match: str | None = None
) -> Model:
    """Return the model in another compartment. Raises NotFound, PreconditionFailed."""
    model = live_model(session, model_id)
    require_match(model, if_match)
    require_compartment(session, compartment_id)
    values = apply_changes(model, {"compartment_id": compartment_id}, ["compartment_id"])
    _record(session, caller, model, "move", **values)
    return changed(model)


def delete_model(session: Session, caller: Caller, model_id: str, if_match: str | None = None) -> Model:
    """Return the model, DELETED, without artifact, provenance and attached files; their blobs are swept later.

    Raises NotFound, PreconditionFailed, and Conflict while a deployment uses it that is not DELETED or FAILED, or an
    alias points at it.
    """
    model = live_model(session, model_id)
    require_match(model, if_match)
    using = [deployment.id for deployment in deployments_in_use_of(session, model_id)]
    if using:
        raise Conflict(
            f"The model is used by the deployment {using[0]}" + (f" and {len(using) - 1} more." if using[1:] else "."),
            hint="Delete its deployments first.",
        )
    require_no_alias(session, model_id)
    values = apply_changes(model, {"lifecycle_state": "DELETED"}, ["lifecycle_state"])
    artifact = session.get(Artifact, model_id)
    session.execute(delete(Artifact).where(Artifact.model_id == model_id))
    session.execute(delete(Provenance).where(Provenance.model_id == model_id))
    model.metadata_artifacts.clear()
    details = {"sha256": artifact.sha256} if artifact is not None else {}
    _record(session, caller, model, "delete", **values, **details)
    return changed(model)


def _record(session: Session, caller: Caller, model: Model, verb: str, **values: Any) -> None:
    record(session, caller, f"model.{verb}", model.id, model.compartment_id, resource_name=model.display_name, **values)


def _drop_files_without_key(model: Model) -> None:
    for row in list(model.metadata_artifacts):
        items = model.custom_metadata if row.kind == "custom" else model.defined_metadata
        if not any(item["key"] == row.key for item in items):
            model.metadata_artifacts.remove(row)


def _join(session: Session, caller: Caller, model: Model, set_id: str) -> None:
    """Make the model the next version of a set. The set's row is locked, so a number is given once."""
    if model.membership is not None:
        raise Conflict(
            f"The model is version {model.membership.version_id} of {model.membership.version_set_id} already.",
            hint="A model joins one version set, once.",
        )
    statement = select(ModelVersionSet).where(ModelVersionSet.id == set_id, ModelVersionSet.lifecycle_state == "ACTIVE")
    version_set = session.scalar(statement.with_for_update())
    if version_set is None:
        raise not_found("model version set", set_id, related=True)
    version_set.last_version_id += 1
    model.membership = VersionSetMember(version_set=version_set, version_id=version_set.last_version_id)
    session.flush()
    record(
        session,
        caller,
        "version-set.join",
        set_id,
        version_set.compartment_id,
        resource_name=version_set.name,
        new={"modelId": model.id, "versionId": version_set.last_version_id},
    )
