"""Tenant keys have versions that end; the index key is a key of its own; keys say which version wrapped them."""

from alembic import op

revision = "0004"
down_revision = "0003"

# Until now every tenant has had one version, the first: the default is right for all rows, and for those that the
# release before still writes. Processes of that release must have ended before a key is rotated.
COLUMNS = """
ALTER TABLE tenant_keys
    ADD COLUMN retired_at timestamptz, ADD COLUMN emptied_at timestamptz, ADD COLUMN destroyed_at timestamptz,
    ADD COLUMN backed_up_at timestamptz;
ALTER TABLE subject_keys ADD COLUMN wrapped_by integer NOT NULL DEFAULT 1;

CREATE TABLE tenant_index_keys (
    tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    wrapped_by integer NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""

# A sample of the values would lie in pg_statistic, where no erasure reaches it.
NO_SAMPLES = """
ALTER TABLE tenant_keys ALTER COLUMN wrapped SET STATISTICS 0;
ALTER TABLE tenant_index_keys ALTER COLUMN wrapped SET STATISTICS 0;
ALTER TABLE subject_keys ALTER COLUMN wrapped SET STATISTICS 0;
"""

# Volatile: the query sees what was committed while the lock was waited for. Whoever holds it can rely on the newest
# version until the transaction ends, as a rotation takes the same lock for itself alone.
HOLD = """
CREATE FUNCTION hold_tenant_keys(tenant uuid) RETURNS integer LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('keys:' || tenant::text, 0));
    RETURN (SELECT max(k.version) FROM public.tenant_keys k WHERE k.tenant_id = tenant);
END $$;
REVOKE EXECUTE ON FUNCTION hold_tenant_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_tenant_keys TO slipway_app;
"""

# One row a subject: built within the time that a migration may hold a lock. It serves what the other one served.
INDEX = """
CREATE INDEX subject_keys_wrapped_by_idx ON subject_keys (tenant_id, wrapped_by, subject_id);
-- The table is locked for the new column already, and it takes no time.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX subject_keys_tenant_id_idx;
"""

# Unset or empty means no rows; a subquery is evaluated once a statement, not once a row.
CURRENT_TENANT = "(SELECT nullif(current_setting('slipway.tenant', true), '')::uuid)"

GRANTS = """
GRANT UPDATE (wrapped, retired_at, emptied_at, destroyed_at, backed_up_at) ON tenant_keys TO slipway_app;
GRANT UPDATE (wrapped, wrapped_by) ON subject_keys TO slipway_app;
GRANT SELECT, INSERT, UPDATE (wrapped, wrapped_by) ON tenant_index_keys TO slipway_app;

GRANT SELECT (tenant_id, version, created_at, retired_at, emptied_at, destroyed_at, backed_up_at)
    ON tenant_keys TO slipway_system;
"""


def upgrade() -> None:
    """Add the columns, the table, the lock and the index."""
    op.execute(COLUMNS)
    op.execute(NO_SAMPLES)
    op.execute("ALTER TABLE tenant_index_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON tenant_index_keys TO slipway_app "
        f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
    )
    op.execute("CREATE POLICY system ON tenant_keys TO slipway_system USING (true)")
    op.execute(HOLD)
    op.execute(GRANTS)
    op.execute(INDEX)


def downgrade() -> None:
    """Take it back; only while no key has been rotated, for the release before knows the first version alone."""
    op.execute("CREATE INDEX subject_keys_tenant_id_idx ON subject_keys (tenant_id)")
    op.execute("DROP INDEX subject_keys_wrapped_by_idx")
    op.execute("DROP FUNCTION hold_tenant_keys")
    op.execute("DROP POLICY system ON tenant_keys")
    op.execute("REVOKE SELECT (tenant_id, version, created_at) ON tenant_keys FROM slipway_system")
    op.execute("REVOKE UPDATE (wrapped) ON tenant_keys FROM slipway_app")
    op.execute("REVOKE UPDATE (wrapped) ON subject_keys FROM slipway_app")
    op.execute("DROP TABLE tenant_index_keys")
    op.execute("ALTER TABLE subject_keys DROP COLUMN wrapped_by")
    op.execute(
        "ALTER TABLE tenant_keys DROP COLUMN retired_at, DROP COLUMN emptied_at, DROP COLUMN destroyed_at,"
        " DROP COLUMN backed_up_at"
    )
