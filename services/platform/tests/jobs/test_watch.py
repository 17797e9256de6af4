"""A watch never goes back, whatever comes in whatever order."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from slipway.jobs.schemas import JobState, JobView
from slipway.jobs.watch import JobChange, Watch

BIRTH = datetime(2026, 1, 1, tzinfo=UTC)


def view(revision: int) -> JobView:
    """A job whose counters tell its revision."""
    return JobView(
        id=uuid4(),
        workload="checksum",
        state=JobState.RUNNING,
        priority=5,
        revision=revision,
        total=1_000,
        succeeded=revision,
        dead=0,
        created_at=BIRTH,
        started_at=None,
        finished_at=None,
    )


def change(revision: int) -> JobChange:
    return JobChange.model_validate(view(revision))


revisions = st.integers(1, 20)
steps = st.lists(
    st.one_of(st.tuples(st.sampled_from(["offer", "begin"]), revisions), st.just(("see", 0)), st.just(("delete", 0))),
    max_size=30,
)


@given(steps)
async def test_it_never_goes_back_and_shows_the_newest(steps):
    watch, offered, begun, seen, last = Watch(uuid4(), uuid4()), 0, False, [], 0
    for step, revision in steps:
        match step:
            case "offer":
                watch.offer(change(revision))
            case "begin":
                watch.begin(view(revision))
                begun = True
            case "delete":
                watch.delete()
        offered = max(offered, revision)
        if step == "see":
            job = watch.see()
            assert (job is not None) == (begun and offered > last)
            if job is not None:
                assert job.succeeded == job.revision == offered
                seen.append(job.revision)
                last = offered
        assert watch.deleted or step != "delete"
    assert seen == sorted(set(seen))


async def test_nothing_is_seen_of_a_job_that_was_not_read():
    """Its watcher may turn out to be another tenant's."""
    watch = Watch(uuid4(), uuid4())
    watch.offer(change(3))
    assert watch.see() is None
    watch.begin(view(2))
    assert watch.see().revision == 3


async def test_it_waits_for_what_was_not_seen():
    watch = Watch(uuid4(), uuid4())
    watch.begin(view(1))
    assert await watch.changed(0)
    assert watch.see().revision == 1
    assert not await watch.changed(0.01)
    waiting = asyncio.create_task(watch.changed(20))
    await asyncio.sleep(0)
    watch.offer(change(1))
    watch.offer(change(2))
    assert await waiting
    watch.see()
    watch.end()
    assert await watch.changed(0)
    assert watch.see() is None
