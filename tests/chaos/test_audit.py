"""Every check of the audit can fail: each violation here is planted into tables that were right before."""

from dataclasses import replace

import pytest
from unruly import POISON

from chaos.audit import audit
from chaos.evidence import Note

_CHUNK = """
INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last)
VALUES (%(kept)s, %(tenant)s, 'triage', 5, 0, 0)
"""
_SECOND_JOB = """
INSERT INTO jobs (id, tenant_id, workload, state, priority, traceparent, created_by)
SELECT gen_random_uuid(), tenant_id, workload, 'queued', priority, traceparent, created_by FROM jobs WHERE id = %(kept)s
"""
_STRANGER = """
INSERT INTO jobs (id, tenant_id, workload, state, priority, created_by)
VALUES (gen_random_uuid(), %(tenant)s, 'triage', 'completed', 5, 'key')
"""
_PLANTED = [
    ("UPDATE job_items SET output = 'y' WHERE job_id = %(kept)s AND ordinal = 0", "duplicated"),
    ("UPDATE job_items SET output = 'y' WHERE job_id = %(kept)s AND ordinal = 1", "duplicated"),
    ("UPDATE job_items SET state = 'dead' WHERE job_id = %(kept)s AND ordinal = 0", "duplicated"),
    (_SECOND_JOB, "duplicated"),
    ("DELETE FROM job_items WHERE job_id = %(kept)s AND ordinal = 2", "lost"),
    ("UPDATE job_items SET state = 'dead', attempts = 3 WHERE job_id = %(kept)s AND ordinal = 2", "lost"),
    ("UPDATE job_items SET state = 'pending', output = NULL WHERE job_id = %(kept)s AND ordinal = 2", "lost"),
    ("UPDATE job_items SET output = NULL WHERE job_id = %(kept)s AND ordinal = 2", "counters"),
    ("DELETE FROM jobs WHERE id = %(kept)s", "lost"),
    ("UPDATE job_items SET state = 'succeeded', output = 'y' WHERE job_id = %(cancelled)s AND ordinal = 1",
     "wrote_after_end"),
    ("UPDATE jobs SET state = 'running' WHERE id = %(cancelled)s", "not_terminal"),
    ("UPDATE jobs SET succeeded = 3 WHERE id = %(kept)s", "counters"),
    ("UPDATE jobs SET total = 2 WHERE id = %(kept)s", "counters"),
    (_CHUNK, "remains"),
    ("UPDATE subjects SET id = gen_random_uuid() WHERE false; INSERT INTO subjects (tenant_id) VALUES (%(tenant)s)",
     "remains"),
    ("UPDATE job_items SET attempts = 4 WHERE job_id = %(kept)s AND ordinal = 1", "poison"),
    ("UPDATE job_items SET state = 'pending' WHERE job_id = %(kept)s AND ordinal = 1", "poison"),
    (_STRANGER, "stranger"),
]  # fmt: skip


def checks(account) -> set[str]:
    return {violation.check for violation in audit(account).violations}


def test_a_run_without_fault_adds_up(world):
    found = audit(world.account())

    assert found.violations == []
    assert (found.accepted, found.answered, found.dead, found.cancelled) == (9, 3, 1, 5)
    assert (found.poison, found.lost, found.duplicated) == (1, 0, 0)


@pytest.mark.parametrize(("statement", "check"), _PLANTED)
def test_a_planted_violation_is_found(world, statement, check):
    world.plant(statement)

    assert check in checks(world.account())


def test_an_answer_that_was_given_twice_in_the_same_words_is_found(world):
    world.plant("UPDATE job_items SET state = 'pending' WHERE job_id = %(kept)s AND ordinal = 0")
    world.plant("UPDATE job_items SET state = 'succeeded' WHERE job_id = %(kept)s AND ordinal = 0")

    assert audit(world.account()).duplicated


def test_a_deleted_job_that_is_back_is_found(world):
    world.deleted.jobs[:] = world.kept.jobs

    assert "wrote_after_end" in checks(world.account())


def test_a_write_that_the_counters_hide_is_found_by_what_the_client_was_told(world):
    world.cancelled.answered_at_end = 0

    assert "wrote_after_end" in checks(world.account())


def test_poison_that_crashed_too_often_or_never_is_found(world):
    account = world.account()
    name = account.notes[0].fingerprint

    assert checks(replace(account, notes=[Note(POISON, name, 1)] * 4)) == {"poison"}
    assert checks(replace(account, notes=[Note(POISON, name, 64)] * 2)) == {"poison"}


def test_a_retried_poison_may_crash_again(world):
    account = world.account()
    world.kept.retries = 1

    assert checks(replace(account, notes=account.notes * 2)) == set()


def test_the_answer_to_another_message_is_found(world):
    account = world.account()
    _, poison, last = account.results[world.kept.jobs[0]]
    account.results[world.kept.jobs[0]] = [{**last, "ordinal": 0}, poison, last]

    assert checks(account) == {"results"}


def test_an_answer_that_the_model_would_not_give_is_found(world):
    account = world.account()
    account.results[world.kept.jobs[0]][0]["output"] = {
        **account.results[world.kept.jobs[0]][0]["output"],
        "category": "another",
    }

    assert checks(account) == {"results"}


def test_results_that_the_api_keeps_back_are_found(world):
    account = world.account()
    account.results[world.kept.jobs[0]].pop()

    assert checks(account) == {"results"}


def test_another_body_under_a_key_that_was_taken_is_found(world):
    world.kept.mismatches = 1

    assert checks(world.account()) == {"key_reused"}
