"""Tombstones: who was erased, so that no restored backup brings them back."""

from alembic import op

revision = "0008"
down_revision = "0007"

# The subject is gone, or about to be: no foreign key.
TOMBSTONES = """
CREATE TABLE tombstones (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    subject_id uuid NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    line bigint,
    first_version integer,
    key_version integer,
    removed jsonb NOT NULL DEFAULT '{}',
    erased_at timestamptz,
    told_at timestamptz,
    PRIMARY KEY (tenant_id, subject_id)
);
"""

# Unset or empty means no rows; a subquery is evaluated once a statement, not once a row.
CURRENT_TENANT = "(SELECT nullif(current_setting('slipway.tenant', true), '')::uuid)"

# Across tenants: whether all that the evidence names is there, and which versions of keys have to be destroyed.
GRANTS = """
GRANT SELECT, INSERT, UPDATE (line, first_version, key_version, removed, erased_at, told_at)
    ON tombstones TO slipway_app;
GRANT SELECT (tenant_id, subject_id, line, key_version, erased_at, told_at) ON tombstones TO slipway_system;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TOMBSTONES)
    op.execute("ALTER TABLE tombstones ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON tombstones TO slipway_app "
        f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
    )
    op.execute("CREATE POLICY system ON tombstones TO slipway_system USING (true)")
    op.execute(GRANTS)


def downgrade() -> None:
    """Take it back; the evidence still has every line of it, and the next upgrade replays them."""
    op.execute("DROP TABLE tombstones")
