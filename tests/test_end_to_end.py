"""The second workload through the real stack: the API, the worker, the scheduler, PostgreSQL and Redis as processes."""

import asyncio
import base64
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import redis

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

COUNT = 10_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_WORKLOAD", "checksum:Checksum")
        patch.setenv("SLIPWAY_LEASE_SECONDS", "2")
        patch.setenv("SLIPWAY_SWEEP_SECONDS", "1")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        with LocalStack(tmp_path_factory.mktemp("var"), any_ports=True) as running:
            yield running


@pytest.fixture
def api(stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {asyncio.run(new_token(stack.settings, f'tenant-{uuid4()}'))}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as client:
        yield client


def scan(page: bytes) -> dict[str, str]:
    return {"page": base64.b64encode(page).decode()}


def submit(api: httpx.Client, pages: list[bytes]) -> str:
    lines = "\n".join(json.dumps(scan(page)) for page in pages)
    accepted = api.post("/v1/jobs", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert accepted.status_code == 202, accepted.text
    return accepted.headers["Location"]


def wait(api: httpx.Client, location: str, share: float) -> dict:
    while (job := api.get(location).json())["progress"] < share:
        time.sleep(0.05)
    return job


def results(api: httpx.Client, location: str) -> list[dict]:
    lines = api.get(f"{location}/results", headers={"Accept": "application/x-ndjson"}).text.splitlines()
    return [json.loads(line) for line in lines]


def log_lines(stack: LocalStack, process: str) -> list[dict]:
    return [json.loads(line) for line in Path(stack.folder.log(process)).read_text().splitlines()]


def test_another_workload_answers_now(api):
    answer = api.post("/v1/checksum", json={"inputs": [scan(b"one"), scan(b"bad"), scan(b"two")]})

    assert answer.json()["results"] == [
        {"sha256": hashlib.sha256(b"one").hexdigest()},
        {"error": {"code": "unreadable", "detail": "The page cannot be read."}},
        {"sha256": hashlib.sha256(b"two").hexdigest()},
    ]


def test_a_killed_worker_and_a_flushed_redis_cost_no_message_and_repeat_none(api, stack):
    pages = [f"page {number}".encode() for number in range(COUNT)]
    location = submit(api, pages)
    wait(api, location, 0.05)

    redis.Redis.from_url(stack.settings.redis_url.get_secret_value()).flushall()
    stack.kill("worker")
    assert api.get(location).json()["state"] == "running"

    done = wait(api, location, 1.0)
    assert (done["state"], done["succeeded"], done["dead"]) == ("completed", COUNT, 0)
    found = results(api, location)
    assert [line["ordinal"] for line in found] == list(range(COUNT))
    assert [line["output"]["sha256"] for line in found] == [hashlib.sha256(page).hexdigest() for page in pages]


def test_a_trace_crosses_from_the_caller_through_the_api_into_the_worker(api, stack):
    trace = uuid4().hex
    page = f"canary-{uuid4()}".encode()
    headers = {"traceparent": f"00-{trace}-{'1' * 16}-01"}
    location = api.post("/v1/jobs", json={"inputs": [scan(page)]}, headers=headers).headers["Location"]
    wait(api, location, 1.0)

    finished = [line for line in log_lines(stack, "worker") if line.get("job_id") == location.rsplit("/", 1)[1]]
    assert [line["trace_id"] for line in finished] == [trace]
    for process in ("api", "worker", "scheduler", "postgres", "redis"):
        assert b"canary" not in Path(stack.folder.log(process)).read_bytes()


def test_every_line_of_the_services_logs_is_one_json_object(stack, api):
    api.get("/v1/nothing")

    for process in ("api", "worker", "scheduler"):
        lines = log_lines(stack, process)
        assert all({"timestamp", "level", "event", "role"} <= line.keys() for line in lines)
