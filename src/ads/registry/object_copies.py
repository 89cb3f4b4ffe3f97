"""Copies and renames of objects: rows only, their bytes stay where they are."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ads.registry.buckets import get_bucket
from ads.registry.events import Caller
from ads.registry.objects import NONE, Conditions, Content, delete_object, get_object, put_object
from ads.registry.storage_tables import ObjectVersion
from ads.registry.work_requests import accept_work_request, finish_work_request

__all__ = ["COPY", "copy_object", "rename_object"]

COPY = "COPY_OBJECT"
"""The type of a copy's work request."""


def copy_object(
    session: Session,
    caller: Caller,
    source: tuple[str, str],
    target: tuple[str, str],
    source_conditions: Conditions = NONE,
    target_conditions: Conditions = NONE,
) -> str:
    """Return the finished work request of a copy; ``source`` and ``target`` are bucket and name.

    Raises NotFound, PreconditionFailed, InputError for a name that can't be.
    """
    row = get_object(session, *source, conditions=source_conditions)
    put_object(session, caller, *target, _content(row), target_conditions)
    bucket = get_bucket(session, target[0])
    work = accept_work_request(
        session,
        COPY,
        bucket.id,
        bucket.compartment_id,
        entity_type="object",
        action_type="CREATED",
        message=f"Copying {source[1]}",
    )
    finish_work_request(session, work.id, "SUCCEEDED", f"The copy is {target[1]}")
    return work.id


def rename_object(
    session: Session,
    caller: Caller,
    bucket_name: str,
    name: str,
    new_name: str,
    source_conditions: Conditions = NONE,
    target_conditions: Conditions = NONE,
) -> ObjectVersion:
    """Return the object under its new name. Raises NotFound, PreconditionFailed, InputError."""
    row = get_object(session, bucket_name, name, conditions=source_conditions)
    if name == new_name:
        return row
    renamed = put_object(session, caller, bucket_name, new_name, _content(row), target_conditions)
    delete_object(session, caller, bucket_name, name)
    return renamed


def _content(row: ObjectVersion) -> Content:
    return Content([(segment.sha256, segment.size) for segment in row.segments], row.md5, dict(row.headers))
