"""The tables of object storage: buckets, objects with their versions, uploads in parts."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from ads.registry.tables import Base, JsonObject, Sequence, new_etag, now

__all__ = ["Bucket", "ObjectVersion", "PreauthenticatedRequest", "Segment", "UploadInParts", "UploadedPart", "Utf8"]


class Utf8(TypeDecorator[str]):
    """Text kept as its UTF-8 bytes: sorted by them in every database, and compared with bytes, too."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Return the bytes that are stored."""
        return value.encode() if isinstance(value, str) else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text that was stored."""
        return None if value is None else value.decode()


class Bucket(Base):
    """A place for objects. Its name is unique in the service."""

    __tablename__ = "buckets"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(Utf8, unique=True)
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"), index=True)
    bucket_metadata: Mapped[JsonObject] = mapped_column("metadata", default=dict)
    storage_tier: Mapped[str] = mapped_column(String(32), default="Standard")
    versioning: Mapped[str] = mapped_column(String(32), default="Disabled")
    freeform_tags: Mapped[JsonObject] = mapped_column(default=dict)
    defined_tags: Mapped[JsonObject] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)


class ObjectVersion(Base):
    """One version of one object. Without versioning a bucket keeps one of each."""

    __tablename__ = "object_versions"
    __table_args__ = (
        Index(None, "bucket_seq", "name", "seq"),
        Index(
            "uq_object_versions_current",
            "bucket_seq",
            "name",
            unique=True,
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
    )

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    bucket_seq: Mapped[int] = mapped_column(ForeignKey("buckets.seq"))
    name: Mapped[str] = mapped_column(Utf8)
    version_id: Mapped[str] = mapped_column(String(64), unique=True, default=lambda: str(uuid.uuid4()))
    is_current: Mapped[bool]
    is_delete_marker: Mapped[bool] = mapped_column(default=False)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    md5: Mapped[str] = mapped_column(String(64), default="")
    headers: Mapped[JsonObject] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    segments: Mapped[list[Segment]] = relationship(
        lazy="selectin", order_by="Segment.position", cascade="all, delete-orphan"
    )


class Segment(Base):
    """A part of an object's bytes: a blob. What came in one piece has one."""

    __tablename__ = "object_segments"

    object_seq: Mapped[int] = mapped_column(ForeignKey("object_versions.seq"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)


class UploadInParts(Base):
    """An object that comes in parts and is there once they are committed."""

    __tablename__ = "multipart_uploads"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True, default=lambda: str(uuid.uuid4()))
    bucket_seq: Mapped[int] = mapped_column(ForeignKey("buckets.seq"), index=True)
    name: Mapped[str] = mapped_column(Utf8)
    headers: Mapped[JsonObject] = mapped_column(default=dict)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    parts: Mapped[list[UploadedPart]] = relationship(order_by="UploadedPart.number", cascade="all, delete-orphan")


class UploadedPart(Base):
    """One part of such an object. A part that is sent again replaces the earlier one."""

    __tablename__ = "multipart_parts"
    __table_args__ = (UniqueConstraint("upload_seq", "number"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    upload_seq: Mapped[int] = mapped_column(ForeignKey("multipart_uploads.seq"))
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    md5: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)


class PreauthenticatedRequest(Base):
    """One link. Without ``object_name`` it is for the whole bucket."""

    __tablename__ = "preauthenticated_requests"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    bucket_seq: Mapped[int] = mapped_column(ForeignKey("buckets.seq"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    object_name: Mapped[str | None] = mapped_column(Utf8)
    access_type: Mapped[str] = mapped_column(String(32))
    listing: Mapped[bool]
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_expires: Mapped[datetime]
