"""The models that aren't deleted, by name; and with their names, in the order of their creation, for sorting some."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_ALIVE = sa.text("lifecycle_state != 'DELETED'")


def upgrade() -> None:
    """Create the indexes."""
    op.drop_index("ix_models_alive", "models")
    for name, columns in (
        ("ix_models_alive", ["seq", "compartment_id", "lifecycle_state", "display_name"]),
        ("ix_models_alive_by_name", ["display_name", "seq", "compartment_id", "lifecycle_state"]),
    ):
        op.create_index(name, "models", columns, sqlite_where=_ALIVE, postgresql_where=_ALIVE)
