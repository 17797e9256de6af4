"""Only valid keys, with the scope that a route needs."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from slipway import clock
from slipway.tenants.schemas import Scope
from slipway.tenants.service import revoke_key

INPUTS = {"inputs": [{"page": "YQ=="}]}
JOB = "/v1/jobs/7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11"
NEEDS = {
    ("POST", "/v1/checksum"): Scope.PREDICT,
    ("GET", "/v1/jobs"): Scope.JOBS_READ,
    ("GET", JOB): Scope.JOBS_READ,
    ("GET", f"{JOB}/results"): Scope.JOBS_READ,
    ("POST", "/v1/jobs"): Scope.JOBS_WRITE,
    ("POST", f"{JOB}/cancel"): Scope.JOBS_WRITE,
    ("POST", f"{JOB}/retry"): Scope.JOBS_WRITE,
    ("DELETE", JOB): Scope.JOBS_WRITE,
}


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        "",
        "Bearer",
        "Basic c2x3OnNsdw==",
        "Bearer slw_",
        "Bearer " + "x" * 10_000,
        "Bearer slw_0123456789abcdef_" + "0" * 64,
        "Bearer slw_0123456789ABCDEF_" + "0" * 64,
        "Bearer slw_0123456789abcdef_" + "0" * 63 + "\xb2",
        "Bearer slw_0123456789abcdef_" + "0" * 64 + " x",
    ],
)
async def test_without_a_valid_key_every_route_answers_the_same_401(credentials, server, problem):
    headers = {} if credentials is None else {b"authorization": credentials.encode("latin-1")}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, verify=False) as client:
        responses = [await client.get("/v1/models"), await client.post("/v1/checksum", content=b"{")]

    for response in responses:
        document = problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"
        assert document["detail"] == "Send a valid key: `Authorization: Bearer slw_...`."
        assert "ratelimit" not in response.headers


async def test_a_key_with_another_secret_is_not_that_key(caller, server, problem):
    token = caller.http.headers["Authorization"]
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")

    problem(await caller.http.get("/v1/models", headers={"Authorization": wrong}), 401, "unauthenticated")
    assert (await caller.http.get("/v1/models")).status_code == 200


async def test_an_expired_key_is_refused(new_caller, server, problem):
    caller = await new_caller(server, expires_at=clock.now() - timedelta(seconds=1))
    problem(await caller.http.get("/v1/models"), 401, "unauthenticated")


async def test_a_key_expires_while_it_is_used(new_caller, server, problem):
    caller = await new_caller(server, expires_at=clock.now() + timedelta(seconds=1))
    assert (await caller.http.get("/v1/models")).status_code == 200
    await asyncio.sleep(1.1)
    problem(await caller.http.get("/v1/models"), 401, "unauthenticated")


async def test_a_revoked_key_dies_within_five_seconds(start, new_caller, problem):
    server = await start(key_cache_ttl=0.5)
    assert type(server.settings).model_fields["key_cache_ttl"].default <= 5
    caller = await new_caller(server)
    assert (await caller.http.get("/v1/models")).status_code == 200
    async with server.platform.database.transaction(caller.tenant) as connection:
        assert await revoke_key(connection, caller.tenant, caller.key_id, "test")

    await asyncio.sleep(0.6)

    problem(await caller.http.get("/v1/models"), 401, "unauthenticated")


@pytest.mark.parametrize(("method", "path"), NEEDS)
async def test_a_key_needs_the_scope_of_the_route_and_no_other(method, path, server, new_caller, problem):
    needed = NEEDS[method, path]
    without = await new_caller(server, *(scope for scope in Scope if scope is not needed))
    exact = await new_caller(server, needed)

    refused = await without.http.request(method, path, json=INPUTS)
    document = problem(refused, 403, "missing-scope")
    assert document["scope"] == needed
    assert needed in document["detail"]
    accepted = await exact.http.request(method, path, json=INPUTS)
    assert accepted.status_code in (200, 202, 404)


async def test_any_key_may_see_the_models(server, new_caller):
    for scope in Scope:
        caller = await new_caller(server, scope)
        assert (await caller.http.get("/v1/models")).status_code == 200


async def test_who_may_not_call_learns_nothing_about_the_body(server, problem, new_caller):
    caller = await new_caller(server, Scope.JOBS_READ)
    problem(await caller.http.post("/v1/checksum", content=b"{"), 403, "missing-scope")
    problem(await caller.http.delete("/v1/jobs/not-a-uuid"), 403, "missing-scope")


async def test_the_last_use_of_a_key_is_noted(caller, server):
    await caller.http.get("/v1/models")
    await server.app.state.api.authenticator.flush_last_used()

    async with server.platform.database.transaction(caller.tenant) as connection:
        query = "SELECT last_used_at > now() - interval '1 minute' FROM api_keys"
        assert (await connection.exec_driver_sql(query)).scalar_one()


async def test_refusals_are_counted(start, new_caller):
    server = await start()
    caller = await new_caller(server, Scope.PREDICT)
    await caller.http.get("/v1/jobs")
    await caller.http.get("/v1/models", headers={"Authorization": "Bearer wrong"})

    registry = server.platform.metrics.registry
    for reason in ("missing_scope", "unauthenticated"):
        assert registry.get_sample_value("slipway_requests_rejected_total", {"reason": reason}) == 1
