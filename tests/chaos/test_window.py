import psycopg
import pytest

from chaos.window import Window

_CLAIM = """
INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last)
SELECT id, tenant_id, workload, priority, 0, 0 FROM jobs WHERE state = 'completed';
UPDATE job_chunks SET state = 'running', token = token + 1, lease_until = now() + interval '1 minute'
"""


@pytest.fixture
def window(world) -> Window:
    return Window(world.url)


def test_a_claim_belongs_to_the_connection_that_made_it(window):
    with psycopg.connect(window.url, autocommit=True) as worker:
        worker.execute(_CLAIM)
        port = worker.execute("SELECT inet_client_port()").fetchone()[0]

        held = window.held([port])
        assert len(held) == window.running() == window.still_held(held) == 1
        assert window.held([port + 1]) == []

        worker.execute("UPDATE job_chunks SET token = token + 1")
        assert window.still_held(held) == 0


def test_a_chunk_whose_lease_is_over_does_not_run(window):
    with psycopg.connect(window.url, autocommit=True) as worker:
        worker.execute(_CLAIM)
        worker.execute("UPDATE job_chunks SET lease_until = now() - interval '1 second'")

    assert window.running() == 0


def test_an_upload_is_seen_while_it_comes_in(world, window):
    world.plant("UPDATE jobs SET state = 'receiving' WHERE id = %(kept)s")

    assert window.received(world.kept.trace) == 3
    assert window.received(world.cancelled.trace) == 0
    assert window.open_jobs() == 1


def test_written_answers_are_counted(window):
    written, messages, chunks, running = window.measure()

    assert (written, messages, chunks, running) == (5, 0, 0, 0)
