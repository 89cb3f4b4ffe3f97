"""Model version sets, files attached to metadata."""

import sqlalchemy as sa
from alembic import op

from ads.registry.tables import Instant, Sequence

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables."""
    _version_sets()
    _metadata_artifacts()


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
