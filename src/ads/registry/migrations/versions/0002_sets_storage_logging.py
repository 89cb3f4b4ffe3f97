"""Model version sets, files attached to metadata, object storage, logs."""

import sqlalchemy as sa
from alembic import op

from ads.registry.storage_tables import Utf8
from ads.registry.tables import Instant, Sequence

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    _version_sets()
    _metadata_artifacts()
    _buckets()
    _objects()
    _uploads_in_parts()
    _logs()


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(255), nullable=False)


def _seq() -> sa.Column[int]:
    return sa.Column("seq", Sequence, nullable=False)


def _version_sets() -> None:
    op.create_table(
        "model_version_sets",
        _seq(),
        _id(),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("last_version_id", sa.Integer, nullable=False),
        sa.Column("freeform_tags", sa.JSON, nullable=False),
        sa.Column("defined_tags", sa.JSON, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.Column("time_updated", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_model_version_sets"),
        sa.UniqueConstraint("id", name="uq_model_version_sets_id"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_model_version_sets_compartment_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_model_version_sets_project_id"),
    )
    live = sa.text("lifecycle_state != 'DELETED'")
    op.create_index(
        "uq_model_version_sets_compartment_id_name",
        "model_version_sets",
        ["compartment_id", "name"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_table(
        "version_set_members",
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("version_set_id", sa.String(255), nullable=False),
        sa.Column("version_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_version_set_members"),
        sa.UniqueConstraint("version_set_id", "version_id", name="uq_version_set_members_version_set_id_version_id"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_version_set_members_model_id"),
        sa.ForeignKeyConstraint(
            ["version_set_id"], ["model_version_sets.id"], name="fk_version_set_members_version_set_id"
        ),
    )


def _metadata_artifacts() -> None:
    op.create_table(
        "metadata_artifacts",
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("md5", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("model_id", "kind", "key", name="pk_metadata_artifacts"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_metadata_artifacts_model_id"),
    )
    op.create_index("ix_metadata_artifacts_sha256", "metadata_artifacts", ["sha256"])


def _buckets() -> None:
    op.create_table(
        "buckets",
        _seq(),
        _id(),
        sa.Column("name", Utf8, nullable=False),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("storage_tier", sa.String(32), nullable=False),
        sa.Column("versioning", sa.String(32), nullable=False),
        sa.Column("freeform_tags", sa.JSON, nullable=False),
        sa.Column("defined_tags", sa.JSON, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_buckets"),
        sa.UniqueConstraint("id", name="uq_buckets_id"),
        sa.UniqueConstraint("name", name="uq_buckets_name"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_buckets_compartment_id"),
    )
    op.create_index("ix_buckets_compartment_id", "buckets", ["compartment_id"])


def _objects() -> None:
    op.create_table(
        "object_versions",
        _seq(),
        sa.Column("bucket_seq", Sequence, nullable=False),
        sa.Column("name", Utf8, nullable=False),
        sa.Column("version_id", sa.String(64), nullable=False),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.Column("is_delete_marker", sa.Boolean, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("md5", sa.String(64), nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_object_versions"),
        sa.UniqueConstraint("version_id", name="uq_object_versions_version_id"),
        sa.ForeignKeyConstraint(["bucket_seq"], ["buckets.seq"], name="fk_object_versions_bucket_seq"),
    )
    op.create_index("ix_object_versions_bucket_seq_name_seq", "object_versions", ["bucket_seq", "name", "seq"])
    op.create_table(
        "object_segments",
        sa.Column("object_seq", Sequence, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("object_seq", "position", name="pk_object_segments"),
        sa.ForeignKeyConstraint(["object_seq"], ["object_versions.seq"], name="fk_object_segments_object_seq"),
    )
    op.create_index("ix_object_segments_sha256", "object_segments", ["sha256"])


def _uploads_in_parts() -> None:
    op.create_table(
        "multipart_uploads",
        _seq(),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("bucket_seq", Sequence, nullable=False),
        sa.Column("name", Utf8, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_multipart_uploads"),
        sa.UniqueConstraint("id", name="uq_multipart_uploads_id"),
        sa.ForeignKeyConstraint(["bucket_seq"], ["buckets.seq"], name="fk_multipart_uploads_bucket_seq"),
    )
    op.create_index("ix_multipart_uploads_bucket_seq", "multipart_uploads", ["bucket_seq"])
    op.create_table(
        "multipart_parts",
        _seq(),
        sa.Column("upload_seq", Sequence, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("md5", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_multipart_parts"),
        sa.UniqueConstraint("upload_seq", "number", name="uq_multipart_parts_upload_seq_number"),
        sa.ForeignKeyConstraint(["upload_seq"], ["multipart_uploads.seq"], name="fk_multipart_parts_upload_seq"),
    )
    op.create_index("ix_multipart_parts_sha256", "multipart_parts", ["sha256"])


def _logs() -> None:
    op.create_table(
        "log_groups",
        _seq(),
        _id(),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("display_name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("freeform_tags", sa.JSON, nullable=False),
        sa.Column("defined_tags", sa.JSON, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_log_groups"),
        sa.UniqueConstraint("id", name="uq_log_groups_id"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_log_groups_compartment_id"),
    )
    names = ["compartment_id", "display_name"]
    op.create_index("ix_log_groups_compartment_id_display_name", "log_groups", names, unique=True)
    op.create_table(
        "logs",
        _seq(),
        _id(),
        sa.Column("log_group_id", sa.String(255), nullable=False),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("display_name", sa.String(255), nullable=False),
        sa.Column("log_type", sa.String(32), nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("retention_duration", sa.Integer, nullable=False),
        sa.Column("configuration", sa.JSON),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("freeform_tags", sa.JSON, nullable=False),
        sa.Column("defined_tags", sa.JSON, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_logs"),
        sa.UniqueConstraint("id", name="uq_logs_id"),
        sa.ForeignKeyConstraint(["log_group_id"], ["log_groups.id"], name="fk_logs_log_group_id"),
    )
    op.create_index("ix_logs_log_group_id_display_name", "logs", ["log_group_id", "display_name"], unique=True)
