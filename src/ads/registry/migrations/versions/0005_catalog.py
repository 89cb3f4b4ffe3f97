"""Aliases, search, lineage, webhooks."""

import sqlalchemy as sa
from alembic import op

from ads.registry.storage_tables import Utf8
from ads.registry.tables import Instant, Sequence

revision = "0005"
down_revision = "0004"

_LISTED_BY = ("display_name", "project_id", "lifecycle_state", "created_by", "version_label")


def upgrade() -> None:
    """Create the tables and columns."""
    _aliases()
    _search()
    _lineage()
    _events()
    _webhooks()


def _seq() -> sa.Column[int]:
    return sa.Column("seq", Sequence, nullable=False)


def _aliases() -> None:
    op.create_table(
        "version_aliases",
        _seq(),
        sa.Column("version_set_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("version_id", sa.Integer, nullable=False),
        sa.Column("protected", sa.Boolean, nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("updated_by", sa.String(255), nullable=False),
        sa.Column("time_updated", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_version_aliases"),
        sa.UniqueConstraint("version_set_id", "name", name="uq_version_aliases_version_set_id_name"),
        sa.ForeignKeyConstraint(
            ["version_set_id"], ["model_version_sets.id"], name="fk_version_aliases_version_set_id"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_version_aliases_model_id"),
    )
    op.create_index("ix_version_aliases_model_id", "version_aliases", ["model_id"])
    op.create_table(
        "alias_changes",
        _seq(),
        sa.Column("version_set_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("principal", sa.String(255), nullable=False),
        sa.Column("from_model_id", sa.String(255)),
        sa.Column("from_version", sa.Integer),
        sa.Column("to_model_id", sa.String(255)),
        sa.Column("to_version", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("seq", name="pk_alias_changes"),
        sa.ForeignKeyConstraint(["version_set_id"], ["model_version_sets.id"], name="fk_alias_changes_version_set_id"),
    )
    op.create_index("ix_alias_changes_version_set_id_name_seq", "alias_changes", ["version_set_id", "name", "seq"])


def _search() -> None:
    op.create_table(
        "model_terms",
        sa.Column("term", Utf8, nullable=False),
        sa.Column("model_seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("term", "model_seq", name="pk_model_terms"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_model_terms_model_seq_term", "model_terms", ["model_seq", "term"])
    op.create_table(
        "model_numbers",
        sa.Column("model_seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("field", Utf8, nullable=False),
        sa.Column("number", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("model_seq", "field", name="pk_model_numbers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_model_numbers_field_number_model_seq", "model_numbers", ["field", "number", "model_seq"])
    for column in _LISTED_BY:
        op.create_index(
            f"ix_models_compartment_id_{column}_time_created_seq",
            "models",
            ["compartment_id", column, "time_created", "seq"],
        )
    op.create_index("ix_model_version_sets_name", "model_version_sets", ["name"])
    op.create_index("ix_models_display_name_seq", "models", ["display_name", "seq"])
    op.create_index(
        "ix_models_compartment_id_lifecycle_state_seq", "models", ["compartment_id", "lifecycle_state", "seq"]
    )


def _lineage() -> None:
    op.create_table(
        "lineage_edges",
        _seq(),
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("other", sa.String(1024), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_lineage_edges"),
        sa.UniqueConstraint("model_id", "kind", "other", name="uq_lineage_edges_model_id_kind_other"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_lineage_edges_model_id"),
    )
    op.create_index("ix_lineage_edges_other", "lineage_edges", ["other"])
    op.execute(
        "INSERT INTO lineage_edges (model_id, kind, other, time_created)"
        " SELECT model_id, 'deployed-as', id, time_created FROM deployments ORDER BY seq"
    )


def _events() -> None:
    op.add_column("events", sa.Column("resource_name", sa.Text))
    op.add_column("events", sa.Column("old_values", sa.JSON))
    op.add_column("events", sa.Column("new_values", sa.JSON))
    op.create_index("ix_events_action_seq", "events", ["action", "seq"])
    op.create_index("ix_events_principal_seq", "events", ["principal", "seq"])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        _seq(),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("secret", sa.String(255), nullable=False),
        sa.Column("lifecycle_state", sa.String(32), nullable=False),
        sa.Column("lifecycle_details", sa.Text),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("time_failing", Instant),
        sa.Column("time_next", Instant),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.Column("time_updated", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_webhooks"),
        sa.UniqueConstraint("id", name="uq_webhooks_id"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_webhooks_compartment_id"),
    )
    op.create_index("ix_webhooks_compartment_id", "webhooks", ["compartment_id"])
    op.create_index("ix_webhooks_lifecycle_state", "webhooks", ["lifecycle_state"])
    op.create_table(
        "webhook_deliveries",
        _seq(),
        sa.Column("webhook_id", sa.String(255), nullable=False),
        sa.Column("event_seq", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id"),
    )
    op.create_index("ix_webhook_deliveries_webhook_id_seq", "webhook_deliveries", ["webhook_id", "seq"])
