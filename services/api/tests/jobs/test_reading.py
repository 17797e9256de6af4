"""`GET /v1/jobs` and `GET /v1/jobs/{id}`."""

from datetime import datetime

import pytest


def ids(page) -> list[str]:
    return [job["id"] for job in page["jobs"]]


async def test_without_jobs_the_list_is_empty(caller):
    assert (await caller.http.get("/v1/jobs")).json() == {"jobs": [], "next": None}


async def test_pages_follow_each_other_the_newest_job_first(caller, submit):
    made = [(await submit(b"x"))["id"] for _ in range(5)]

    found, cursor = [], None
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await caller.http.get("/v1/jobs", params=query)).json()
        found += ids(page)
        cursor = page["next"]
        await submit(b"a job that comes in between moves nothing")

    assert cursor is None
    assert found == made[::-1]


async def test_a_page_that_is_just_full_is_the_last(caller, submit):
    for _ in range(2):
        await submit(b"x")
    assert (await caller.http.get("/v1/jobs?limit=2")).json()["next"] is None


async def test_jobs_can_be_listed_by_state(caller, submit, server):
    done = await submit(b"x")
    await server.work()
    queued = await submit(b"x")

    assert ids((await caller.http.get("/v1/jobs?state=completed")).json()) == [done["id"]]
    assert ids((await caller.http.get("/v1/jobs?state=queued")).json()) == [queued["id"]]
    assert ids((await caller.http.get("/v1/jobs?state=cancelled")).json()) == []


async def test_a_job_shows_how_far_it_is(caller, submit, server):
    job = await submit(b"one", b"bad", b"two", b"three")
    await server.work()

    done = (await caller.http.get(f"/v1/jobs/{job['id']}")).json()

    assert (done["state"], done["total"], done["succeeded"], done["dead"]) == ("completed", 4, 3, 1)
    assert done["progress"] == 1.0
    assert done["revision"] > job["revision"]
    times = [datetime.fromisoformat(done[name]) for name in ("created_at", "started_at", "finished_at")]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "state=lost", "state=", "page=2", "limit"],
)
async def test_a_wrong_parameter_is_a_422(query, caller, problem):
    response = await caller.http.get(f"/v1/jobs?{query}")
    document = problem(response, 422, "invalid-input")
    name = query.partition("=")[0]
    assert document["errors"][0]["pointer"] == f"query/{'?' if name == 'page' else name}"


@pytest.mark.parametrize(
    "wrong", ["", "x", "%00", "\xe9", "0" * 47, "0" * 49, "-" + "0" * 47, "0" * 47 + "A", "\u0661" * 48]
)
async def test_a_cursor_that_is_not_ours_is_a_422(wrong, caller, problem):
    response = await caller.http.get("/v1/jobs", params={"cursor": wrong})
    assert problem(response, 422, "invalid-input")["errors"][0]["pointer"] == "query/cursor"


@pytest.mark.parametrize("cursor", ["0" * 48, "9" * 16 + "f" * 32])
async def test_a_cursor_far_away_finds_what_there_is(cursor, caller, submit):
    job = await submit(b"x")
    response = await caller.http.get("/v1/jobs", params={"cursor": cursor})
    assert ids(response.json()) == ([job["id"]] if cursor.startswith("9") else [])


async def test_tenants_do_not_see_each_others_jobs(caller, stranger, submit, problem):
    """Another tenant's job is answered exactly like one that does not exist."""
    job = await submit(b"x")
    path = f"/v1/jobs/{job['id']}"
    routes = [("GET", path), ("GET", f"{path}/results"), ("POST", f"{path}/cancel"), ("POST", f"{path}/retry")]

    for method, route in [*routes, ("DELETE", path)]:
        document = problem(await stranger.http.request(method, route), 404, "not-found")
        nowhere = await stranger.http.request(method, route.replace(job["id"], "7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11"))
        assert nowhere.json() | {"trace_id": None} == document | {"trace_id": None}
    lines = await stranger.http.get(f"{path}/results", headers={"Accept": "application/x-ndjson"})
    problem(lines, 404, "not-found")

    assert (await stranger.http.get("/v1/jobs")).json()["jobs"] == []
    assert (await caller.http.get(path)).json() == job
