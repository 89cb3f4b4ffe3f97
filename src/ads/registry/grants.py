"""Grants: which user may do what in which compartment, and in all below it. What callers may see is asked here, too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.errors import Conflict, NotFound
from ads.identity.access import EVERYTHING, CompartmentTree, Permissions, Verb
from ads.identity.ocid import new_ocid
from ads.registry.events import SERVICE, Caller, record
from ads.registry.lookups import not_found, require_compartment
from ads.registry.tables import Base, Compartment, Sequence, User, now

__all__ = [
    "Grant",
    "add_grant",
    "administrators",
    "compartment_tree",
    "get_grant",
    "permissions_of",
    "remove_grant",
    "require_permission",
    "visible_compartments",
]

_ADMINISTRATOR: Verb = "manage"


class Grant(Base):
    """One verb of one user in one compartment."""

    __tablename__ = "grants"
    __table_args__ = (UniqueConstraint("user_id", "compartment_id"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"), index=True)
    verb: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)


def visible_compartments(session: Session, caller: Caller, verb: Verb = "inspect") -> frozenset[str]:
    """Return the compartments in which the caller has this verb: what lists across compartments may draw from.

    A credential that is limited to deployments sees none.
    """
    permissions = permissions_of(session, caller)
    return frozenset(id_ for id_ in permissions.tree if caller is SERVICE or permissions.allows(verb, id_))


def require_permission(
    session: Session, caller: Caller, verb: Verb, compartment_id: str, refusal: NotFound | None = None
) -> None:
    """Return when the caller has the verb in the compartment. Raises ``refusal``, or NotFound for the compartment.

    The door has checked the path, the query and the known parts of the body; ask this for what a handler finds itself.
    """
    if caller is not SERVICE and not permissions_of(session, caller).allows(verb, compartment_id):
        raise refusal or not_found("compartment", compartment_id, related=True)


def permissions_of(session: Session, caller: Caller) -> Permissions:
    """Return what the caller's credential may do now, as the database knows it.

    That is nothing once the user was deactivated or the credential expired: long answers ask again.
    """
    scope = caller.scope or EVERYTHING
    active = select(User.id).where(User.id == caller.principal, User.lifecycle_state == "ACTIVE")
    grants = session.scalars(select(Grant).where(Grant.user_id.in_(active)))
    over = scope.expires is not None and scope.expires <= now().timestamp()
    held = {} if over else {grant.compartment_id: grant.verb for grant in grants}
    return Permissions(held, scope, compartment_tree(session))


def compartment_tree(session: Session) -> CompartmentTree:
    """Return all compartments; the deleted ones, too, because what was in them stays readable."""
    return CompartmentTree({row.id: row.parent_id for row in session.scalars(select(Compartment))})


def add_grant(session: Session, caller: Caller, user_id: str, verb: Verb, compartment_id: str) -> Grant:
    """Return the user's grant in the compartment; an earlier one gets the new verb.

    Raises NotFound for the user or the compartment, Conflict when that would take the last administrator away.
    """
    if session.scalar(select(User.id).where(User.id == user_id)) is None:
        raise not_found("user", user_id, related=True)
    require_compartment(session, compartment_id)
    grant = session.scalar(select(Grant).where(Grant.user_id == user_id, Grant.compartment_id == compartment_id))
    if grant is None:
        grant = Grant(
            id=new_ocid("grant"),
            user_id=user_id,
            compartment_id=compartment_id,
            verb=verb,
            created_by=caller.principal,
        )
        session.add(grant)
        session.flush()
        record(session, caller, "grant.create", grant.id, compartment_id, new={"verb": verb}, user=user_id)
    elif grant.verb != verb:
        _keep_an_administrator(session, grant)
        old, new = {"verb": grant.verb}, {"verb": verb}
        record(session, caller, "grant.update", grant.id, compartment_id, old=old, new=new, user=user_id)
        grant.verb = verb
    return grant


def get_grant(session: Session, grant_id: str) -> Grant:
    """Return the grant. Raises NotFound."""
    grant = session.scalar(select(Grant).where(Grant.id == grant_id))
    if grant is None:
        raise not_found("grant", grant_id)
    return grant


def remove_grant(session: Session, caller: Caller, grant_id: str) -> None:
    """Take a grant away. Raises NotFound, Conflict for that of the last administrator."""
    grant = get_grant(session, grant_id)
    _keep_an_administrator(session, grant)
    session.delete(grant)
    verb = {"verb": grant.verb}
    record(session, caller, "grant.delete", grant.id, grant.compartment_id, old=verb, user=grant.user_id)


def administrators(session: Session) -> list[str]:
    """Return the active users who may do everything: those with ``manage`` on the tenancy."""
    statement = (
        select(Grant.user_id)
        .join(User, User.id == Grant.user_id)
        .join(Compartment, Compartment.id == Grant.compartment_id)
        .where(Compartment.parent_id.is_(None), Grant.verb == _ADMINISTRATOR, User.lifecycle_state == "ACTIVE")
    )
    return list(session.scalars(statement))


def _keep_an_administrator(session: Session, grant: Grant) -> None:
    root = session.scalar(select(Compartment.id).where(Compartment.parent_id.is_(None)))
    if grant.compartment_id == root and grant.verb == _ADMINISTRATOR and administrators(session) == [grant.user_id]:
        raise Conflict(
            "That is the last administrator: without one nobody could manage this service any more.",
            hint="Grant another user 'manage' on the tenancy first.",
        )
