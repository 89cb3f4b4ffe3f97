"""The models that aren't deleted, in the order of their creation: what searches leave lists for."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "ix_models_alive",
        "models",
        ["seq", "compartment_id", "lifecycle_state"],
        sqlite_where=sa.text("lifecycle_state != 'DELETED'"),
        postgresql_where=sa.text("lifecycle_state != 'DELETED'"),
    )
