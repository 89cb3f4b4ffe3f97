"""The first tables: identities, the catalog, its records, deployments, work requests."""

import sqlalchemy as sa
from alembic import op

from ads.registry.tables import Instant, Sequence

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    _identities()
    _catalog()
    _records()
    _deployments()


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(255), nullable=False)


def _seq() -> sa.Column[int]:
    return sa.Column("seq", Sequence, nullable=False)


def _identities() -> None:
    op.create_table(
        "compartments",
        _seq(),
        _id(),
        sa.Column("parent_id", sa.String(255)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_compartments"),
        sa.UniqueConstraint("id", name="uq_compartments_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["compartments.id"], name="fk_compartments_parent_id"),
    )
    op.create_table(
        "users",
        _seq(),
        _id(),
        sa.Column("tenancy_id", sa.String(255), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_users"),
        sa.UniqueConstraint("id", name="uq_users_id"),
        sa.ForeignKeyConstraint(["tenancy_id"], ["compartments.id"], name="fk_users_tenancy_id"),
    )
    op.create_table(
        "api_keys",
        _seq(),
        sa.Column("key_id", sa.String(600), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_api_keys"),
        sa.UniqueConstraint("key_id", name="uq_api_keys_key_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id"),
    )
    op.create_table(
        "tokens",
        _seq(),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.Column("time_expires", Instant),
        sa.PrimaryKeyConstraint("seq", name="pk_tokens"),
        sa.UniqueConstraint("sha256", name="uq_tokens_sha256"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id"),
    )
    op.create_table(
        "defaults",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_defaults"),
    )


def _catalog() -> None:
    op.create_table(
        "projects",
        _seq(),
        _id(),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("freeform_tags", sa.JSON, nullable=False),
        sa.Column("defined_tags", sa.JSON, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_projects"),
        sa.UniqueConstraint("id", name="uq_projects_id"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_projects_compartment_id"),
    )
    op.create_index("ix_projects_compartment_id", "projects", ["compartment_id"])
    op.create_table(
        "models",
        _seq(),
        _id(),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("lifecycle_details", sa.Text),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("version_label", sa.Text),
        sa.Column("freeform_tags", sa.JSON, nullable=False),
        sa.Column("defined_tags", sa.JSON, nullable=False),
        sa.Column("custom_metadata", sa.JSON, nullable=False),
        sa.Column("defined_metadata", sa.JSON, nullable=False),
        sa.Column("input_schema", sa.Text),
        sa.Column("output_schema", sa.Text),
        sa.Column("retention_setting", sa.JSON),
        sa.Column("backup_setting", sa.JSON),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_models"),
        sa.UniqueConstraint("id", name="uq_models_id"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_models_compartment_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_models_project_id"),
    )
    op.create_index("ix_models_project_id", "models", ["project_id"])
    for column in ("time_created", "display_name"):
        op.create_index(f"ix_models_compartment_id_{column}_seq", "models", ["compartment_id", column, "seq"])
    op.create_table(
        "artifacts",
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("md5", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_artifacts"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_artifacts_model_id"),
    )
    op.create_index("ix_artifacts_sha256", "artifacts", ["sha256"])
    op.create_table(
        "provenance",
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("repository_url", sa.Text),
        sa.Column("git_branch", sa.Text),
        sa.Column("git_commit", sa.Text),
        sa.Column("script_dir", sa.Text),
        sa.Column("training_script", sa.Text),
        sa.Column("training_id", sa.Text),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_provenance"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_provenance_model_id"),
    )


def _records() -> None:
    op.create_table(
        "retry_tokens",
        sa.Column("principal", sa.String(255), nullable=False),
        sa.Column("operation", sa.String(400), nullable=False),
        sa.Column("token", sa.String(255), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("resource_id", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("principal", "operation", "token", name="pk_retry_tokens"),
    )
    op.create_index("ix_retry_tokens_time_created", "retry_tokens", ["time_created"])
    op.create_table(
        "events",
        _seq(),
        sa.Column("time", Instant, nullable=False),
        sa.Column("principal", sa.String(255), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("resource_id", sa.String(255), nullable=False),
        sa.Column("compartment_id", sa.String(255)),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("request_id", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_resource_id", "events", ["resource_id"])


def _deployments() -> None:
    op.create_table(
        "deployments",
        _seq(),
        _id(),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("lifecycle_details", sa.Text),
        sa.Column("target", sa.String(32), nullable=False),
        sa.Column("configuration", sa.JSON, nullable=False),
        sa.Column("serving_configuration", sa.JSON),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("last_revision", sa.Integer, nullable=False),
        sa.Column("serving_revision", sa.Integer, nullable=False),
        sa.Column("work_request_id", sa.String(255)),
        sa.Column("category_log_details", sa.JSON, nullable=False),
        sa.Column("freeform_tags", sa.JSON, nullable=False),
        sa.Column("defined_tags", sa.JSON, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_deployments"),
        sa.UniqueConstraint("id", name="uq_deployments_id"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_deployments_compartment_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_deployments_project_id"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_deployments_model_id"),
    )
    op.create_index("ix_deployments_model_id", "deployments", ["model_id"])
    op.create_index("ix_deployments_lifecycle_state", "deployments", ["lifecycle_state"])
    op.create_table(
        "work_requests",
        _seq(),
        _id(),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("operation_type", sa.String(64), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("percent_complete", sa.Integer, nullable=False),
        sa.Column("resource_id", sa.String(255), nullable=False),
        sa.Column("entity_type", sa.String(64), nullable=False),
        sa.Column("action_type", sa.String(32), nullable=False),
        sa.Column("time_accepted", Instant, nullable=False),
        sa.Column("time_started", Instant),
        sa.Column("time_finished", Instant),
        sa.PrimaryKeyConstraint("seq", name="pk_work_requests"),
        sa.UniqueConstraint("id", name="uq_work_requests_id"),
    )
    op.create_index("ix_work_requests_resource_id", "work_requests", ["resource_id"])
    op.create_table(
        "work_request_entries",
        _seq(),
        sa.Column("work_request_id", sa.String(255), nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_work_request_entries"),
        sa.ForeignKeyConstraint(
            ["work_request_id"], ["work_requests.id"], name="fk_work_request_entries_work_request_id"
        ),
    )
    op.create_index("ix_work_request_entries_work_request_id", "work_request_entries", ["work_request_id"])
