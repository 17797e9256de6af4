"""`GET /v1/jobs/{id}/results`: pages, or all as lines."""

import hashlib
import json
from itertools import chain

import pytest
from sqlalchemy import text

NDJSON = {"Accept": "application/x-ndjson"}


def answer(ordinal: int, content: bytes) -> dict:
    output = {"sha256": hashlib.sha256(content).hexdigest()}
    return {"ordinal": ordinal, "state": "succeeded", "output": output, "error": None}


PENDING = {"state": "pending", "output": None, "error": None}


async def test_results_are_in_the_order_of_the_inputs(caller, submit, server):
    pages = [f"page {number}".encode() for number in range(11)]
    job = await submit(*pages)
    await server.work()

    found, first = [], 0
    while first is not None:
        page = (await caller.http.get(f"/v1/jobs/{job['id']}/results", params={"first": first, "limit": 4})).json()
        found.append(page["results"])
        first = page["next"]

    assert [len(page) for page in found] == [4, 4, 3]
    assert list(chain(*found)) == [answer(number, content) for number, content in enumerate(pages)]


async def test_before_a_worker_came_all_is_pending(caller, submit):
    job = await submit(b"a", b"b")
    page = (await caller.http.get(f"/v1/jobs/{job['id']}/results")).json()
    assert page == {"results": [{"ordinal": 0, **PENDING}, {"ordinal": 1, **PENDING}], "next": None}


async def test_an_input_that_failed_says_why(caller, submit, server):
    job = await submit(b"a", b"bad")
    await server.work()

    results = (await caller.http.get(f"/v1/jobs/{job['id']}/results")).json()["results"]

    error = {"code": "unreadable", "detail": "The page cannot be read."}
    assert results == [answer(0, b"a"), {"ordinal": 1, "state": "dead", "output": None, "error": error}]


async def test_all_results_come_as_lines(caller, submit, server):
    pages = [f"page {number}".encode() for number in range(501)]
    job = await submit(*pages)
    await server.work()

    async with caller.http.stream("GET", f"/v1/jobs/{job['id']}/results", headers=NDJSON) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/x-ndjson"
        assert response.headers["cache-control"] == "no-store"
        found = [json.loads(line) async for line in response.aiter_lines()]

    assert found == [answer(number, content) for number, content in enumerate(pages)]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html", ""])
async def test_otherwise_they_come_as_a_page(accept, caller, submit):
    job = await submit(b"a")
    response = await caller.http.get(f"/v1/jobs/{job['id']}/results", headers={"Accept": accept})
    assert response.headers["content-type"] == "application/json"
    assert len(response.json()["results"]) == 1


@pytest.mark.parametrize("first", [1, 2**31 - 1])
async def test_behind_the_end_there_is_nothing(first, caller, submit):
    job = await submit(b"a")
    response = await caller.http.get(f"/v1/jobs/{job['id']}/results", params={"first": first, "limit": 1000})
    assert response.json() == {"results": [], "next": None}


@pytest.mark.parametrize("query", ["first=-1", f"first={2**31}", "first=x", "limit=0", "limit=1001", "cursor=x"])
async def test_a_wrong_parameter_is_a_422(query, caller, submit, problem):
    job = await submit(b"a")
    document = problem(await caller.http.get(f"/v1/jobs/{job['id']}/results?{query}"), 422, "invalid-input")
    name = query.partition("=")[0]
    assert document["errors"][0]["pointer"] == f"query/{'?' if name == 'cursor' else name}"


async def test_of_a_job_that_is_not_there_the_lines_are_a_404(caller, problem):
    response = await caller.http.get("/v1/jobs/7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11/results", headers=NDJSON)
    problem(response, 404, "not-found")


@pytest.fixture
def audited(caller, server):
    """A function that counts the entries of the audit log about reading a job's results."""

    async def count(job) -> int:
        query = text("SELECT count(*) FROM audit_log WHERE resource = :job AND action = 'results.read'")
        async with server.platform.database.transaction(caller.tenant) as connection:
            return (await connection.execute(query, {"job": f"job/{job['id']}"})).scalar_one()

    return count


async def test_each_page_that_is_read_is_audited_wherever_it_begins(caller, submit, audited):
    job = await submit(b"a", b"b", b"c")
    for read, first in enumerate((1, 2, 0, 1), start=1):
        await caller.http.get(f"/v1/jobs/{job['id']}/results", params={"first": first, "limit": 1})
        assert await audited(job) == read


async def test_a_download_is_audited_once_however_long_it_is(caller, submit, audited):
    job = await submit(*[b"a"] * 1_001)
    response = await caller.http.get(f"/v1/jobs/{job['id']}/results", headers=NDJSON)
    assert len(response.text.splitlines()) == 1_001
    assert await audited(job) == 1
