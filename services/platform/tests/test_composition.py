import pytest
from prometheus_client import generate_latest

from slipway.composition import open_platform
from slipway.keys.files import KeyFileError
from slipway.telemetry.tracing import configure_tracing


async def test_the_platform_counts_its_connections_and_says_what_it_is(platform, principal):
    async with platform.database.transaction(principal.tenant_id):
        exposed = generate_latest(platform.metrics.registry).decode()

    assert 'slipway_database_connections{role="app"} 1.0' in exposed
    assert 'slipway_database_connections{role="system"} 0.0' in exposed
    assert "slipway_build_info{" in exposed
    assert platform.workload.name == "checksum"


@pytest.mark.parametrize("name", ["master_key_file", "audit_key_file"])
async def test_without_a_key_nothing_starts(small_settings, tmp_path, name):
    settings = small_settings.model_copy(update={name: tmp_path / "none"})
    with pytest.raises(KeyFileError, match="There is no key file"):
        async with open_platform(settings, configure_tracing("test", settings)):
            raise AssertionError("it started without a key")


async def test_without_a_workload_nothing_starts(small_settings):
    settings = small_settings.model_copy(update={"workload": "nowhere:Nothing"})
    with pytest.raises(ValueError, match="SLIPWAY_WORKLOAD"):
        async with open_platform(settings, configure_tracing("test", settings)):
            raise AssertionError("it started without a workload")
