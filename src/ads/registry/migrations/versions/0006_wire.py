"""Pre-authenticated requests: links to objects that need no other credential."""

import sqlalchemy as sa
from alembic import op

from ads.registry.storage_tables import Utf8
from ads.registry.tables import Instant, Sequence

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "preauthenticated_requests",
        sa.Column("seq", Sequence, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("bucket_seq", Sequence, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("object_name", Utf8),
        sa.Column("access_type", sa.String(32), nullable=False),
        sa.Column("listing", sa.Boolean, nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("time_created", Instant, nullable=False),
        sa.Column("time_expires", Instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_preauthenticated_requests"),
        sa.UniqueConstraint("id", name="uq_preauthenticated_requests_id"),
        sa.UniqueConstraint("token_sha256", name="uq_preauthenticated_requests_token_sha256"),
        sa.ForeignKeyConstraint(["bucket_seq"], ["buckets.seq"], name="fk_preauthenticated_requests_bucket_seq"),
    )
    op.create_index("ix_preauthenticated_requests_bucket_seq", "preauthenticated_requests", ["bucket_seq"])
