"""Users, grants, scopes of tokens."""

import secrets

import sqlalchemy as sa
from alembic import op

from ads.identity.ocid import new_ocid
from ads.registry.tables import Instant, Sequence, now

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables and columns; who was the administrator stays it."""
    _add_columns()
    op.create_table(
        "grants",
        sa.Column("seq", Sequence, nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("compartment_id", sa.String(255), nullable=False),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_grants"),
        sa.UniqueConstraint("id", name="uq_grants_id"),
        sa.UniqueConstraint("user_id", "compartment_id", name="uq_grants_user_id_compartment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_grants_user_id"),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartments.id"], name="fk_grants_compartment_id"),
    )
    op.create_index("ix_grants_compartment_id", "grants", ["compartment_id"])
    _keep_the_administrator()


def _add_columns() -> None:
    etag = secrets.token_hex(16)  # the same for all that are there already: it changes with the first change
    op.add_column("compartments", sa.Column("description", sa.Text, nullable=False, server_default=""))
    op.add_column("compartments", sa.Column("lifecycle_state", sa.String(32), nullable=False, server_default="ACTIVE"))
    op.add_column("compartments", sa.Column("etag", sa.String(64), nullable=False, server_default=etag))
    op.add_column("users", sa.Column("etag", sa.String(64), nullable=False, server_default=etag))
    op.add_column("tokens", sa.Column("scope", sa.JSON, nullable=True))


def _keep_the_administrator() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT name, value FROM defaults"))
    defaults: dict[str, str] = {row[0]: row[1] for row in rows}
    if "tenancy_id" not in defaults:
        return
    grants = sa.table(
        "grants",
        sa.column("id", sa.String),
        sa.column("user_id", sa.String),
        sa.column("compartment_id", sa.String),
        sa.column("verb", sa.String),
        sa.column("created_by", sa.String),
        sa.column("time_created", Instant),
    )
    connection.execute(
        grants.insert().values(
            id=new_ocid("grant"),
            user_id=defaults["user_id"],
            compartment_id=defaults["tenancy_id"],
            verb="manage",
            created_by="service",
            time_created=now(),
        )
    )
