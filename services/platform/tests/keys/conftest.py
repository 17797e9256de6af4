"""Every key provider, as the contract tests see it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from tests.faults.proxy import Proxy, ProxyLoop
from tests.providers.kms import Kms, kms_server
from tests.providers.places import AwsPlace, LocalPlace, Place, Remote, VaultPlace
from tests.providers.transit import Transit, transit_server
from tests.providers.vault import Vault, vault_address, vault_server

from slipway.keys.provider import KeyProvider

Opener = Callable[..., KeyProvider]
REMOTE = ["aws", "vault_stand_in", "vault"]
_DELAY = 0.05
"""Seconds that each piece waits when a provider is slow: below the limit of a call."""


@pytest.fixture
def tenant() -> str:
    return str(uuid4())


@pytest.fixture(scope="session")
def kms() -> Iterator[Kms]:
    with kms_server() as server:
        yield server


@pytest.fixture(scope="session")
def vault_server_() -> Iterator[Vault]:
    if vault_address() is None:
        pytest.skip("VAULT_ADDR and VAULT_TOKEN name no Vault; with an address and a root token, this runs against it")
    with vault_server() as server:
        yield server


@pytest.fixture
def transit() -> Iterator[Transit]:
    with transit_server() as server:
        yield server


@pytest.fixture
def local_place(tmp_path: Path) -> LocalPlace:
    return LocalPlace(tmp_path)


@pytest.fixture
def aws_place(kms: Kms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsPlace:
    return AwsPlace(kms, monkeypatch, tmp_path / "no-such-file")


@pytest.fixture
def vault_stand_in_place(transit: Transit, tmp_path: Path) -> VaultPlace:
    return VaultPlace(transit, tmp_path)


@pytest.fixture
def vault_place(vault_server_: Vault, tmp_path: Path) -> VaultPlace:
    return VaultPlace(vault_server_, tmp_path)


@pytest.fixture(params=["local", *REMOTE])
def place(request: pytest.FixtureRequest) -> Place:
    """Each provider's place."""
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture(params=REMOTE)
def remote(request: pytest.FixtureRequest) -> Remote:
    """The place of each provider that is asked over a network."""
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture
def proxy(remote: Remote) -> Iterator[Proxy]:
    """What stands between us and that provider."""
    if remote.port is None:
        pytest.skip("a proxy can stand only before a server of this machine that speaks no TLS")
    with ProxyLoop() as loop, Proxy(loop, remote.port, delay=_DELAY) as made:
        yield made


@pytest.fixture
async def closing() -> AsyncIterator[Callable[[KeyProvider], KeyProvider]]:
    """A function: the provider is closed after the test."""
    async with AsyncExitStack() as stack:

        def closed_later(provider: KeyProvider) -> KeyProvider:
            stack.push_async_callback(provider.close)
            return provider

        yield closed_later


@pytest.fixture
def opened(place: Place, closing: Callable[[KeyProvider], KeyProvider]) -> Opener:
    """A function that opens the provider as a starting process does."""
    return lambda **how: closing(place.open(**how))
