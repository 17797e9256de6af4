"""Every key provider, as the contract tests see it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from slipway.keys.local import LocalKeyProvider, create_keys
from slipway.keys.provider import KeyProvider
from slipway.settings import Settings

Opener = Callable[..., KeyProvider]


@pytest.fixture
def tenant() -> str:
    return str(uuid4())


@pytest.fixture
def local_settings(tmp_path) -> Settings:
    settings = Settings(master_key_file=tmp_path / "keys/master.key", audit_key_file=tmp_path / "keys/audit.pem")
    create_keys(settings)
    return settings


@pytest.fixture
def open_local(local_settings, tmp_path) -> Opener:
    """Open the local provider, or that of another installation."""

    def opener(*, elsewhere: bool = False) -> KeyProvider:
        if not elsewhere:
            return LocalKeyProvider.load(local_settings)
        folder = tmp_path / "elsewhere"
        other = local_settings.model_copy(
            update={"master_key_file": folder / "master.key", "audit_key_file": folder / "audit.pem"}
        )
        create_keys(other)
        return LocalKeyProvider.load(other)

    return opener


@pytest.fixture(params=["local"])
async def opened(request) -> AsyncIterator[Opener]:
    """A function that opens the provider of this parameter, as a starting process does; all are closed after it."""
    opener = request.getfixturevalue(f"open_{request.param}")
    async with AsyncExitStack() as stack:

        def opening(*, elsewhere: bool = False) -> KeyProvider:
            provider = opener(elsewhere=elsewhere)
            stack.push_async_callback(provider.close)
            return provider

        yield opening
