"""Past one machine: the members of a cluster, what its leader publishes, what gateways count, who works on what."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables, and add the column."""
    op.create_table(
        "members",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("control", sa.String(300), nullable=False),
        sa.Column("gateway", sa.String(300), nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("acknowledged", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )
    op.create_table(
        "published",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_published"),
    )
    op.create_table(
        "gateway_lines",
        sa.Column("seq", _SEQUENCE, nullable=False),
        sa.Column("gateway", sa.String(200), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_gateway_lines"),
    )
    op.create_index("ix_gateway_lines_gateway_time", "gateway_lines", ["gateway", "time"])
    op.add_column("work_requests", sa.Column("member", sa.String(64)))
