"""Replicas on machines of their own: what is to run on which node, and what nodes tell of theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "replica_orders",
        sa.Column("replica", sa.String(128), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("kills", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("replica", name="pk_replica_orders"),
    )
    op.create_index("ix_replica_orders_node", "replica_orders", ["node"])
    op.create_table(
        "node_reports",
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("machine", sa.JSON, nullable=False),
        sa.Column("replicas", sa.JSON, nullable=False),
        sa.Column("pieces", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_node_reports"),
    )
