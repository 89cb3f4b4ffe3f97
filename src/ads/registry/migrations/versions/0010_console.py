"""Sessions of the console, and the links that open them."""

import sqlalchemy as sa
from alembic import op

from ads.registry.tables import Instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables."""
    for name, more in (("console_sessions", ()), ("console_links", (sa.Column("place", sa.Text, nullable=False),))):
        op.create_table(
            name,
            sa.Column("sha256", sa.String(64), nullable=False),
            sa.Column("user_id", sa.String(255), nullable=False),
            sa.Column("credential", sa.String(700), nullable=False),
            *more,
            sa.Column("time_created", Instant, nullable=False),
            sa.Column("time_expires", Instant, nullable=False),
            sa.PrimaryKeyConstraint("sha256", name=f"pk_{name}"),
            sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=f"fk_{name}_user_id"),
        )
