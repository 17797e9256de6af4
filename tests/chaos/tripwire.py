"""Tables and triggers that the harness lays into the database, to see what the product's own tables do not keep.

They log every write of an answer, every change of a job's state and every claim of a chunk; the product knows nothing
of them. A second answer to a message, or one that comes after the end of its job, leaves a row here even if the item
looks right afterwards.
"""

import psycopg

_LAY = """
CREATE SCHEMA chaos;

CREATE TABLE chaos.item_writes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    job_id uuid NOT NULL,
    ordinal integer NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    attempts integer NOT NULL
);
CREATE TABLE chaos.job_changes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    writes_before bigint NOT NULL,
    job_id uuid NOT NULL,
    trace text,
    after text NOT NULL,
    answered integer NOT NULL
);
CREATE TABLE chaos.claims (
    chunk bigint NOT NULL,
    token bigint NOT NULL,
    port integer,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (chunk, token)
);

CREATE FUNCTION chaos.note_items() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO chaos.item_writes (job_id, ordinal, before, after, attempts)
    SELECT n.job_id, n.ordinal, o.state, n.state, n.attempts
    FROM after n JOIN before o ON o.job_id = n.job_id AND o.ordinal = n.ordinal
    WHERE n.state <> o.state OR n.output IS DISTINCT FROM o.output;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_items AFTER UPDATE ON public.job_items REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION chaos.note_items();

CREATE FUNCTION chaos.note_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    last bigint;
BEGIN
    SELECT coalesce(max(seq), 0) INTO last FROM chaos.item_writes;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO chaos.job_changes (writes_before, job_id, trace, after, answered)
        VALUES (last, OLD.id, OLD.traceparent, 'deleted from ' || OLD.state, OLD.succeeded + OLD.dead);
    ELSE
        INSERT INTO chaos.job_changes (writes_before, job_id, trace, after, answered)
        VALUES (last, NEW.id, NEW.traceparent, NEW.state, NEW.succeeded + NEW.dead);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_job_made AFTER INSERT OR DELETE ON public.jobs FOR EACH ROW EXECUTE FUNCTION chaos.note_job();
CREATE TRIGGER chaos_job_changed AFTER UPDATE ON public.jobs FOR EACH ROW WHEN (NEW.state <> OLD.state)
    EXECUTE FUNCTION chaos.note_job();

CREATE FUNCTION chaos.note_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO chaos.claims (chunk, token, port) VALUES (NEW.id, NEW.token, inet_client_port());
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_claim AFTER UPDATE ON public.job_chunks FOR EACH ROW
    WHEN (NEW.state = 'running' AND NEW.token <> OLD.token) EXECUTE FUNCTION chaos.note_claim();
"""


def lay(url: str) -> None:
    """Lay the tripwires into a migrated database, before any traffic. As the superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_LAY)
