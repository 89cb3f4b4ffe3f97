"""What the remaining operations of the wire keep."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables and columns."""
