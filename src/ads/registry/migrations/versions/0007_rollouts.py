"""Rollouts, traffic and autoscaling of deployments."""

import sqlalchemy as sa
from alembic import op

from ads.registry.tables import Instant, Sequence

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables and columns."""
    with op.batch_alter_table("deployments") as table:
        table.add_column(sa.Column("follows", sa.Text))
        table.add_column(sa.Column("followed_set_id", sa.String(255)))
        table.add_column(sa.Column("followed_model_id", sa.String(255)))
        table.add_column(sa.Column("strategy", sa.JSON))
        table.add_column(sa.Column("rules", sa.JSON))
        table.add_column(sa.Column("autoscaling", sa.JSON))
        table.add_column(sa.Column("scale", sa.Integer))
        table.add_column(sa.Column("time_scaled", Instant))
    op.create_table(
        "deployment_revisions",
        sa.Column("deployment_id", sa.String(255), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("origin", sa.Integer),
        sa.Column("configuration", sa.JSON, nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.Column("time_served", Instant),
        sa.PrimaryKeyConstraint("deployment_id", "revision", name="pk_deployment_revisions"),
    )
    op.create_table(
        "rollouts",
        sa.Column("seq", Sequence, nullable=False),
        sa.Column("deployment_id", sa.String(255), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("from_revision", sa.Integer, nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("compared", sa.Integer, nullable=False),
        sa.Column("disagreed", sa.Integer, nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.Column("time_step", Instant, nullable=False),
        sa.Column("time_ended", Instant),
        sa.PrimaryKeyConstraint("seq", name="pk_rollouts"),
    )
    op.create_index("ix_rollouts_deployment_id", "rollouts", ["deployment_id"])
    op.create_table(
        "shadow_pairs",
        sa.Column("seq", Sequence, nullable=False),
        sa.Column("rollout_seq", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("serving_status", sa.Integer, nullable=False),
        sa.Column("serving_answer", sa.Text, nullable=False),
        sa.Column("shadow_status", sa.Integer, nullable=False),
        sa.Column("shadow_answer", sa.Text, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_shadow_pairs"),
    )
    op.create_index("ix_shadow_pairs_rollout_seq", "shadow_pairs", ["rollout_seq"])
