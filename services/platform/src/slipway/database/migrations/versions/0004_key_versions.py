"""Tenant keys have versions that end; the index key is a key of its own; keys say which version wrapped them."""

from alembic import op

revision = "0004"
down_revision = "0003"

# Until now every tenant has had one version, the first: the default is right for all rows, and for those that the
# release before still writes. Processes of that release must have ended before a key is rotated.
COLUMNS = """
ALTER TABLE tenant_keys
    ADD COLUMN retired_at timestamptz, ADD COLUMN emptied_at timestamptz, ADD COLUMN destroyed_at timestamptz,
    ADD COLUMN rewrapped_at timestamptz, ADD COLUMN backed_up_at timestamptz;
ALTER TABLE subject_keys ADD COLUMN wrapped_by integer NOT NULL DEFAULT 1;

CREATE TABLE tenant_index_keys (
    tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    wrapped_by integer NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""

# A sample of the values would lie in pg_statistic, where no erasure reaches it. None is taken from now on; those that
# were taken go with the change of the type, to what it is: nothing is rewritten, no index is built.
UNSAMPLED = (
    ("tenant_keys", "wrapped"),
    ("subject_keys", "wrapped"),
    ("subjects", "pseudonym"),
    ("job_items", "input"),
    ("job_items", "output"),
    ("idempotency_keys", "key"),
    ("idempotency_keys", "fingerprint"),
    ("webhook_endpoints", "url"),
    ("webhook_endpoints", "secret"),
    ("webhook_endpoints", "previous_secret"),
)

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

# The release before does not know the column: the envelope says which version wrapped it, and that cannot be wrong.
NAME = """
CREATE FUNCTION sealed_by(sealed bytea) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog AS $$
    SELECT CASE WHEN length(sealed) > 33 AND get_byte(sealed, 0) = 1 THEN
        get_byte(sealed, 1) << 24 | get_byte(sealed, 2) << 16 | get_byte(sealed, 3) << 8 | get_byte(sealed, 4)
    END
$$;
CREATE FUNCTION name_wrapping_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.wrapped_by := coalesce(public.sealed_by(NEW.wrapped), NEW.wrapped_by);
    RETURN NEW;
END $$;

CREATE TRIGGER subject_keys_named BEFORE INSERT OR UPDATE OF wrapped ON subject_keys
    FOR EACH ROW EXECUTE FUNCTION name_wrapping_version();
CREATE TRIGGER tenant_index_keys_named BEFORE INSERT OR UPDATE OF wrapped ON tenant_index_keys
    FOR EACH ROW EXECUTE FUNCTION name_wrapping_version();
"""

# What an old process, or a mistake, seals with a version that is about to be destroyed would be lost with it. The lock
# holds off the moment in which a version is found to be needed by nothing: it has to see this.
REFUSE = """
CREATE FUNCTION refuse_ended_key(tenant uuid, versions integer[]) RETURNS void LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $$
BEGIN
    PERFORM public.hold_tenant_keys(tenant);
    IF EXISTS (
        SELECT FROM public.tenant_keys k WHERE k.tenant_id = tenant AND k.version = ANY (versions)
            AND (k.rewrapped_at IS NOT NULL OR k.emptied_at IS NOT NULL)
    ) THEN
        RAISE EXCEPTION 'this is sealed with a version of the tenant''s key that has ended'
            USING ERRCODE = 'check_violation', HINT = 'Read the tenant''s keys again, and seal with the newest.';
    END IF;
END $$;

CREATE FUNCTION refuse_ended_key_of_subjects() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM public.refuse_ended_key(a.tenant_id, array_agg(DISTINCT a.wrapped_by)) FROM added a GROUP BY a.tenant_id;
    RETURN NULL;
END $$;
CREATE FUNCTION refuse_ended_key_of_index() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM public.refuse_ended_key(NEW.tenant_id, ARRAY[NEW.wrapped_by]);
    RETURN NULL;
END $$;
CREATE FUNCTION refuse_ended_key_of_webhook() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    changed bytea[] := ARRAY[NEW.url, NEW.secret, NEW.previous_secret];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        changed := ARRAY[nullif(NEW.url, OLD.url), nullif(NEW.secret, OLD.secret),
            nullif(NEW.previous_secret, OLD.previous_secret)];
    END IF;
    PERFORM public.refuse_ended_key(NEW.tenant_id, ARRAY(SELECT public.sealed_by(c) FROM unnest(changed) AS c));
    RETURN NULL;
END $$;

CREATE TRIGGER subject_keys_added AFTER INSERT ON subject_keys REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ended_key_of_subjects();
CREATE TRIGGER subject_keys_changed AFTER UPDATE ON subject_keys REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ended_key_of_subjects();
CREATE TRIGGER tenant_index_keys_added AFTER INSERT OR UPDATE OF wrapped ON tenant_index_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_ended_key_of_index();
CREATE TRIGGER webhook_endpoints_sealed AFTER INSERT OR UPDATE OF url, secret, previous_secret ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_ended_key_of_webhook();
REVOKE EXECUTE ON FUNCTION refuse_ended_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refuse_ended_key TO slipway_app;
"""

# The owner sees no row while the policies hold for it, too.
REFUSE_TO_GO_BACK = """
ALTER TABLE tenant_keys NO FORCE ROW LEVEL SECURITY;
DO $$ BEGIN
    IF EXISTS (SELECT FROM tenant_keys WHERE retired_at IS NOT NULL OR substring(wrapped FOR 1) <> '\\x01') THEN
        RAISE EXCEPTION 'keys were rotated, or made in a way that the release before cannot open: it would lose data'
            USING HINT = 'There is no way back from here. Restore the backups of that release instead.';
    END IF;
END $$;
ALTER TABLE tenant_keys FORCE ROW LEVEL SECURITY;
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
GRANT UPDATE (wrapped, retired_at, emptied_at, destroyed_at, rewrapped_at, backed_up_at) ON tenant_keys TO slipway_app;
GRANT UPDATE (wrapped, wrapped_by) ON subject_keys TO slipway_app;
GRANT SELECT, INSERT, UPDATE (wrapped, wrapped_by) ON tenant_index_keys TO slipway_app;

GRANT SELECT (tenant_id, version, created_at, retired_at, emptied_at, destroyed_at, rewrapped_at, backed_up_at)
    ON tenant_keys TO slipway_system;
"""


def upgrade() -> None:
    """Add the columns, the table, the lock and the index."""
    op.execute(COLUMNS)
    for table, column in UNSAMPLED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
        # It is the type that it has.
        op.execute(f"-- squawk-ignore changing-column-type\nALTER TABLE {table} ALTER COLUMN {column} TYPE bytea")
    op.execute("ALTER TABLE tenant_index_keys ALTER COLUMN wrapped SET STATISTICS 0")
    op.execute("ALTER TABLE tenant_index_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON tenant_index_keys TO slipway_app "
        f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
    )
    op.execute("CREATE POLICY system ON tenant_keys TO slipway_system USING (true)")
    op.execute(HOLD)
    op.execute(NAME)
    op.execute(REFUSE)
    op.execute(GRANTS)
    op.execute(INDEX)


def downgrade() -> None:
    """Take it back; only while no key has been rotated, for the release before knows the first version alone."""
    op.execute(REFUSE_TO_GO_BACK)
    for table, column in UNSAMPLED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")
    op.execute("DROP TRIGGER webhook_endpoints_sealed ON webhook_endpoints")
    op.execute("DROP TRIGGER subject_keys_added ON subject_keys; DROP TRIGGER subject_keys_changed ON subject_keys")
    op.execute("DROP TRIGGER subject_keys_named ON subject_keys")
    op.execute("CREATE INDEX subject_keys_tenant_id_idx ON subject_keys (tenant_id)")
    op.execute("DROP INDEX subject_keys_wrapped_by_idx")
    op.execute("DROP POLICY system ON tenant_keys")
    op.execute("REVOKE SELECT (tenant_id, version, created_at) ON tenant_keys FROM slipway_system")
    op.execute("REVOKE UPDATE (wrapped) ON tenant_keys FROM slipway_app")
    op.execute("REVOKE UPDATE (wrapped) ON subject_keys FROM slipway_app")
    op.execute("DROP TABLE tenant_index_keys")
    op.execute("DROP FUNCTION refuse_ended_key_of_subjects, refuse_ended_key_of_index, refuse_ended_key_of_webhook")
    op.execute("DROP FUNCTION name_wrapping_version, sealed_by, refuse_ended_key, hold_tenant_keys")
    op.execute("ALTER TABLE subject_keys DROP COLUMN wrapped_by")
    op.execute(
        "ALTER TABLE tenant_keys DROP COLUMN retired_at, DROP COLUMN emptied_at, DROP COLUMN destroyed_at,"
        " DROP COLUMN rewrapped_at, DROP COLUMN backed_up_at"
    )
