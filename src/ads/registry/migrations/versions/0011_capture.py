"""Whether requests of a deployment are captured."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column."""
    op.add_column("deployments", sa.Column("capture", sa.JSON))
