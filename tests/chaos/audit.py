"""Compares what clients were told with what is there. Pure: everything it looks at is handed to it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from unruly import POISON, fingerprint

from chaos.evidence import Note, Results, Tables, own_attempts
from chaos.orders import Fate, texts
from chaos.records import Records, Submission

MAX_ATTEMPTS = 3
_TERMINAL = ("completed", "cancelled")


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be."""

    check: str
    count: int
    """Messages concerned, or 1 for what is no message's."""
    detail: str


@dataclass(frozen=True, slots=True)
class Account:
    """What a run is audited from."""

    seed: int
    records: Records
    tables: Tables
    notes: list[Note]
    results: Results
    expected: Mapping[str, Mapping[str, Any]]
    """Answers that a model without faults gives, by the fingerprint of the text: for a sample of the messages."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of an audit, in messages."""

    accepted: int
    answered: int
    dead: int
    poison: int
    cancelled: int
    """Taken back by their owners: pending in cancelled jobs, and all of deleted ones."""
    lost: int
    duplicated: int
    violations: list[Violation]


def audit(account: Account) -> Findings:
    """Return what became of every accepted message, and every violation."""
    violations = [violation for check in _CHECKS for violation in check(account)]
    rows = {row.id: row for row in account.tables.jobs}
    kept = [rows[s.jobs[0]] for s in account.records.accepted() if s.jobs[0] in rows and s.ended is not Fate.DELETED]
    taken_back = sum(s.total for s in account.records.accepted() if s.ended is Fate.DELETED)
    return Findings(
        accepted=account.records.messages(),
        answered=sum(row.answered for row in kept),
        dead=sum(row.given_up for row in kept),
        poison=sum(len(_planted(s)) for s in account.records.accepted()),
        cancelled=taken_back + sum(row.pending for row in kept if row.state == "cancelled"),
        lost=_sum(violations, "lost"),
        duplicated=_sum(violations, "duplicated"),
        violations=violations,
    )


def _sum(violations: list[Violation], check: str) -> int:
    return sum(violation.count for violation in violations if violation.check == check)


def _planted(submission: Submission) -> list[int]:
    return submission.order.marked(POISON)


def _lost(account: Account) -> Iterator[Violation]:
    """An accepted message without answer, that its owner did not take back and that is not poison."""
    rows = {row.id: row for row in account.tables.jobs}
    dead = {(row.job, row.ordinal) for row in account.tables.dead}
    for s in account.records.accepted():
        job, row = s.jobs[0], rows.get(s.jobs[0])
        if row is None:
            if not (s.order.fate is Fate.DELETED and s.may_have_ended):
                yield Violation("lost", s.total, f"job {job} was accepted and is gone")
            continue
        innocent = sum((job, ordinal) in dead for ordinal in range(row.total) if ordinal not in _planted(s))
        if innocent:
            yield Violation("lost", innocent, f"job {job}: {innocent} dead that are not poison")
        missing = max(s.total - row.items, 0) + (0 if row.state == "cancelled" and s.may_have_ended else row.pending)
        if missing:
            yield Violation("lost", missing, f"job {job} ({row.state}): {missing} without an answer")


def _duplicated(account: Account) -> Iterator[Violation]:
    """A message that was answered more than once, or accepted into more than one job of the same key."""
    for job, ordinal, before, after in account.tables.written_again:
        yield Violation("duplicated", 1, f"job {job}, message {ordinal}: {before}, then written again as {after}")
    for job, ordinal, times in account.tables.answers:
        yield Violation("duplicated", 1, f"job {job}, message {ordinal}: answered {times} times")
    queued = {(change.trace, change.job) for change in account.tables.changes if change.after == "queued"}
    jobs = Counter(trace for trace, _ in queued)
    for s in account.records.submissions:
        allowed = 1 if s.order.keyed else s.unknown + len(s.jobs)
        if jobs[s.trace] > allowed or (s.order.keyed and len(set(s.jobs)) > 1):
            yield Violation("duplicated", s.order.size, f"order {s.order.number}: {jobs[s.trace]} jobs were made")


def _strangers(account: Account) -> Iterator[Violation]:
    """A job that nobody sent, so that it cannot be told whose messages it has."""
    sent = {s.trace for s in account.records.submissions}
    for row in account.tables.jobs:
        if row.trace not in sent:
            yield Violation("stranger", row.total, f"job {row.id} belongs to no order")


def _wrote_after_end(account: Account) -> Iterator[Violation]:
    """A write into a job after its cancellation or deletion."""
    rows = {row.id: row for row in account.tables.jobs}
    ends = ("cancelled", "deleted from")
    for change in account.tables.changes:
        if change.after.startswith(ends) and account.tables.last_writes.get(change.job, 0) > change.writes_before:
            yield Violation("wrote_after_end", 1, f"job {change.job} was written after it was {change.after}")
        row = rows.get(change.job)
        if change.after == "cancelled" and row and row.answered + row.given_up != change.answered:
            yield Violation(
                "wrote_after_end", 1, f"job {change.job}: {change.answered} answers when cancelled, now more"
            )
    for s in account.records.accepted():
        row = rows.get(s.jobs[0])
        if s.ended is Fate.CANCELLED and row and row.answered + row.given_up != s.answered_at_end:
            yield Violation("wrote_after_end", 1, f"job {row.id}: told {s.answered_at_end} answers when cancelled")
        if s.ended is Fate.DELETED and row:
            yield Violation("wrote_after_end", row.items, f"job {row.id} is there after its deletion was confirmed")


def _not_terminal(account: Account) -> Iterator[Violation]:
    for row in account.tables.jobs:
        if row.state not in _TERMINAL:
            yield Violation("not_terminal", row.items, f"job {row.id} is {row.state}")


def _counters(account: Account) -> Iterator[Violation]:
    """Counters of a job that are not what its items add up to, or not what its client was told."""
    rows = {row.id: row for row in account.tables.jobs}
    for row in rows.values():
        counted, found = (row.total, row.succeeded, row.dead), (row.items, row.answered, row.given_up)
        whole = row.state != "completed" or row.succeeded + row.dead == row.total
        if counted != found or not whole:
            yield Violation("counters", 1, f"job {row.id} ({row.state}) says {counted}, its items {found}")
    for s in account.records.accepted():
        if s.total != s.order.size or (s.jobs[0] in rows and rows[s.jobs[0]].total != s.total):
            yield Violation("counters", 1, f"job {s.jobs[0]}: {s.order.size} were sent, {s.total} told")


def _remains(account: Account) -> Iterator[Violation]:
    if account.tables.chunks:
        yield Violation("remains", account.tables.chunks, "chunks are left when every job should be terminal")
    if account.tables.orphans:
        yield Violation("remains", account.tables.orphans, "rows belong to jobs that are gone")


def _poison(account: Account) -> Iterator[Violation]:
    """Poison that is not dead, or after another number of attempts of its own than three."""
    dead = {(row.job, row.ordinal): row.attempts for row in account.tables.dead}
    for s in account.records.accepted():
        found = texts(account.seed, s.order) if s.order.marks else []
        for ordinal in _planted(s):
            attempts, own = dead.get((s.jobs[0], ordinal)), own_attempts(account.notes, fingerprint(found[ordinal]))
            where = f"job {s.jobs[0]}, message {ordinal}"
            if attempts != MAX_ATTEMPTS:
                yield Violation("poison", 1, f"{where}: attempts {attempts} instead of {MAX_ATTEMPTS}")
            if not 1 <= own <= MAX_ATTEMPTS * (1 + s.retries):
                yield Violation("poison", 1, f"{where}: crashed {own} times alone, {s.retries} retries")


def _mismatched(account: Account) -> Iterator[Violation]:
    """A key that was taken for another body."""
    for s in account.records.submissions:
        if s.mismatches:
            yield Violation("key_reused", 1, f"order {s.order.number}: another body was not refused with 422")


def _results(account: Account) -> Iterator[Violation]:
    """Results of the API that differ from the tables, or answers that are not those to their inputs."""
    rows = {row.id: row for row in account.tables.jobs}
    for s in account.records.accepted():
        job, row = s.jobs[0], rows.get(s.jobs[0])
        if row is None:
            continue
        answers = account.results.get(job, [])
        states = Counter(answer["state"] for answer in answers)
        if (len(answers), states["succeeded"], states["dead"]) != (row.items, row.answered, row.given_up):
            yield Violation("results", 1, f"job {job}: the API tells {dict(states)}, the table has {row}")
        elif [answer["ordinal"] for answer in answers] != list(range(row.items)):
            yield Violation("results", 1, f"job {job}: ordinals have gaps")
        yield from _wrong_answers(account, s, answers)


def _wrong_answers(account: Account, s: Submission, answers: list[dict[str, Any]]) -> Iterator[Violation]:
    for text, answer in zip(texts(account.seed, s.order), answers, strict=False):
        if answer["state"] != "succeeded":
            continue
        name = fingerprint(text)
        output = answer["output"]
        if output["fingerprint"] != name:
            yield Violation("results", 1, f"job {s.jobs[0]}, message {answer['ordinal']}: the answer to another")
        elif output != account.expected.get(name, output):
            yield Violation("results", 1, f"job {s.jobs[0]}, message {answer['ordinal']}: not what the model says")


_CHECKS: tuple[Callable[[Account], Iterator[Violation]], ...] = (
    _lost,
    _duplicated,
    _strangers,
    _wrote_after_end,
    _not_terminal,
    _counters,
    _remains,
    _poison,
    _mismatched,
    _results,
)
