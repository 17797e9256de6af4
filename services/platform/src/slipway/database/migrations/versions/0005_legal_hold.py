"""Legal hold on a subject; revoked API keys may be deleted when their time is over."""

from alembic import op

revision = "0005"
down_revision = "0004"

HOLD = """
ALTER TABLE subjects ADD COLUMN hold_until timestamptz, ADD COLUMN hold_reason text;
"""

# Whoever may lock a row needs to be able to update some column of it.
GRANTS = """
GRANT UPDATE (hold_until, hold_reason) ON subjects TO slipway_app;
GRANT DELETE ON api_keys TO slipway_app;
"""


def upgrade() -> None:
    """Let a subject be held, and let what is over its limit be deleted."""
    op.execute(HOLD)
    op.execute(GRANTS)


def downgrade() -> None:
    """Take it back."""
    op.execute("REVOKE DELETE ON api_keys FROM slipway_app")
    op.execute("ALTER TABLE subjects DROP COLUMN hold_until, DROP COLUMN hold_reason")
