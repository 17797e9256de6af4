"""The product, with something between it and all that it depends on: the API, and a worker's runtime beside it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from tests.faults.matrix import Dependency
from tests.faults.peers import Peer, peer
from tests.faults.product import Product, running
from tests.faults.proxy import Fault, Proxy, ProxyLoop
from tests.faults.trial import Break
from tests.faults.workload import failing_model
from tests.providers.places import VaultPlace
from tests.providers.transit import Transit, transit_server

from slipway.settings import Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.tracing import configure_tracing
from slipway_cli.keys import new_token
from slipway_worker.runtime import Runtime

_QUICK = {
    "workload": "tests.faults.workload:Obedient",
    "database_timeout": 0.5,
    "redis_timeout": 0.3,
    "key_provider_timeout": 0.5,
    "key_cache_ttl": 0.1,
    "tenant_key_ttl": 0.1,
    "chunk_inputs": 4,
    "lease_seconds": 2.0,
    "poll_seconds": 0.2,
    "turn_seconds": 1.0,
    "drain_seconds": 2.0,
    "max_attempts": 2,
    "webhook_allowed_networks": "127.0.0.0/8",
    "webhook_timeout": 0.5,
    "webhook_poll_seconds": 0.2,
    "webhook_breaker_failures": 100,
    "api_port": 0,
    "metrics_port": 0,
}
_DELAYS = {
    Dependency.POSTGRES: 0.02,
    Dependency.REDIS: 1.0,
    Dependency.KEYS: 0.05,
    Dependency.FLAGS: 5.0,
    Dependency.TRACES: 5.0,
    Dependency.WEBHOOK: 1.0,
}
"""Seconds that a slow piece waits: below the time limit, which would be frozen, of PostgreSQL and of the key provider;
above that of the others."""


@pytest.fixture(scope="session")
def http_peer() -> Iterator[Peer]:
    with peer() as server:
        yield server


@pytest.fixture(scope="session")
def key_service() -> Iterator[Transit]:
    with transit_server() as server:
        yield server


@pytest.fixture(scope="session")
def direct_settings(new_settings, tmp_path_factory, key_service) -> Iterator[Settings]:
    """Settings that reach the servers without a proxy."""
    folder = tmp_path_factory.mktemp("faults")
    vault = VaultPlace(key_service, folder).settings()
    keys = {name: getattr(vault, name) for name in ("key_provider", "vault_url", "vault_token_file")}
    with new_settings(folder) as settings:
        yield settings.model_copy(update=_QUICK | keys)


@pytest.fixture(scope="session")
def proxies(postgres, redis_server, key_service, http_peer) -> Iterator[dict[Dependency, Proxy]]:
    with ExitStack() as stack:
        loop = stack.enter_context(ProxyLoop())
        ports = {
            Dependency.POSTGRES: postgres.port,
            Dependency.REDIS: redis_server.port,
            Dependency.KEYS: key_service.port,
            **dict.fromkeys((Dependency.FLAGS, Dependency.TRACES, Dependency.WEBHOOK), http_peer.server_port),
        }
        yield {
            dependency: stack.enter_context(Proxy(loop, port, delay=_DELAYS[dependency]))
            for dependency, port in ports.items()
        }


@pytest.fixture(scope="session")
def fragile_settings(direct_settings, proxies, postgres, redis_server) -> Settings:
    """The same, through the proxies."""

    def through(dependency: Dependency, url: SecretStr, port: int) -> SecretStr:
        return SecretStr(url.get_secret_value().replace(f":{port}/", f":{proxies[dependency].port}/"))

    return direct_settings.model_copy(
        update={
            "database_app_url": through(Dependency.POSTGRES, direct_settings.database_app_url, postgres.port),
            "database_system_url": through(Dependency.POSTGRES, direct_settings.database_system_url, postgres.port),
            "redis_url": through(Dependency.REDIS, direct_settings.redis_url, redis_server.port),
            "vault_url": f"http://127.0.0.1:{proxies[Dependency.KEYS].port}",
            "unleash_url": f"http://127.0.0.1:{proxies[Dependency.FLAGS].port}/api",
            "otlp_endpoint": f"http://127.0.0.1:{proxies[Dependency.TRACES].port}",
        }
    )


@pytest.fixture(scope="session")
def break_(proxies) -> Break:
    """A function: a block in which a dependency fails."""

    def breaking(dependency: Dependency, fault: Fault) -> AbstractContextManager[None]:
        if dependency is Dependency.MODEL:
            return failing_model(fault)
        return proxies[dependency].failing(fault)

    return breaking


@pytest.fixture(scope="session")
async def token(direct_settings: Settings) -> str:
    """Return the key of a tenant that may do everything."""
    return await new_token(direct_settings, f"tenant-{uuid4()}")


@pytest.fixture(scope="module")
async def product(token: str, fragile_settings: Settings, proxies, http_peer) -> AsyncIterator[Product]:
    """A running API, a running worker, and a tenant's client."""
    configure_logs("test", "INFO", strict=True)
    headers = {"Authorization": f"Bearer {token}"}
    with pytest.MonkeyPatch.context() as patch:
        _adjust(patch)
        worker = Runtime(fragile_settings, configure_tracing("worker", fragile_settings))
        async with running(fragile_settings) as url, httpx.AsyncClient(base_url=url, headers=headers) as http:
            await asyncio.to_thread(worker.start)
            try:
                found = Product(fragile_settings, http, http_peer)
                await found.register(f"http://127.0.0.1:{proxies[Dependency.WEBHOOK].port}/hook")
                yield found
            finally:
                await asyncio.to_thread(worker.stop)


def _adjust(patch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses that no setting sets."""
    patch.setattr("slipway.serving.hangs.ask_to_stop", bool)  # it would be the tests that end
    patch.setattr("slipway.flags.service._REFRESH_SECONDS", 1)
    patch.setattr("slipway.webhooks.schedule.DELAYS", (0.5,) * 9)
    patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    for user in ("doorbell", "rates"):
        patch.setattr(f"slipway_api.{user}.TRIAL_SECONDS", 0.5)
