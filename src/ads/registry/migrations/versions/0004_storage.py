"""Storage: uploads in parts, references to blobs."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables and columns."""
