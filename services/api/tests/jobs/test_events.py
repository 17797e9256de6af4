"""Server-sent events: what one client sees of its jobs."""

import asyncio

import pytest

from slipway.tenants.schemas import Scope
from slipway.tenants.service import revoke_key

FINAL = ("completed", "cancelled")
UNKNOWN = "7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11"


async def read(caller, job) -> dict:
    return (await caller.http.get(f"/v1/jobs/{job['id']}")).json()


async def refused(caller, job_id):
    return await caller.http.get(f"/v1/jobs/{job_id}/events")


def metric(server, name: str, **labels: str) -> float | None:
    return server.platform.metrics.registry.get_sample_value(name, labels)


async def until_unwatched(server) -> None:
    async with asyncio.timeout(20):
        while metric(server, "slipway_job_watchers"):
            await asyncio.sleep(0.01)


@pytest.fixture
def quick_beats(monkeypatch):
    monkeypatch.setattr("slipway_api.jobs.events._BEAT_SECONDS", 0.1)


async def test_it_shows_the_job_now_and_then_newer_and_newer_to_its_end(caller, submit, server, watching):
    job = await submit(*[b"x"] * 220, b"bad")
    async with watching(job) as events:
        first = await events.next()
        assert (first.name, first.id, first.data) == ("progress", str(job["revision"]), job)
        await server.work()
        seen = [first, *await events.rest()]

    ids = [int(event.id) for event in seen]
    assert ids == sorted(set(ids))
    assert [event.data["revision"] for event in seen] == ids
    done = [event.data["succeeded"] + event.data["dead"] for event in seen]
    assert done == sorted(done)
    assert not any(event.data["state"] in FINAL for event in seen[:-1])
    assert seen[-1].data == await read(caller, job)
    assert (seen[-1].data["state"], seen[-1].data["succeeded"], seen[-1].data["dead"]) == ("completed", 220, 1)


async def test_its_headers_keep_it_from_being_kept(submit, watching):
    async with watching(await submit(b"x")) as events:
        headers = events.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers.get_list("cache-control") == ["no-store"]
        assert headers["x-accel-buffering"] == "no"
        assert headers["ratelimit"]


async def test_the_client_is_told_when_to_come_back(caller, submit):
    job = await submit(b"x")
    await caller.http.post(f"/v1/jobs/{job['id']}/cancel")
    assert (await caller.http.get(f"/v1/jobs/{job['id']}/events")).text.endswith("\nretry: 2000\n\n")


@pytest.mark.parametrize("last", ["1", "3", "999999999999999999999999", "-1", "", "no number", "\xfc\t;"])
async def test_a_resumed_stream_shows_the_job_as_it_is_now(last, caller, submit, server, watching):
    job = await submit(b"x")
    await server.work()
    header = last.encode("latin-1")
    async with watching(job, **{"Last-Event-ID": header}) as events:
        seen = await events.rest()
    assert [event.data for event in seen] == [await read(caller, job)]


async def test_a_stream_that_broke_off_goes_on_where_the_job_is(caller, submit, server, watching):
    job = await submit(*[b"x"] * 120)
    async with watching(job) as events:
        last = await events.next()
    await server.work()
    async with watching(job, **{"Last-Event-ID": last.id}) as events:
        seen = await events.rest()
    assert int(seen[0].id) > int(last.id)
    assert seen[-1].data["state"] == "completed"


async def test_each_sees_its_own_job_only(caller, stranger, submit, server, watching):
    mine, other, theirs = await submit(b"x"), await submit(b"x", b"y"), await submit(b"z", by=stranger)
    async with watching(mine) as a, watching(other) as b, watching(theirs, by=stranger) as c:
        await server.work()
        seen = [await events.rest() for events in (a, b, c)]
    for job, events in zip((mine, other, theirs), seen, strict=True):
        assert {event.data["id"] for event in events} == {job["id"]}
        assert events[-1].data["state"] == "completed"


async def test_it_ends_when_the_job_is_cancelled(caller, submit, watching):
    job = await submit(b"x")
    async with watching(job) as events:
        await events.next()
        cancelled = await caller.http.post(f"/v1/jobs/{job['id']}/cancel")
        assert [event.data for event in await events.rest()] == [cancelled.json()]


async def test_it_ends_when_the_job_is_deleted(caller, submit, watching, problem):
    job = await submit(b"x")
    async with watching(job) as events:
        await events.next()
        await caller.http.delete(f"/v1/jobs/{job['id']}")
        (last,) = await events.rest()
    assert (last.name, last.id, last.data) == ("deleted", None, {"id": job["id"], "state": "deleted"})
    problem(await refused(caller, job["id"]), 404, "not-found")


async def test_a_retried_job_is_watched_to_its_new_end(caller, submit, server, watching):
    job = await submit(b"bad")
    await server.work()
    await caller.http.post(f"/v1/jobs/{job['id']}/retry")
    async with watching(job) as events:
        first = await events.next()
        assert (first.data["state"], first.data["dead"]) == ("queued", 0)
        await server.work()
        assert (await events.rest())[-1].data == await read(caller, job)


async def test_what_cannot_be_watched_is_a_problem(caller, stranger, new_caller, submit, server, problem):
    job = await submit(b"x")
    problem(await refused(stranger, job["id"]), 404, "not-found")
    problem(await refused(caller, UNKNOWN), 404, "not-found")
    problem(await refused(caller, "7"), 422, "invalid-input")
    writer = await new_caller(server, Scope.JOBS_WRITE, tenant=caller.tenant)
    problem(await refused(writer, job["id"]), 403, "missing-scope")
    assert metric(server, "slipway_job_watchers") == 0


async def test_who_goes_away_leaves_nothing_behind(submit, server, watching):
    job = await submit(b"x")
    for _ in range(3):
        async with watching(job) as a, watching(job) as b:
            await a.next(), await b.next()
            assert metric(server, "slipway_job_watchers") == 2
        await until_unwatched(server)
    assert not server.app.state.api.announcements._watches


async def test_one_too_many_is_told_to_come_back(submit, start, new_caller, watching, problem):
    server = await start(max_watchers=1)
    caller = await new_caller(server)
    job = await submit(b"x", by=caller)
    async with watching(job, by=caller) as events:
        await events.next()
        response = await refused(caller, job["id"])
        problem(response, 503, "overloaded")
        assert int(response.headers["retry-after"]) > 0
        assert metric(server, "slipway_requests_rejected_total", reason="overloaded") == 1
    await until_unwatched(server)
    async with watching(job, by=caller) as events:
        assert await events.next()


@pytest.mark.usefixtures("quick_beats")
async def test_while_nothing_happens_a_comment_keeps_it_open(submit, watching):
    async with watching(await submit(b"x")) as events:
        assert [(await events.next()).name for _ in range(3)] == ["progress", None, None]


@pytest.mark.usefixtures("quick_beats")
async def test_it_ends_when_the_key_is_revoked(submit, start, new_caller, watching):
    server = await start(key_cache_ttl=0.1)
    caller = await new_caller(server)
    async with watching(await submit(b"x", by=caller), by=caller) as events:
        await events.next()
        async with server.platform.database.transaction(caller.tenant) as connection:
            assert await revoke_key(connection, caller.tenant, caller.key_id, "test")
        assert {event.name for event in await events.rest()} <= {None}


async def test_it_ends_when_the_process_drains_and_shows_a_last_state_to_who_still_comes(
    submit, start, new_caller, watching
):
    server = await start()
    caller = await new_caller(server)
    job = await submit(b"x", by=caller)
    async with watching(job, by=caller) as events:
        await events.next()
        server.app.state.api.draining.set()
        assert await events.rest() == []
    async with watching(job, by=caller) as events:
        assert [event.data for event in await events.rest()] == [job]


async def test_an_hour_of_watching_does_not_count_as_an_hour_of_answering(submit, server, watching):
    job = await submit(b"x")
    route = {"route": "/v1/jobs/{job_id}/events", "method": "GET"}
    answered = metric(server, "slipway_http_requests_total", status="2xx", **route) or 0
    async with watching(job) as events:
        await events.next()
    async with asyncio.timeout(20):
        while metric(server, "slipway_http_requests_total", status="2xx", **route) != answered + 1:
            await asyncio.sleep(0.01)
    timed = metric(server, "slipway_http_request_duration_seconds_count", **route) or 0
    refused_ones = [metric(server, "slipway_http_requests_total", status=f"{n}xx", **route) or 0 for n in (4, 5)]
    assert timed == sum(refused_ones)
