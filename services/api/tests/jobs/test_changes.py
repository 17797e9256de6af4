"""Cancel, retry and delete."""

import asyncio
from collections import Counter

METHODS = {"cancel": "POST", "retry": "POST", "results": "GET", "": "GET"}


async def act(caller, job, action):
    return await caller.http.post(f"/v1/jobs/{job['id']}/{action}")


async def state(caller, job) -> dict:
    return (await caller.http.get(f"/v1/jobs/{job['id']}")).json()


async def results(caller, job) -> list[dict]:
    return (await caller.http.get(f"/v1/jobs/{job['id']}/results")).json()["results"]


async def test_a_cancelled_job_stays_as_it_is(caller, submit, server):
    job = await submit(*[b"x"] * 9)

    cancelled = await act(caller, job, "cancel")
    await server.work()

    assert cancelled.status_code == 200
    assert cancelled.json()["state"] == "cancelled"
    assert cancelled.json()["finished_at"]
    assert await state(caller, job) == cancelled.json()
    assert [result["state"] for result in await results(caller, job)] == ["cancelled"] * 9


async def test_cancelling_twice_is_fine_and_changes_nothing(caller, submit):
    job = await submit(b"x")
    first, second = await act(caller, job, "cancel"), await act(caller, job, "cancel")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()


async def test_a_completed_job_cannot_be_cancelled(caller, submit, server, problem):
    job = await submit(b"x")
    await server.work()
    document = problem(await act(caller, job, "cancel"), 409, "conflict")
    assert "completed" in document["detail"]


async def test_dead_inputs_are_tried_again_and_only_they(caller, submit, server):
    job = await submit(b"one", b"bad", b"two")
    await server.work()
    before = await results(caller, job)

    retried = await act(caller, job, "retry")

    assert retried.status_code == 202
    assert (retried.json()["state"], retried.json()["succeeded"], retried.json()["dead"]) == ("queued", 2, 0)
    assert retried.json()["finished_at"] is None
    assert [result["state"] for result in await results(caller, job)] == ["succeeded", "pending", "succeeded"]
    await server.work()
    assert (await state(caller, job))["state"] == "completed"
    assert await results(caller, job) == before


async def test_what_is_not_completed_or_has_no_dead_inputs_cannot_be_retried(caller, submit, server, problem):
    queued = await submit(b"bad")
    assert "queued" in problem(await act(caller, queued, "retry"), 409, "conflict")["detail"]
    await act(caller, queued, "cancel")
    assert "cancelled" in problem(await act(caller, queued, "retry"), 409, "conflict")["detail"]

    fine = await submit(b"fine")
    await server.work()
    assert "no dead inputs" in problem(await act(caller, fine, "retry"), 409, "conflict")["detail"]


async def test_a_deleted_job_is_gone_with_all_its_data(caller, submit, stored, server, problem):
    job = await submit(b"one", b"bad")
    await server.work()

    response = await caller.http.delete(f"/v1/jobs/{job['id']}")

    assert (response.status_code, response.content) == (204, b"")
    assert set((await stored(caller.tenant)).values()) == {0}
    for method, path in [("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")]:
        problem(await caller.http.request(method, f"/v1/jobs/{job['id']}{path}"), 404, "not-found")


async def test_a_job_that_waits_can_be_deleted(caller, submit, stored, server):
    job = await submit(b"one")
    assert (await caller.http.delete(f"/v1/jobs/{job['id']}")).status_code == 204
    await server.work()
    assert set((await stored(caller.tenant)).values()) == {0}


async def test_the_first_priority_is_worked_on_first(caller, submit, server):
    jobs = {priority: await submit(b"x", priority=priority) for priority in (0, 9, 5)}
    await server.work()

    finished = {priority: (await state(caller, job))["finished_at"] for priority, job in jobs.items()}

    assert finished[9] < finished[0]


async def test_changes_that_race_each_other_and_a_worker_are_each_answered(caller, submit, server):
    jobs = [await submit(*[b"bad"] * 60, b"x") for _ in range(4)]
    working = asyncio.create_task(server.work())

    asked = [(action, job) for _ in range(6) for action in ("cancel", "retry", "results", "") for job in jobs]
    responses = await asyncio.gather(
        *(caller.http.request(METHODS[action], f"/v1/jobs/{job['id']}/{action}".rstrip("/")) for action, job in asked)
    )
    deletions = await asyncio.gather(*(caller.http.delete(f"/v1/jobs/{job['id']}") for job in jobs * 3))
    await working

    assert {response.status_code for response in responses} <= {200, 202, 409}
    assert Counter(response.status_code for response in deletions) == {204: 4, 404: 8}


async def test_every_change_is_audited(caller, submit, server):
    job = await submit(b"bad")
    await server.work()
    await act(caller, job, "retry")
    await act(caller, job, "cancel")
    await caller.http.delete(f"/v1/jobs/{job['id']}")

    async with server.platform.database.transaction(caller.tenant) as connection:
        query = "SELECT action, actor FROM audit_log WHERE resource LIKE 'job/%%' ORDER BY id"
        entries = (await connection.exec_driver_sql(query)).all()
    assert [action for action, _ in entries] == ["job.created", "job.retried", "job.cancelled", "job.deleted"]
    assert {actor for _, actor in entries} == {caller.key_id}
