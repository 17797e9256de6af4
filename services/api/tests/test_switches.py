"""What callers meet where a flag has switched something off, and which model answers them."""

import asyncio
import base64
import json

import httpx
import pytest

from slipway.flags import Flag

INPUT = {"page": base64.b64encode(b"page").decode()}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
async def switched(start, unleash, quick_flags, monkeypatch):
    """An API that asks the flag server, and has heard it."""
    monkeypatch.setattr("slipway_api.state._SWITCH_SECONDS", 0.05)
    server = await start(unleash_url=unleash.url)
    await asyncio.to_thread(server.platform.flags.settle, 20)
    return server


async def predict(caller) -> httpx.Response:
    return await caller.http.post("/v1/checksum", json={"inputs": [INPUT]})


async def submit(caller) -> httpx.Response:
    return await caller.http.post("/v1/jobs", json={"inputs": [INPUT]})


async def upload(caller) -> httpx.Response:
    return await caller.http.post("/v1/jobs", content=json.dumps(INPUT), headers=NDJSON)


async def watch(caller) -> httpx.Response:
    """Open the events of a job, and leave once it is known whether there will be any."""
    job = (await caller.http.get("/v1/jobs")).json()["jobs"][0]
    async with caller.http.stream("GET", f"/v1/jobs/{job['id']}/events") as response:
        if response.is_error:
            await response.aread()
    return response


OPERATIONS = {predict: 200, submit: 202, upload: 202, watch: 200}
STOPS = {
    Flag.SYNC_PREDICT: {predict},
    Flag.JOB_INTAKE: {submit, upload},
    Flag.JOB_UPLOADS: {upload},
    Flag.EVENT_STREAMS: {watch},
    Flag.JOB_PROCESSING: set(),
    Flag.WEBHOOK_DELIVERY: set(),
    Flag.MODEL_VARIANT: set(),
}


async def until(server, flag: Flag, caller, *, on: bool) -> None:
    async with asyncio.timeout(20):
        while server.platform.flags.is_enabled(flag, tenant=str(caller.tenant)) is not on:
            await asyncio.sleep(0.01)


@pytest.fixture
async def customer(switched, new_caller):
    """A caller with a job."""
    caller = await new_caller(switched)
    await submit(caller)
    return caller


@pytest.mark.parametrize("flag", Flag)
async def test_each_flag_switches_what_it_says_and_nothing_else(flag, switched, customer, unleash, problem):
    unleash.switch_off(flag)
    await until(switched, flag, customer, on=False)
    before = rejected(switched)
    for operation, usual in OPERATIONS.items():
        answer = await operation(customer)
        if operation in STOPS[flag]:
            problem(answer, 503, "unavailable")
            assert answer.headers["retry-after"] == "60"
        else:
            assert answer.status_code == usual
    assert rejected(switched) == before + len(STOPS[flag])

    unleash.say()
    await until(switched, flag, customer, on=flag.default)
    for operation, usual in OPERATIONS.items():
        assert (await operation(customer)).status_code == usual


def rejected(server) -> float:
    labels = {"reason": "switched_off"}
    return server.platform.metrics.registry.get_sample_value("slipway_requests_rejected_total", labels)


@pytest.mark.parametrize("flag", [flag for flag in Flag if STOPS[flag]])
async def test_it_can_be_off_for_one_tenant_alone(flag, switched, customer, new_caller, unleash):
    other = await new_caller(switched)
    await submit(other)
    constraint = {"contextName": "userId", "operator": "NOT_IN", "values": [str(customer.tenant)]}
    strategy = {"name": "default", "constraints": [constraint]}
    unleash.say({"name": flag.flag, "enabled": True, "strategies": [strategy]})
    await until(switched, flag, customer, on=False)
    for operation in STOPS[flag]:
        assert (await operation(customer)).status_code == 503
        assert (await operation(other)).status_code == OPERATIONS[operation]


async def test_streams_that_are_open_end(switched, new_caller, unleash):
    caller = await new_caller(switched)
    job = (await submit(caller)).json()
    async with asyncio.timeout(20), caller.http.stream("GET", f"/v1/jobs/{job['id']}/events") as response:
        lines = response.aiter_lines()
        assert await anext(lines) == "event: progress"
        unleash.switch_off(Flag.EVENT_STREAMS)
        assert [line async for line in lines]  # to the end, before the job has come to its own
    assert (await watch(caller)).status_code == 503
    assert (await caller.http.get(f"/v1/jobs/{job['id']}")).json()["state"] == "queued"


async def test_the_tenant_s_model_answers_and_is_named(start, new_caller, unleash, quick_flags):
    unleash.split(("control", "a"), ("candidate", "b"))
    server = await start(unleash_url=unleash.url, workload="named:Named", model="a", model_variants="b")
    await asyncio.to_thread(server.platform.flags.settle, 20)
    seen = set()
    for _ in range(12):
        caller = await new_caller(server)
        answers = [await caller.http.post("/v1/named", json={"inputs": [{"text": "x"}]}) for _ in range(3)]
        named = {(answer.json()["results"][0]["model"], answer.headers["slipway-model"]) for answer in answers}
        assert len(named) == 1
        seen |= named
    assert seen == {("a", "a+loaded"), ("b", "b+loaded")}
    models = (await caller.http.get("/v1/models")).json()["models"]
    assert [(model["version"], model["default"]) for model in models] == [("a+loaded", True), ("b+loaded", False)]
