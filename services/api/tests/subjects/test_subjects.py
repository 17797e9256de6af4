"""`/v1/subjects`: who a person is, and what applies to them, everywhere that something is processed."""

import asyncio
import base64
import hashlib
import time
from urllib.parse import quote
from uuid import uuid4

import pytest
from checksum import Checksum
from sqlalchemy import text

from slipway.errors import Unavailable
from slipway.tenants.schemas import Scope

ANNA, BEN = "Anna Ärger <anna@example.com>", "ben@example.com"
LOOKUP = "/v1/subjects/lookup"
OBEYS_SECONDS = 5.0
"""A request that begins later obeys."""


def page(content: str, patient: str | None = None) -> dict:
    return {"page": base64.b64encode(content.encode()).decode(), "patient": patient}


def sha256(content: str) -> dict:
    return {"sha256": hashlib.sha256(content.encode()).hexdigest()}


@pytest.fixture
def submit(caller):
    """A function that submits inputs and returns the path of their job."""

    async def post(*inputs: dict) -> str:
        response = await caller.http.post("/v1/jobs", json={"inputs": inputs})
        return f"/v1/jobs/{response.raise_for_status().json()['id']}"

    return post


@pytest.fixture
def results(caller):
    """A function that returns of each input of a job its output, or the code of its error, or its state."""

    async def get(job: str) -> list:
        found = (await caller.http.get(f"{job}/results")).raise_for_status().json()["results"]
        return [each["output"] or (each["error"] or {"code": each["state"]})["code"] for each in found]

    return get


async def known(caller, name: str) -> dict:
    return (await caller.http.post("/v1/subjects", json={"subject": name})).raise_for_status().json()


async def change(caller, subject: str, **wanted: bool) -> dict:
    return (await caller.http.patch(f"/v1/subjects/{subject}", json=wanted)).raise_for_status().json()


async def test_a_person_is_found_by_name_in_a_body_or_in_a_path_and_by_id(caller, stranger, submit, problem):
    await submit(page("a", ANNA))

    found = (await caller.http.post(LOOKUP, json={"subject": ANNA})).json()

    assert found["named"] is True
    assert (found["restricted_at"], found["objected_at"], found["hold"]) == (None, None, None)
    for name in (found["id"], quote(ANNA, safe="")):
        assert (await caller.http.get(f"/v1/subjects/{name}")).json() == found
        problem(await stranger.http.get(f"/v1/subjects/{name}"), 404, "not-found")
    problem(await stranger.http.post(LOOKUP, json={"subject": ANNA}), 404, "not-found")
    for name in (str(uuid4()), "nobody", "%00", "%ff%fe", "a%2Fb"):
        problem(await caller.http.get(f"/v1/subjects/{name}"), 404, "not-found")
    problem(await caller.http.get(f"/v1/subjects/{'n' * 1001}"), 422, "invalid-input")
    for body in ({}, {"subject": ""}, {"subject": "n" * 1001}, {"subject": 7}, {"subject": ANNA, "more": 1}):
        problem(await caller.http.post(LOOKUP, json=body), 422, "invalid-input")


async def test_a_name_with_a_slash_is_looked_up(caller, submit):
    await submit(page("a", "ward/7"))
    found = (await caller.http.post(LOOKUP, json={"subject": "ward/7"})).json()
    assert (await change(caller, found["id"], objected=True))["objected_at"]


async def test_each_route_wants_its_scope(server, new_caller, caller, problem):
    subject = (await known(caller, ANNA))["id"]
    reader = await new_caller(server, Scope.SUBJECTS_READ, tenant=caller.tenant)
    writer = await new_caller(server, Scope.SUBJECTS_WRITE, tenant=caller.tenant)
    assert (await reader.http.get(f"/v1/subjects/{subject}")).status_code == 200
    assert (await reader.http.post(LOOKUP, json={"subject": ANNA})).status_code == 200
    for forbidden in (
        await writer.http.get(f"/v1/subjects/{subject}"),
        await writer.http.post(LOOKUP, json={"subject": ANNA}),
        await reader.http.post("/v1/subjects", json={"subject": ANNA}),
        await reader.http.patch(f"/v1/subjects/{subject}", json={"restricted": True}),
        await reader.http.post(f"/v1/subjects/{subject}/rectify", json={}),
    ):
        problem(forbidden, 403, "missing-scope")


async def test_who_is_made_known_is_once(caller):
    key = {"Idempotency-Key": "one"}
    answers = [await caller.http.post("/v1/subjects", json={"subject": ANNA}, headers=key) for _ in range(2)]
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    assert answers[0].json() == answers[1].json() == await known(caller, ANNA)
    other = await caller.http.post("/v1/subjects", json={"subject": BEN}, headers=key)
    assert other.status_code == 422


async def test_states_change_and_stay_as_they_are(caller):
    subject = (await known(caller, ANNA))["id"]
    restricted = await change(caller, subject, restricted=True)
    both = await change(caller, quote(ANNA, safe=""), objected=True)
    assert both["restricted_at"] == restricted["restricted_at"] is not None
    assert await change(caller, subject) == both
    assert await change(caller, subject, restricted=True, objected=True) == both
    free = await change(caller, subject, restricted=False, objected=False)
    assert (free["restricted_at"], free["objected_at"]) == (None, None)


@pytest.mark.parametrize(
    ("state", "code"), [("restricted", "processing_restricted"), ("objected", "processing_objected")]
)
async def test_predictions_obey_within_five_seconds(caller, stranger, state, code):
    inputs = [page("a", ANNA), page("b", BEN), page("c"), page("d", ANNA)]
    answered = [sha256("a"), sha256("b"), sha256("c"), sha256("d")]
    refused = [code, sha256("b"), sha256("c"), code]

    async def predicted(who) -> list:
        found = (await who.http.post("/v1/checksum", json={"inputs": inputs})).raise_for_status().json()["results"]
        return [each.get("error", {}).get("code") or each for each in found]

    async def becomes(expected: list) -> None:
        deadline = time.monotonic() + OBEYS_SECONDS
        began = time.monotonic()
        while await predicted(caller) != expected:
            assert began < deadline
            await asyncio.sleep(0.05)
            began = time.monotonic()

    assert await predicted(caller) == answered
    subject = (await known(caller, ANNA))["id"]
    await change(caller, subject, **{state: True})
    await becomes(refused)
    assert await predicted(stranger) == answered
    only = await caller.http.post("/v1/checksum", json={"inputs": [page("never seen", ANNA)]})
    assert only.json()["results"][0]["error"]["code"] == code
    assert b"never seen" not in Checksum.seen
    await change(caller, subject, **{state: False})
    await becomes(answered)


async def test_an_answer_that_the_model_was_working_on_is_not_given(caller, server, monkeypatch):
    subject = (await known(caller, ANNA))["id"]
    inputs = [page("slow, a", ANNA), page("slow, b", BEN)]

    async def predict_and_look_again(predict, *arguments):
        results = await predict(*arguments)
        await change(caller, subject, restricted=True)
        await server.app.state.api.gate.follow()
        return results

    batcher = server.app.state.api.batcher
    predict = batcher.predict
    monkeypatch.setattr(batcher, "predict", lambda *arguments: predict_and_look_again(predict, *arguments))
    found = (await caller.http.post("/v1/checksum", json={"inputs": inputs})).json()["results"]

    assert found[0]["error"]["code"] == "processing_restricted"
    assert found[1] == sha256("slow, b")


async def test_predictions_are_refused_while_nobody_can_tell_who_is_to_be_let_alone(
    caller, server, problem, monkeypatch
):
    async def away():
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(server.app.state.api.gate, "_known_until", 0.0)
    monkeypatch.setattr(server.app.state.api.gate, "_look", away)
    problem(await caller.http.post("/v1/checksum", json={"inputs": [page("a")]}), 503, "unavailable")


async def test_jobs_obey_and_results_are_hidden_and_come_back(caller, server, submit, results):
    done = await submit(page("a", ANNA), page("b", BEN))
    await server.work()
    await change(caller, quote(ANNA, safe=""), restricted=True)
    waiting = await submit(page("c", ANNA), page("d", BEN))
    await server.work()

    assert await results(done) == ["processing_restricted", sha256("b")]
    assert await results(waiting) == ["processing_restricted", sha256("d")]
    hidden = (await caller.http.get(f"{done}/results")).json()["results"][0]
    assert (hidden["state"], hidden["output"]) == ("restricted", None)
    lines = await caller.http.get(f"{done}/results", headers={"Accept": "application/x-ndjson"})
    assert sha256("a")["sha256"] not in lines.text
    assert sha256("b")["sha256"] in lines.text

    await change(caller, quote(ANNA, safe=""), restricted=False)
    assert await results(done) == [sha256("a"), sha256("b")]
    assert (await caller.http.post(f"{waiting}/retry")).status_code == 202
    await server.work()
    assert await results(waiting) == [sha256("c"), sha256("d")]


async def test_an_input_is_put_right_and_answered_anew_once(caller, server, submit, results, problem):
    job = await submit(page("wrong", ANNA), page("b", BEN))
    await server.work()
    subject, key = (await known(caller, ANNA))["id"], {"Idempotency-Key": "one"}
    body = {"job_id": job.rpartition("/")[2], "ordinal": 0, "input": page("right", ANNA)}
    path = f"/v1/subjects/{subject}/rectify"

    answers = [await caller.http.post(path, json=body, headers=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    assert answers[0].headers["location"] == job
    assert (answers[0].json()["state"], answers[0].json()["succeeded"]) == ("queued", 1)
    await server.work()
    assert await results(job) == [sha256("right"), sha256("b")]
    problem(await caller.http.post(path, json={**body, "ordinal": 1}), 404, "not-found")
    problem(await caller.http.post(path, json={**body, "input": page("x", BEN)}), 422, "invalid-input")
    wrong = problem(await caller.http.post(path, json={**body, "input": {"page": 7}}), 422, "invalid-input")
    assert {mistake["pointer"] for mistake in wrong["errors"]} == {"#/input/page"}


async def test_pages_and_downloads_go_on_behind_a_gap(caller, server, submit):
    job = await submit(*[page(f"page {number}", BEN) for number in range(40)])
    await server.work()
    async with server.platform.database.transaction(caller.tenant) as connection:
        await connection.execute(text("DELETE FROM job_items WHERE ordinal BETWEEN 2 AND 36"))

    found, first = [], 0
    while first is not None:
        answer = (await caller.http.get(f"{job}/results", params={"first": first, "limit": 2})).json()
        found += [result["ordinal"] for result in answer["results"]]
        first = answer["next"]
    assert found == [0, 1, 37, 38, 39]


async def test_a_download_goes_on_behind_a_gap_longer_than_a_page(caller, server, submit):
    job = await submit(*[page("p", BEN) for _ in range(1000)])
    async with server.platform.database.transaction(caller.tenant) as connection:
        await connection.execute(text("DELETE FROM job_items WHERE ordinal BETWEEN 3 AND 997"))
    lines = await caller.http.get(f"{job}/results", headers={"Accept": "application/x-ndjson"})
    assert [line.partition(",")[0] for line in lines.text.splitlines()] == [
        f'{{"ordinal": {number}' for number in (0, 1, 2, 998, 999)
    ]
