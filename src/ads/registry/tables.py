"""The tables of the catalog as typed classes. Migrations, not these classes, create them in a database."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

__all__ = [
    "ApiKey",
    "Artifact",
    "Base",
    "Compartment",
    "Default",
    "Event",
    "Instant",
    "MetadataArtifact",
    "Model",
    "ModelVersionSet",
    "Project",
    "Provenance",
    "RetryToken",
    "Sequence",
    "Token",
    "User",
    "VersionSetMember",
    "new_etag",
    "now",
]

JsonObject: TypeAlias = dict[str, Any]
JsonList: TypeAlias = list[dict[str, Any]]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""The type of the ``seq`` columns: the order of creation, which breaks ties in every sorted list."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as microseconds since 1970: the same order and precision in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the number that is stored."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the datetime that was stored."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def now() -> datetime:
    """Return the present as an aware UTC datetime."""
    return datetime.now(timezone.utc)


def new_etag() -> str:
    """Return a new entity tag. They look like UUIDs, because clients read them as such."""
    return str(uuid.uuid4())


class Base(DeclarativeBase):
    """The root of all tables of the catalog, those of other modules included."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, JsonObject: JSON, JsonList: JSON}  # noqa: RUF012


class Compartment(Base):
    """Where resources belong. The tenancy is the compartment without a parent."""

    __tablename__ = "compartments"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("compartments.id"))
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    time_created: Mapped[datetime] = mapped_column(default=now)


class User(Base):
    """Somebody who may call the service."""

    __tablename__ = "users"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    tenancy_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"))
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    time_created: Mapped[datetime] = mapped_column(default=now)


class ApiKey(Base):
    """A public RSA key with which a user signs requests."""

    __tablename__ = "api_keys"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(600), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[str] = mapped_column(Text)
    time_created: Mapped[datetime] = mapped_column(default=now)


class Token(Base):
    """A bearer token. Only its SHA-256 is kept: whoever reads the database can't use it.

    ``scope`` is what it carries of its user's rights, None for all of them.
    """

    __tablename__ = "tokens"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(Text)
    scope: Mapped[JsonObject | None]
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_expires: Mapped[datetime | None]


class Default(Base):
    """What holds when a request names none: tenancy, compartment, project, user; and the generation of identities."""

    __tablename__ = "defaults"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Project(Base):
    """A project: models and deployments of one piece of work."""

    __tablename__ = "projects"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"), index=True)
    display_name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    freeform_tags: Mapped[JsonObject] = mapped_column(default=dict)
    defined_tags: Mapped[JsonObject] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)


class Model(Base):
    """A registered model, without its bytes."""

    __tablename__ = "models"
    __table_args__ = (
        Index(None, "compartment_id", "time_created", "seq"),
        Index(None, "compartment_id", "display_name", "seq"),
        Index(None, "display_name", "seq"),
        Index(None, "compartment_id", "lifecycle_state", "seq"),
        Index(None, "compartment_id", "display_name", "time_created", "seq"),
        Index(None, "compartment_id", "project_id", "time_created", "seq"),
        Index(None, "compartment_id", "lifecycle_state", "time_created", "seq"),
        Index(None, "compartment_id", "created_by", "time_created", "seq"),
        Index(None, "compartment_id", "version_label", "time_created", "seq"),
        Index(
            "ix_models_alive",
            "seq",
            "compartment_id",
            "lifecycle_state",
            "display_name",
            sqlite_where=text("lifecycle_state != 'DELETED'"),
            postgresql_where=text("lifecycle_state != 'DELETED'"),
        ),
        Index(
            "ix_models_alive_by_name",
            "display_name",
            "seq",
            "compartment_id",
            "lifecycle_state",
            sqlite_where=text("lifecycle_state != 'DELETED'"),
            postgresql_where=text("lifecycle_state != 'DELETED'"),
        ),
    )

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"))
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    display_name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    lifecycle_details: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(32), default="USER")
    version_label: Mapped[str | None] = mapped_column(Text)
    freeform_tags: Mapped[JsonObject] = mapped_column(default=dict)
    defined_tags: Mapped[JsonObject] = mapped_column(default=dict)
    custom_metadata: Mapped[JsonList] = mapped_column(default=list)
    defined_metadata: Mapped[JsonList] = mapped_column(default=list)
    input_schema: Mapped[str | None] = mapped_column(Text)
    output_schema: Mapped[str | None] = mapped_column(Text)
    retention_setting: Mapped[JsonObject | None]
    backup_setting: Mapped[JsonObject | None]
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    membership: Mapped[VersionSetMember | None] = relationship(lazy="joined")
    metadata_artifacts: Mapped[list[MetadataArtifact]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class ModelVersionSet(Base):
    """A group of models that are versions of one thing. Its name is taken in its compartment until it is deleted."""

    __tablename__ = "model_version_sets"
    __table_args__ = (
        Index(None, "name"),
        Index(
            "uq_model_version_sets_compartment_id_name",
            "compartment_id",
            "name",
            unique=True,
            sqlite_where=text("lifecycle_state != 'DELETED'"),
            postgresql_where=text("lifecycle_state != 'DELETED'"),
        ),
    )

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"))
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    category: Mapped[str] = mapped_column(String(32), default="USER")
    last_version_id: Mapped[int] = mapped_column(default=0)
    freeform_tags: Mapped[JsonObject] = mapped_column(default=dict)
    defined_tags: Mapped[JsonObject] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_updated: Mapped[datetime] = mapped_column(default=now)


class VersionSetMember(Base):
    """That a model is a version in a set: it joins once, and its number is never given again."""

    __tablename__ = "version_set_members"
    __table_args__ = (UniqueConstraint("version_set_id", "version_id"),)

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), primary_key=True)
    version_set_id: Mapped[str] = mapped_column(ForeignKey("model_version_sets.id"))
    version_id: Mapped[int]
    # Not an inner join: below the outer join of a model SQLite would make a table of all members first.
    version_set: Mapped[ModelVersionSet] = relationship(lazy="joined")


class Artifact(Base):
    """The archive of a model: at most one for each, never replaced. Its bytes are the blob ``sha256``."""

    __tablename__ = "artifacts"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    md5: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    file_name: Mapped[str] = mapped_column(Text)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)


class MetadataArtifact(Base):
    """A file that is attached to a key of a model's custom or defined metadata."""

    __tablename__ = "metadata_artifacts"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    md5: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)


class Provenance(Base):
    """Where a model comes from."""

    __tablename__ = "provenance"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), primary_key=True)
    repository_url: Mapped[str | None] = mapped_column(Text)
    git_branch: Mapped[str | None] = mapped_column(Text)
    git_commit: Mapped[str | None] = mapped_column(Text)
    script_dir: Mapped[str | None] = mapped_column(Text)
    training_script: Mapped[str | None] = mapped_column(Text)
    training_id: Mapped[str | None] = mapped_column(Text)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    time_created: Mapped[datetime] = mapped_column(default=now)


class RetryToken(Base):
    """The outcome of a create that a client may send again, kept for a day."""

    __tablename__ = "retry_tokens"

    principal: Mapped[str] = mapped_column(String(255), primary_key=True)
    operation: Mapped[str] = mapped_column(String(400), primary_key=True)
    token: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    resource_id: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now, index=True)


class Event(Base):
    """One change of one resource: who, what, when, from what to what. Rows are only ever added."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "action", "seq"), Index(None, "principal", "seq"))

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    time: Mapped[datetime] = mapped_column(default=now)
    principal: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(64))
    resource_id: Mapped[str] = mapped_column(String(255), index=True)
    compartment_id: Mapped[str | None] = mapped_column(String(255))
    resource_name: Mapped[str | None] = mapped_column(Text)
    old_values: Mapped[JsonObject | None]
    new_values: Mapped[JsonObject | None]
    details: Mapped[JsonObject] = mapped_column(default=dict)
    request_id: Mapped[str] = mapped_column(String(255), default="")
