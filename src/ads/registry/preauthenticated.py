"""Pre-authenticated requests: a link opens one object, or those below a prefix, until it expires.

The link's token is shown once and kept as its SHA-256. Whoever holds it acts as the one who made it, so a link ends
with the rights of its maker.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ads.errors import InputError, NotFound
from ads.registry.buckets import get_bucket, locked_bucket
from ads.registry.events import Caller, record
from ads.registry.storage_tables import Bucket, PreauthenticatedRequest
from ads.registry.tables import now

__all__ = [
    "ACCESS_TYPES",
    "Allowed",
    "NewRequest",
    "allowed_by",
    "create_request",
    "delete_request",
    "get_request",
    "select_requests",
]

ACCESS_TYPES = (
    "ObjectRead",
    "ObjectWrite",
    "ObjectReadWrite",
    "AnyObjectRead",
    "AnyObjectWrite",
    "AnyObjectReadWrite",
)
"""What a link may allow: one object, or any below its prefix."""

_TOKEN_BYTES = 32
_LONGEST_TOKEN = 200


@dataclass(frozen=True)
class NewRequest:
    """What a caller says about a new link."""

    name: str
    access_type: str
    time_expires: datetime
    object_name: str | None = None
    listing: bool = False


@dataclass(frozen=True)
class Allowed:
    """What a link opens: in which bucket, as whom, and which names."""

    bucket: str
    principal: str
    object_name: str | None
    any_object: bool
    reads: bool
    writes: bool
    lists: bool

    def covers(self, name: str) -> bool:
        """Tell whether the object of this name is one of those that the link is for."""
        if self.any_object:
            return name.startswith(self.object_name or "")
        return name == self.object_name


def create_request(
    session: Session, caller: Caller, bucket_name: str, details: NewRequest
) -> tuple[PreauthenticatedRequest, str]:
    """Return the new link and its token, which nobody can read again. Raises NotFound, InputError."""
    bucket = locked_bucket(session, bucket_name)
    any_object = details.access_type.startswith("Any")
    if not any_object and not details.object_name:
        raise InputError(f"The access type {details.access_type} needs objectName.", hint="Name the object.")
    if details.listing and not (any_object and "Read" in details.access_type):
        raise InputError("Only a link that reads any object can list them.", hint="Leave bucketListingAction out.")
    if details.time_expires <= now():
        raise InputError("timeExpires must be in the future.")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = PreauthenticatedRequest(
        id=secrets.token_hex(16),
        bucket_seq=bucket.seq,
        token_sha256=_digest(token),
        created_by=caller.principal,
        **vars(details),
    )
    session.add(row)
    session.flush()
    record(
        session,
        caller,
        "preauthenticated-request.create",
        row.id,
        bucket.compartment_id,
        new=_shown(row),
        bucket=bucket_name,
    )
    return row, token


def get_request(session: Session, bucket_name: str, request_id: str) -> PreauthenticatedRequest:
    """Return a link of the bucket. Raises NotFound."""
    bucket = get_bucket(session, bucket_name)
    row = session.scalar(
        select(PreauthenticatedRequest).where(
            PreauthenticatedRequest.bucket_seq == bucket.seq, PreauthenticatedRequest.id == request_id
        )
    )
    if row is None:
        raise NotFound("The bucket has no such pre-authenticated request.", status=404, service_code="ParNotFound")
    return row


def select_requests(bucket: Bucket, prefix: str) -> Select[PreauthenticatedRequest]:
    """Return the query for the bucket's links whose objects' names begin with the prefix."""
    statement = select(PreauthenticatedRequest).where(PreauthenticatedRequest.bucket_seq == bucket.seq)
    if prefix:
        named = PreauthenticatedRequest.object_name
        statement = statement.where(named >= prefix.encode(), named < prefix.encode() + b"\xff")
    return statement


def _shown(row: PreauthenticatedRequest) -> dict[str, Any]:
    """Return a link as events tell of it, without what opens it."""
    expires = row.time_expires.isoformat()
    return {"name": row.name, "object": row.object_name, "accessType": row.access_type, "timeExpires": expires}


def delete_request(session: Session, caller: Caller, bucket_name: str, request_id: str) -> None:
    """Remove a link: it opens nothing from now on. Raises NotFound."""
    bucket = locked_bucket(session, bucket_name)
    row = get_request(session, bucket_name, request_id)
    action, old = "preauthenticated-request.delete", _shown(row)
    record(session, caller, action, row.id, bucket.compartment_id, old=old, bucket=bucket_name)
    session.delete(row)


def allowed_by(session: Session, token: str) -> Allowed | None:
    """Return what the link with this token opens now, None for one that is unknown, removed or expired."""
    if not 0 < len(token) <= _LONGEST_TOKEN:
        return None
    row = session.scalar(select(PreauthenticatedRequest).where(PreauthenticatedRequest.token_sha256 == _digest(token)))
    if row is None or row.time_expires <= now():
        return None
    bucket = session.get(Bucket, row.bucket_seq)
    if bucket is None:
        return None
    return Allowed(
        bucket=bucket.name,
        principal=row.created_by,
        object_name=row.object_name,
        any_object=row.access_type.startswith("Any"),
        reads="Read" in row.access_type,
        writes="Write" in row.access_type,
        lists=row.listing,
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
