"""Seals of the audit log say which form of words they sign, and which checkpoint their sealer knew."""

from alembic import op

revision = "0006"
down_revision = "0005"

COLUMNS = """
ALTER TABLE audit_seals
    ADD COLUMN format smallint NOT NULL DEFAULT 1,
    ADD COLUMN checkpoint bigint,
    ADD COLUMN checkpoint_digest bytea
"""


def upgrade() -> None:
    """Add the columns; a seal that the version before makes is of the first form, and knows no checkpoint."""
    op.execute(COLUMNS)


def downgrade() -> None:
    """Take them back; seals of the second form do not hold without them."""
    op.execute("ALTER TABLE audit_seals DROP COLUMN format, DROP COLUMN checkpoint, DROP COLUMN checkpoint_digest")
