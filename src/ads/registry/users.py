"""Users: create, find, change, deactivate. They are never deleted, because what they made names them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.errors import Conflict
from ads.identity.ocid import new_ocid
from ads.registry.events import Caller, apply_changes, record
from ads.registry.grants import administrators
from ads.registry.lookups import changed, not_found, require_match
from ads.registry.tables import User

__all__ = ["create_user", "get_user", "set_active", "update_user"]


def create_user(session: Session, caller: Caller, tenancy_id: str, name: str, description: str = "") -> User:
    """Return the new user, who has no credential and may do nothing yet. Raises Conflict when the name is taken."""
    _require_free(session, name)
    user = User(id=new_ocid("user"), tenancy_id=tenancy_id, name=name, description=description)
    session.add(user)
    session.flush()
    new = {"name": name, "description": description}
    record(session, caller, "user.create", user.id, tenancy_id, resource_name=name, new=new)
    return user


def get_user(session: Session, user_id: str, *, related: bool = False) -> User:
    """Return the user. Raises NotFound; ``related``: the request's body names the user, not its path."""
    user = session.scalar(select(User).where(User.id == user_id))
    if user is None:
        raise not_found("user", user_id, related=related)
    return user


def update_user(
    session: Session, caller: Caller, user_id: str, changes: Mapping[str, str], if_match: str | None = None
) -> User:
    """Return the user with another name or description. Raises NotFound, PreconditionFailed, Conflict."""
    user = get_user(session, user_id)
    require_match(user, if_match)
    if changes.get("name", user.name) != user.name:
        _require_free(session, changes["name"])
    values = apply_changes(user, changes, ("name", "description"))
    record(session, caller, "user.update", user.id, user.tenancy_id, resource_name=user.name, **values)
    return changed(user)


def set_active(session: Session, caller: Caller, user_id: str, *, active: bool, if_match: str | None = None) -> User:
    """Return the user, whose tokens and keys are accepted from now on, or refused.

    Raises NotFound, PreconditionFailed, Conflict for the last administrator.
    """
    user = get_user(session, user_id)
    require_match(user, if_match)
    state = "ACTIVE" if active else "INACTIVE"
    if user.lifecycle_state == state:
        return user
    if not active and administrators(session) == [user.id]:
        raise Conflict(
            f"{user.name!r} is the last administrator: without one nobody could manage this service any more.",
            hint="Grant another user 'manage' on the tenancy first.",
        )
    action = "user.activate" if active else "user.deactivate"
    values = apply_changes(user, {"lifecycle_state": state}, ("lifecycle_state",))
    record(session, caller, action, user.id, user.tenancy_id, resource_name=user.name, **values)
    return changed(user)


def _require_free(session: Session, name: str) -> None:
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise Conflict(f"There is a user {name!r} already.", hint="Choose another name.")
