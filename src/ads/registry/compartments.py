"""Compartments: create, find, change, delete when empty. The tenancy is the root of their tree."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ads.errors import Conflict
from ads.identity.ocid import new_ocid
from ads.registry.events import Caller, apply_changes, record
from ads.registry.grants import Grant
from ads.registry.lookups import changed, not_found, require_compartment, require_match
from ads.registry.tables import Base, Compartment, Default

__all__ = ["create_compartment", "delete_compartment", "get_compartment", "update_compartment"]

# Their rows name compartments without being in them.
_NO_CONTENT = frozenset({"events", "grants", "work_requests"})
_DEEPEST = 6


def create_compartment(
    session: Session, caller: Caller, parent_id: str, name: str, description: str = ""
) -> Compartment:
    """Return the new compartment. Raises NotFound for the parent, Conflict for a name that is taken or for too deep."""
    parent = require_compartment(session, parent_id)
    _require_free(session, parent_id, name)
    if _depth(session, parent) >= _DEEPEST:
        raise Conflict(f"Compartments can be nested {_DEEPEST} deep.", hint="Create it further up.")
    row = Compartment(id=new_ocid("compartment"), parent_id=parent_id, name=name, description=description)
    session.add(row)
    session.flush()
    new = {"name": name, "description": description, "lifecycleState": "ACTIVE"}
    record(session, caller, "compartment.create", row.id, row.id, resource_name=name, new=new, parent=parent_id)
    return row


def get_compartment(session: Session, compartment_id: str) -> Compartment:
    """Return the compartment, also a deleted one. Raises NotFound."""
    row = session.scalar(select(Compartment).where(Compartment.id == compartment_id))
    if row is None:
        raise not_found("compartment", compartment_id)
    return row


def update_compartment(
    session: Session, caller: Caller, compartment_id: str, changes: Mapping[str, str], if_match: str | None = None
) -> Compartment:
    """Return the compartment with another name or description. Raises NotFound, PreconditionFailed, Conflict."""
    row = _live(session, compartment_id)
    require_match(row, if_match)
    if row.parent_id is not None and changes.get("name", row.name) != row.name:
        _require_free(session, row.parent_id, changes["name"])
    values = apply_changes(row, changes, ("name", "description"))
    record(session, caller, "compartment.update", row.id, row.id, resource_name=row.name, **values)
    return changed(row)


def delete_compartment(
    session: Session, caller: Caller, compartment_id: str, if_match: str | None = None
) -> Compartment:
    """Return the compartment, DELETED, without its grants. Raises NotFound, PreconditionFailed.

    Raises Conflict for the tenancy and the default compartment, and while anything is in it that isn't deleted.
    """
    row = _live(session, compartment_id)
    require_match(row, if_match)
    needed = session.scalars(select(Default.value).where(Default.name.in_(("tenancy_id", "compartment_id"))))
    if row.id in set(needed):
        raise Conflict(f"The compartment {row.name!r} is one that the service needs.")
    held = _content(session, row.id)
    if held:
        listed = ", ".join(f"{number} {name}" for name, number in held.items())
        raise Conflict(f"The compartment {row.name!r} is not empty: {listed}.", hint="Delete or move those first.")
    session.execute(delete(Grant).where(Grant.compartment_id == row.id))
    values = apply_changes(row, {"lifecycle_state": "DELETED"}, ["lifecycle_state"])
    record(session, caller, "compartment.delete", row.id, row.id, resource_name=row.name, **values)
    return changed(row)


def _content(session: Session, compartment_id: str) -> dict[str, int]:
    """Return what isn't deleted in the compartment, as a number for each kind."""
    found: dict[str, int] = {}
    for name, table in Base.metadata.tables.items():
        column = table.c.parent_id if name == "compartments" else table.c.get("compartment_id")
        if column is None or name in _NO_CONTENT:
            continue
        statement = select(func.count()).select_from(table).where(column == compartment_id)
        if "lifecycle_state" in table.c:
            statement = statement.where(table.c.lifecycle_state != "DELETED")
        number = session.scalar(statement)
        if number:
            found[name.replace("_", " ")] = number
    return found


def _depth(session: Session, row: Compartment) -> int:
    depth = 0
    place: Compartment | None = row
    while place is not None and place.parent_id is not None:
        depth += 1
        place = session.scalar(select(Compartment).where(Compartment.id == place.parent_id))
    return depth


def _live(session: Session, compartment_id: str) -> Compartment:
    row = get_compartment(session, compartment_id)
    if row.lifecycle_state != "ACTIVE":
        raise not_found("compartment", compartment_id)
    return row


def _require_free(session: Session, parent_id: str, name: str) -> None:
    taken = select(Compartment.id).where(
        Compartment.parent_id == parent_id, Compartment.name == name, Compartment.lifecycle_state == "ACTIVE"
    )
    if session.scalar(taken) is not None:
        raise Conflict(f"There is a compartment {name!r} here already.", hint="Choose another name.")
