"""Buckets: create, find, change, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ads.errors import Conflict, InputError, NotFound
from ads.identity.ocid import NAMESPACE, new_ocid
from ads.registry.events import Caller, apply_changes, record
from ads.registry.lookups import changed, require_compartment
from ads.registry.storage_tables import Bucket, ObjectVersion, PreauthenticatedRequest, UploadInParts

__all__ = [
    "NAMESPACE",
    "NewBucket",
    "create_bucket",
    "delete_bucket",
    "get_bucket",
    "locked_bucket",
    "no_bucket",
    "select_buckets",
    "update_bucket",
]

UPDATABLE = frozenset({"bucket_metadata", "freeform_tags", "defined_tags", "versioning", "compartment_id"})
"""The columns that an update may change."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,256}", re.ASCII)


@dataclass(frozen=True)
class NewBucket:
    """What a caller says about a new bucket."""

    name: str
    compartment_id: str
    bucket_metadata: dict[str, Any] = field(default_factory=dict)
    storage_tier: str = "Standard"
    versioning: str = "Disabled"
    freeform_tags: dict[str, Any] = field(default_factory=dict)
    defined_tags: dict[str, Any] = field(default_factory=dict)


def create_bucket(session: Session, caller: Caller, details: NewBucket) -> Bucket:
    """Return the new bucket. Raises InputError for its name, NotFound, Conflict when there is one of that name."""
    if not _NAME.fullmatch(details.name):
        raise InputError("A bucket's name must have 1 to 256 letters, digits, dots, dashes or underscores.")
    require_compartment(session, details.compartment_id)
    if session.scalar(select(Bucket.seq).where(Bucket.name == details.name)) is not None:
        raise Conflict(f"There is a bucket {details.name!r} already.", service_code="BucketAlreadyExists", status=409)
    bucket = Bucket(id=new_ocid("bucket"), created_by=caller.principal, **vars(details))
    session.add(bucket)
    session.flush()
    new = {"name": bucket.name, "versioning": bucket.versioning}
    record(session, caller, "bucket.create", bucket.id, bucket.compartment_id, resource_name=bucket.name, new=new)
    return bucket


def get_bucket(session: Session, name: str) -> Bucket:
    """Return the bucket. Raises NotFound."""
    bucket = session.scalar(select(Bucket).where(Bucket.name == name))
    if bucket is None:
        raise no_bucket(name)
    return bucket


def locked_bucket(session: Session, name: str) -> Bucket:
    """Return the bucket, which nobody else changes until the transaction ends. Raises NotFound."""
    bucket = session.scalar(select(Bucket).where(Bucket.name == name).with_for_update())
    if bucket is None:
        raise no_bucket(name)
    return bucket


def select_buckets(filters: Mapping[str, str]) -> Select[Bucket]:
    """Return the query for the buckets whose columns have these values."""
    return select(Bucket).where(*(getattr(Bucket, name) == value for name, value in filters.items()))


def update_bucket(session: Session, caller: Caller, name: str, changes: Mapping[str, Any]) -> Bucket:
    """Return the bucket with these columns changed. Raises NotFound."""
    bucket = locked_bucket(session, name)
    if "compartment_id" in changes:
        require_compartment(session, changes["compartment_id"])
    values = apply_changes(bucket, changes, UPDATABLE)
    record(session, caller, "bucket.update", bucket.id, bucket.compartment_id, resource_name=name, **values)
    return changed(bucket)


def delete_bucket(session: Session, caller: Caller, name: str) -> None:
    """Remove an empty bucket. Raises NotFound; Conflict while it holds an object, a version or an upload in parts."""
    bucket = locked_bucket(session, name)
    for column in (ObjectVersion.bucket_seq, UploadInParts.bucket_seq, PreauthenticatedRequest.bucket_seq):
        if session.scalar(select(column).where(column == bucket.seq).limit(1)) is not None:
            raise Conflict(
                f"The bucket {name!r} is not empty.",
                service_code="BucketNotEmpty",
                status=409,
                hint="Delete its objects, their versions, the uploads that never ended and its links first.",
            )
    old = {"name": name, "versioning": bucket.versioning}
    record(session, caller, "bucket.delete", bucket.id, bucket.compartment_id, resource_name=name, old=old)
    session.delete(bucket)


def no_bucket(name: str) -> NotFound:
    """Return the error for a bucket that isn't there."""
    return NotFound(
        f"There is no bucket {name[:256]!r}, or the credential doesn't allow seeing it.",
        status=404,
        service_code="BucketNotFound",
    )
