"""Restriction and objection of a subject; the requests by which rights are answered, with their receipts."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATES = """
ALTER TABLE subjects ADD COLUMN restricted_at timestamptz, ADD COLUMN objected_at timestamptz;
"""

# Few are restricted: who looks for them, for each chunk and each page of results, finds them here, and mostly nobody.
# The index is empty when it is built.
BLOCKED = """
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX subjects_blocked_idx ON subjects (tenant_id, id)
    WHERE restricted_at IS NOT NULL OR objected_at IS NOT NULL;
"""

# Else the planner takes nearly everybody for restricted, until the table is analysed by itself.
KNOWN = "ANALYZE subjects (restricted_at, objected_at)"

# The subject of a request may be gone: its receipt stays.
REQUESTS = """
CREATE TABLE subject_requests (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('erasure', 'export')),
    state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'held', 'running', 'done', 'failed')),
    subject_id uuid NOT NULL,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deadline timestamptz NOT NULL,
    lease_until timestamptz,
    token bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    finished_at timestamptz,
    receipt jsonb,
    receipt_signature bytea,
    key_id text
);
CREATE INDEX subject_requests_subject_id_idx ON subject_requests (tenant_id, subject_id, created_at);
CREATE INDEX subject_requests_open_idx ON subject_requests (kind, created_at)
    WHERE state IN ('received', 'held', 'running');
CREATE UNIQUE INDEX subject_requests_erasure_idx ON subject_requests (tenant_id, subject_id)
    WHERE kind = 'erasure' AND state IN ('received', 'held', 'running');
"""

# Unset or empty means no rows; a subquery is evaluated once a statement, not once a row.
CURRENT_TENANT = "(SELECT nullif(current_setting('slipway.tenant', true), '')::uuid)"

# Who is to be let alone the system role learns as numbers and dates of a tenant, never who it is.
GRANTS = """
GRANT UPDATE (restricted_at, objected_at) ON subjects TO slipway_app;
GRANT SELECT (tenant_id, restricted_at, objected_at) ON subjects TO slipway_system;

GRANT SELECT, INSERT,
    UPDATE (state, lease_until, token, attempts, finished_at, receipt, receipt_signature, key_id)
    ON subject_requests TO slipway_app;
GRANT SELECT (id, tenant_id, kind, state, created_at, deadline, lease_until, token, attempts),
    UPDATE (state, lease_until, token, attempts) ON subject_requests TO slipway_system;
"""


def upgrade() -> None:
    """Add the columns, the table and what may be done with them."""
    op.execute(STATES)
    op.execute(BLOCKED)
    op.execute(KNOWN)
    op.execute(REQUESTS)
    op.execute("ALTER TABLE subject_requests ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON subject_requests TO slipway_app "
        f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
    )
    op.execute("CREATE POLICY system ON subject_requests TO slipway_system USING (true)")
    op.execute("CREATE POLICY system ON subjects TO slipway_system USING (true)")
    op.execute(GRANTS)


def downgrade() -> None:
    """Take it back; restrictions and objections are forgotten, receipts are lost."""
    op.execute("DROP TABLE subject_requests")
    op.execute("DROP POLICY system ON subjects")
    op.execute("REVOKE SELECT (tenant_id) ON subjects FROM slipway_system")
    op.execute("ALTER TABLE subjects DROP COLUMN restricted_at, DROP COLUMN objected_at")
