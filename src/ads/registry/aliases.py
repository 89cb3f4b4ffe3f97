"""Aliases: movable names for the versions of a set, as ``champion`` in ``churn@champion``. Their history is kept.

An alias points at one version of its set. A protected one is moved and removed only by who may ``manage`` the set.
"""

from __future__ import annotations

import re

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ads.errors import Conflict, InputError
from ads.registry.catalog_tables import AliasChange, VersionAlias
from ads.registry.events import Caller, record
from ads.registry.grants import require_permission
from ads.registry.lookups import changed, not_found, require_match
from ads.registry.model_index import index_model
from ads.registry.tables import Model, ModelVersionSet, VersionSetMember, now

__all__ = [
    "aliases_of_models",
    "check_alias_name",
    "get_alias",
    "put_alias",
    "release_aliases",
    "remove_alias",
    "require_no_alias",
    "select_alias_changes",
    "select_aliases",
]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_RESERVED = frozenset({"latest"})


def check_alias_name(name: str) -> str:
    """Return the name. Raises InputError for one that no alias can have."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:80]!r} can't be the name of an alias.",
            hint="It has 1 to 63 of the characters a-z, 0-9 and -, and begins with a letter.",
        )
    if name in _RESERVED:
        raise InputError(f"{name!r} can't be the name of an alias: it means a set's newest version everywhere.")
    return name


def select_aliases(set_id: str) -> Select[VersionAlias]:
    """Return the query for the aliases of a set."""
    return select(VersionAlias).where(VersionAlias.version_set_id == set_id)


def select_alias_changes(set_id: str, name: str) -> Select[AliasChange]:
    """Return the query for every move of an alias, those before it was removed included."""
    return select(AliasChange).where(AliasChange.version_set_id == set_id, AliasChange.name == name)


def get_alias(session: Session, set_id: str, name: str) -> VersionAlias:
    """Return the alias. Raises NotFound."""
    found = _find(session, set_id, name)
    if found is None:
        raise not_found("alias", name)
    return found


def put_alias(
    session: Session,
    caller: Caller,
    set_id: str,
    name: str,
    *,
    model_id: str | None = None,
    version_id: int | None = None,
    protected: bool | None = None,
    reason: str | None = None,
    if_match: str | None = None,
) -> VersionAlias:
    """Return the alias, which points at this version of the set from now on; one of the two names it.

    ``protected``: None keeps what it is. Raises InputError, NotFound for set, version and for a protected alias that
    the caller may not move; Conflict for a version that isn't ACTIVE; PreconditionFailed.
    """
    check_alias_name(name)
    version_set = _live_set(session, set_id)
    model, version = _member(session, version_set, model_id, version_id)
    alias = _find(session, set_id, name)
    if alias is None:
        if if_match is not None:
            raise not_found("alias", name)
        alias = VersionAlias(version_set_id=set_id, name=name, protected=False)
    else:
        require_match(alias, if_match)
    if alias.protected or protected:
        _require_manage(session, caller, version_set, name)
    before = (alias.model_id, alias.version_id, alias.protected)
    alias.model_id, alias.version_id = model.id, version
    alias.protected = bool(alias.protected if protected is None else protected)
    if before == (alias.model_id, alias.version_id, alias.protected):
        return alias
    alias.updated_by, alias.time_updated = caller.principal, now()
    session.add(changed(alias))
    _remember(session, caller, version_set, name, before, alias, reason)
    return alias


def remove_alias(
    session: Session, caller: Caller, set_id: str, name: str, *, reason: str | None = None, if_match: str | None = None
) -> None:
    """Remove the alias; its history stays. Raises NotFound, also for a protected one without ``manage``."""
    version_set = _live_set(session, set_id)
    alias = get_alias(session, set_id, name)
    require_match(alias, if_match)
    if alias.protected:
        _require_manage(session, caller, version_set, name)
    _remove(session, caller, version_set, alias, reason)


def require_no_alias(session: Session, model_id: str) -> None:
    """Return when no alias points at the model. Raises Conflict."""
    pointing = session.execute(
        select(VersionAlias.name, ModelVersionSet.name)
        .join(ModelVersionSet, ModelVersionSet.id == VersionAlias.version_set_id)
        .where(VersionAlias.model_id == model_id)
        .order_by(VersionAlias.seq)
    ).all()
    if pointing:
        named = ", ".join(f"{set_name}@{alias}" for alias, set_name in pointing)
        raise Conflict(f"The model can't be deleted: {named} points at it.", hint="Move or remove the alias first.")


def release_aliases(session: Session, caller: Caller, version_set: ModelVersionSet) -> None:
    """Remove all aliases of a set that goes away."""
    for alias in list(session.scalars(select_aliases(version_set.id))):
        _remove(session, caller, version_set, alias, "The version set was deleted.")
    session.flush()


def aliases_of_models(session: Session, model_ids: list[str]) -> dict[str, list[str]]:
    """Return the names of the aliases that point at each of these models."""
    found: dict[str, list[str]] = {}
    rows = select(VersionAlias.model_id, VersionAlias.name).where(VersionAlias.model_id.in_(model_ids))
    for model_id, name in session.execute(rows.order_by(VersionAlias.name)):
        found.setdefault(model_id, []).append(name)
    return found


def _find(session: Session, set_id: str, name: str) -> VersionAlias | None:
    return session.scalar(select_aliases(set_id).where(VersionAlias.name == name))


def _live_set(session: Session, set_id: str) -> ModelVersionSet:
    row = session.scalar(
        select(ModelVersionSet).where(ModelVersionSet.id == set_id, ModelVersionSet.lifecycle_state == "ACTIVE")
    )
    if row is None:
        raise not_found("model version set", set_id)
    return row


def _member(
    session: Session, version_set: ModelVersionSet, model_id: str | None, version_id: int | None
) -> tuple[Model, int]:
    if (model_id is None) == (version_id is None):
        raise InputError("Give either modelId or versionId: the version that the alias points at.")
    members = select(VersionSetMember).where(VersionSetMember.version_set_id == version_set.id)
    wanted = VersionSetMember.model_id == model_id if version_id is None else VersionSetMember.version_id == version_id
    member = session.scalar(members.where(wanted))
    if member is None:
        said = repr(model_id) if version_id is None else str(version_id)
        raise not_found(f"version of the set {version_set.name!r}", said, related=True)
    model = session.scalars(select(Model).where(Model.id == member.model_id)).one()
    if model.lifecycle_state != "ACTIVE":
        raise Conflict(
            f"Version {member.version_id} of {version_set.name!r} is {model.lifecycle_state}: an alias points only at"
            " an ACTIVE one.",
            hint="Activate the model first." if model.lifecycle_state == "INACTIVE" else "Choose another version.",
        )
    return model, member.version_id


def _require_manage(session: Session, caller: Caller, version_set: ModelVersionSet, name: str) -> None:
    refusal = not_found("alias that this credential may change (it is protected, which needs 'manage') named", name)
    require_permission(session, caller, "manage", version_set.compartment_id, refusal)


def _remove(
    session: Session, caller: Caller, version_set: ModelVersionSet, alias: VersionAlias, reason: str | None
) -> None:
    before = (alias.model_id, alias.version_id, alias.protected)
    session.delete(alias)
    _remember(session, caller, version_set, alias.name, before, None, reason)


def _remember(
    session: Session,
    caller: Caller,
    version_set: ModelVersionSet,
    name: str,
    before: tuple[str | None, int | None, bool],
    after: VersionAlias | None,
    reason: str | None,
) -> None:
    """Add the move to the history and to the events. ``alias.move`` is what followers wait for."""
    old_model, old_version, old_protected = before
    new_model, new_version = (None, None) if after is None else (after.model_id, after.version_id)
    if old_model != new_model:
        session.add(
            AliasChange(
                version_set_id=version_set.id,
                name=name,
                principal=caller.principal,
                from_model_id=old_model,
                from_version=old_version,
                to_model_id=new_model,
                to_version=new_version,
                reason=reason,
            )
        )
        for model in session.scalars(select(Model).where(Model.id.in_([old_model, new_model]))):
            index_model(session, model)
    old = {"modelId": old_model, "versionId": old_version, "protected": old_protected}
    new = None if after is None else {"modelId": new_model, "versionId": new_version, "protected": after.protected}
    verb = "remove" if after is None else "move" if old_model != new_model else "update"
    said = {} if reason is None else {"reason": reason}
    record(
        session,
        caller,
        f"alias.{verb}",
        version_set.id,
        version_set.compartment_id,
        resource_name=f"{version_set.name}@{name}",
        old=None if old_model is None else old,
        new=new,
        alias=name,
        **said,
    )
