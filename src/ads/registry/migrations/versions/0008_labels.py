"""Labels of artifacts."""

import sqlalchemy as sa
from alembic import op

from ads.registry.tables import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "artifact_labels",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "name", name="pk_artifact_labels"),
    )
