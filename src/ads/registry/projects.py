"""Projects: create, find, change, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ads.errors import Conflict
from ads.identity.ocid import new_ocid
from ads.registry.events import Caller, apply_changes, record
from ads.registry.lookups import changed, default_name, not_found, require_compartment, require_match
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.tables import Model, Project, now

__all__ = [
    "NewProject",
    "create_project",
    "delete_project",
    "get_project",
    "move_project",
    "select_projects",
    "update_project",
]

UPDATABLE = frozenset({"display_name", "description", "freeform_tags", "defined_tags"})
"""The columns that an update may change."""


@dataclass(frozen=True)
class NewProject:
    """What a caller says about a new project."""

    compartment_id: str
    display_name: str | None = None
    description: str | None = None
    freeform_tags: dict[str, Any] = field(default_factory=dict)
    defined_tags: dict[str, Any] = field(default_factory=dict)


def create_project(session: Session, caller: Caller, details: NewProject, attempt: Attempt | None = None) -> Project:
    """Return the new project, or the one that an earlier attempt made. Raises NotFound, Conflict."""
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return get_project(session, earlier)
    require_compartment(session, details.compartment_id)
    time = now()
    project = Project(
        id=new_ocid("datascienceproject"),
        compartment_id=details.compartment_id,
        display_name=details.display_name or default_name("project", time),
        description=details.description,
        freeform_tags=details.freeform_tags,
        defined_tags=details.defined_tags,
        created_by=caller.principal,
        time_created=time,
    )
    session.add(project)
    session.flush()
    _record(session, caller, project, "create", new={"displayName": project.display_name, "lifecycleState": "ACTIVE"})
    remember_outcome(session, caller, attempt, project.id)
    return project


def get_project(session: Session, project_id: str) -> Project:
    """Return the project, also a deleted one. Raises NotFound."""
    project = session.scalar(select(Project).where(Project.id == project_id))
    if project is None:
        raise not_found("project", project_id)
    return project


def select_projects(filters: Mapping[str, str]) -> Select[Project]:
    """Return the query for the projects whose columns have these values."""
    return select(Project).where(*(getattr(Project, name) == value for name, value in filters.items()))


def update_project(
    session: Session, caller: Caller, project_id: str, changes: Mapping[str, object], if_match: str | None = None
) -> Project:
    """Return the project with these columns changed. Raises NotFound, PreconditionFailed, Conflict."""
    project = _live_project(session, project_id)
    require_match(project, if_match)
    _record(session, caller, project, "update", **apply_changes(project, changes, UPDATABLE))
    return changed(project)


def move_project(
    session: Session, caller: Caller, project_id: str, compartment_id: str, if_match: str | None = None
) -> Project:
    """Return the project in another compartment; what belongs to it stays. Raises NotFound, PreconditionFailed."""
    project = _live_project(session, project_id)
    require_match(project, if_match)
    require_compartment(session, compartment_id)
    values = apply_changes(project, {"compartment_id": compartment_id}, ["compartment_id"])
    _record(session, caller, project, "move", **values)
    return changed(project)


def delete_project(session: Session, caller: Caller, project_id: str, if_match: str | None = None) -> Project:
    """Return the project, DELETED. Raises NotFound, PreconditionFailed, and Conflict while it holds a live model."""
    project = _live_project(session, project_id)
    require_match(project, if_match)
    live = session.scalar(
        select(func.count())
        .where(Model.project_id == project_id, Model.lifecycle_state != "DELETED")
        .select_from(Model)
    )
    if live:
        raise Conflict(f"The project holds {live} models that are not deleted.", hint="Delete its models first.")
    values = apply_changes(project, {"lifecycle_state": "DELETED"}, ["lifecycle_state"])
    _record(session, caller, project, "delete", **values)
    return changed(project)


def _record(session: Session, caller: Caller, project: Project, verb: str, **values: Any) -> None:
    name = project.display_name
    record(session, caller, f"project.{verb}", project.id, project.compartment_id, resource_name=name, **values)


def _live_project(session: Session, project_id: str) -> Project:
    project = get_project(session, project_id)
    if project.lifecycle_state != "ACTIVE":
        raise not_found("project", project_id)
    return project
