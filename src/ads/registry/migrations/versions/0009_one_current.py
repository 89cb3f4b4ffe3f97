"""At most one current version of an object, by a constraint."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "uq_object_versions_current",
        "object_versions",
        ["bucket_seq", "name"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
