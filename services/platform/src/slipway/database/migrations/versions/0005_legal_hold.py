"""Legal hold on a subject; what is over its limit may be deleted; the retention notes how far it has come."""

from alembic import op

revision = "0005"
down_revision = "0004"

HOLD = """
ALTER TABLE subjects ADD COLUMN hold_until timestamptz, ADD COLUMN hold_reason text;
"""

RUNS = """
CREATE TABLE retention_runs (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    store text NOT NULL,
    succeeded_at timestamptz NOT NULL,
    oldest timestamptz,
    PRIMARY KEY (tenant_id, store)
);
ALTER TABLE retention_runs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON retention_runs TO slipway_app
    USING (tenant_id = (SELECT nullif(current_setting('slipway.tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('slipway.tenant', true), '')::uuid));
CREATE POLICY system ON retention_runs TO slipway_system USING (true);
"""

# Whoever may lock a row needs to be able to update some column of it.
GRANTS = """
GRANT UPDATE (hold_until, hold_reason) ON subjects TO slipway_app;
GRANT DELETE ON api_keys TO slipway_app;
GRANT DELETE, UPDATE (created_at) ON webhook_events TO slipway_app;
GRANT SELECT, INSERT, UPDATE ON retention_runs TO slipway_app;
GRANT SELECT ON retention_runs TO slipway_system;
"""

# The owner sees the rows of nobody while row-level security is forced upon it.
NO_HOLD_IS_LOST = """
ALTER TABLE subjects NO FORCE ROW LEVEL SECURITY;
DO $$BEGIN
    IF EXISTS (SELECT FROM subjects WHERE hold_until > now()) THEN
        RAISE EXCEPTION 'Legal holds are in force, and the schema before this one cannot keep them.'
            USING HINT = 'List them with "slipway retention holds", and release each once it is kept elsewhere.';
    END IF;
END$$;
ALTER TABLE subjects FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """Let a subject be held, and let what is over its limit be deleted."""
    op.execute(HOLD)
    op.execute(RUNS)
    op.execute(GRANTS)


def downgrade() -> None:
    """Take it back, unless that would drop a legal hold."""
    op.execute(NO_HOLD_IS_LOST)
    op.execute("DROP TABLE retention_runs")
    op.execute("REVOKE DELETE, UPDATE (created_at) ON webhook_events FROM slipway_app")
    op.execute("REVOKE DELETE ON api_keys FROM slipway_app")
    op.execute("ALTER TABLE subjects DROP COLUMN hold_until, DROP COLUMN hold_reason")
