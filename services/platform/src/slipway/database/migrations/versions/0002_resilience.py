"""Changes of a job are announced; chunks that may have crashed a worker are marked; active jobs have an index."""

from alembic import op

revision = "0002"
down_revision = "0001"

SUSPECTS = "ALTER TABLE job_chunks ADD COLUMN suspect boolean NOT NULL DEFAULT false"

# One row a job: built within the time that a migration may hold a lock.
ACTIVE = "CREATE INDEX jobs_active_idx ON jobs (tenant_id) WHERE state IN ('receiving', 'queued', 'running')"

# The channel reaches every role that may connect, whatever the row-level security says: it carries no more than an
# id, a state and counters.
ANNOUNCE = """
CREATE FUNCTION announce_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM pg_notify('slipway_jobs', json_build_object('id', OLD.id, 'state', 'deleted')::text);
    ELSE
        PERFORM pg_notify('slipway_jobs', json_build_object(
            'id', NEW.id, 'state', NEW.state, 'revision', NEW.revision, 'total', NEW.total,
            'succeeded', NEW.succeeded, 'dead', NEW.dead,
            'started_at', NEW.started_at, 'finished_at', NEW.finished_at)::text);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_changed AFTER UPDATE OF revision ON jobs
    FOR EACH ROW WHEN (NEW.state <> 'receiving') EXECUTE FUNCTION announce_job();
CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION announce_job();
"""


def upgrade() -> None:
    """Add what the jobs need to survive anything."""
    op.execute(SUSPECTS)
    op.execute(ANNOUNCE)
    op.execute(ACTIVE)


def downgrade() -> None:
    """Take it back."""
    op.execute("DROP TRIGGER jobs_changed ON jobs; DROP TRIGGER jobs_deleted ON jobs; DROP FUNCTION announce_job")
    op.execute("DROP INDEX jobs_active_idx")
    op.execute("ALTER TABLE job_chunks DROP COLUMN suspect")
