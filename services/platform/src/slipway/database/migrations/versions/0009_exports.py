"""Exports of all that is held about a subject: what is asked for, and the parts of the package as they are made."""

from alembic import op

revision = "0009"
down_revision = "0008"

# PostgreSQL's statistics keep values of columns: none of what is sealed.
TABLES = """
CREATE TABLE subject_exports (
    id uuid PRIMARY KEY REFERENCES subject_requests ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    subject_id uuid NOT NULL REFERENCES subjects ON DELETE CASCADE,
    recipient bytea NOT NULL,
    position jsonb,
    parts integer NOT NULL DEFAULT 0,
    records bigint NOT NULL DEFAULT 0,
    data_bytes bigint NOT NULL DEFAULT 0,
    finished_at timestamptz
);
CREATE INDEX subject_exports_subject_id_idx ON subject_exports (subject_id);
CREATE INDEX subject_exports_finished_at_idx ON subject_exports (finished_at);
ALTER TABLE subject_exports ALTER COLUMN recipient SET STATISTICS 0, ALTER COLUMN position SET STATISTICS 0;

CREATE TABLE subject_export_parts (
    export_id uuid NOT NULL REFERENCES subject_exports ON DELETE CASCADE,
    number integer NOT NULL,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    subject_id uuid NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (export_id, number)
);
CREATE INDEX subject_export_parts_subject_id_idx ON subject_export_parts (subject_id);
ALTER TABLE subject_export_parts ALTER COLUMN content SET STATISTICS 0;
"""

# Pages of what is held about a person are in its order. It serves what the other one served. Nobody writes inputs while
# it is built.
INDEX = """
CREATE INDEX job_items_subject_id_job_id_ordinal_idx ON job_items (subject_id, job_id, ordinal);
-- It takes no time, and nobody is left who could be kept waiting for long.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX job_items_subject_id_idx;
"""

GRANTS = """
GRANT SELECT, INSERT, DELETE, UPDATE (position, parts, records, data_bytes, finished_at)
    ON subject_exports TO slipway_app;
GRANT SELECT, INSERT, DELETE ON subject_export_parts TO slipway_app;
"""

# Unset or empty means no rows; a subquery is evaluated once a statement, not once a row.
CURRENT_TENANT = "(SELECT nullif(current_setting('slipway.tenant', true), '')::uuid)"

TENANT_TABLES = ("subject_exports", "subject_export_parts")


def upgrade() -> None:
    """Create the tables, each tenant's rows for itself. Requests are claimed: no other role sees these."""
    op.execute(TABLES)
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} TO slipway_app "
            f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
        )
    op.execute(GRANTS)
    op.execute(INDEX)


def downgrade() -> None:
    """Take it back; exports that were not fetched are lost."""
    op.execute("CREATE INDEX job_items_subject_id_idx ON job_items (subject_id)")
    op.execute("DROP INDEX job_items_subject_id_job_id_ordinal_idx")
    for table in reversed(TENANT_TABLES):
        op.execute(f"DROP TABLE {table}")
