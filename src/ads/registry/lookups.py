"""Rules that every kind of resource shares: found or not, changed meanwhile or not, what exists around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.errors import NotFound, PreconditionFailed
from ads.registry.tables import Compartment, Project, new_etag

__all__ = ["changed", "default_name", "not_found", "require_compartment", "require_match", "require_project"]


class _HasEtag(Protocol):
    etag: Any


Resource = TypeVar("Resource", bound=_HasEtag)


def not_found(noun: str, id_: str, *, related: bool = False) -> NotFound:
    """Return the error for a thing that isn't there. ``related``: the request's body names it, not its path."""
    return NotFound(
        f"There is no {noun} {id_[:255]!r}, or the credential doesn't allow seeing it.",
        service_code="RelatedResourceNotAuthorizedOrNotFound" if related else "",
        hint=f"Check the OCID of the {noun}.",
    )


def require_compartment(session: Session, compartment_id: str) -> Compartment:
    """Return the live compartment that a request's body names. Raises NotFound."""
    row = session.scalar(
        select(Compartment).where(Compartment.id == compartment_id, Compartment.lifecycle_state == "ACTIVE")
    )
    if row is None:
        raise not_found("compartment", compartment_id, related=True)
    return row


def require_project(session: Session, project_id: str) -> Project:
    """Return the live project that a request's body names. Raises NotFound."""
    row = session.scalar(select(Project).where(Project.id == project_id, Project.lifecycle_state == "ACTIVE"))
    if row is None:
        raise not_found("project", project_id, related=True)
    return row


def require_match(resource: _HasEtag, if_match: str | None) -> None:
    """Return when the caller knows the latest state or doesn't care. Raises PreconditionFailed."""
    if if_match is not None and if_match not in {resource.etag, "*"}:
        raise PreconditionFailed(
            "The resource changed since its etag was read.",
            hint="Read it again, and repeat the change with the new etag.",
        )


def changed(resource: Resource) -> Resource:
    """Give the resource a new etag, and return it."""
    resource.etag = new_etag()
    return resource


def default_name(noun: str, time: datetime) -> str:
    """Return the display name of a resource that was made without one."""
    return f"{noun}-{time:%Y%m%d-%H%M%S}"
