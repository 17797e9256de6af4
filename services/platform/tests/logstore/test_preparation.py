import asyncio

import pytest

from slipway.logstore.__main__ import prepare
from slipway.logstore.errors import LogStoreError

BANNED = {"action.auto_create_index": "-slipway-logs-*,+*"}


async def test_indices_may_be_made_once_the_template_is_there(store, store_settings):
    store.defaults = BANNED
    await prepare(store_settings)
    puts = [call for call in store.calls if call.startswith("PUT")]
    assert puts == ["PUT /_index_template/slipway-logs", "PUT /_cluster/settings"]
    assert store.cluster["persistent"] == {"action.auto_create_index": "+*"}


@pytest.mark.parametrize("rules", ["true", "false", "+orders-*,-*"])
async def test_rules_that_are_not_ours_stay(store, store_settings, rules):
    store.defaults = {"action.auto_create_index": rules}
    await prepare(store_settings)
    assert store.template is not None
    assert store.cluster["persistent"] == {}


async def test_a_second_time_changes_nothing(store, store_settings):
    store.defaults = BANNED
    await prepare(store_settings)
    before = len(store.calls)
    await prepare(store_settings)
    assert store.calls[before:] == ["PUT /_index_template/slipway-logs", "GET /_cluster/settings"]


async def test_a_store_that_is_starting_is_waited_for(store, store_settings):
    store.fails = {"PUT": 503}
    waiting = asyncio.create_task(prepare(store_settings, pause=0.02))
    async with asyncio.timeout(30):
        while len(store.calls) < 3:
            await asyncio.sleep(0.01)
        assert not waiting.done()
        store.fails = {}
        await waiting
    assert store.template is not None


@pytest.mark.parametrize(("fault", "words"), [(401, "SLIPWAY_LOG_STORE_PASSWORD"), (400, "400")])
async def test_what_waiting_cannot_mend_is_said(store, store_settings, fault, words):
    store.fails = {"PUT": fault}
    with pytest.raises(LogStoreError, match=words):
        await prepare(store_settings, patience=0.0, pause=0.0)


async def test_patience_ends(store_settings):
    nowhere = store_settings.model_copy(update={"log_store_url": "http://127.0.0.1:1"})
    with pytest.raises(LogStoreError, match="SLIPWAY_LOG_STORE_URL"):
        await prepare(nowhere, patience=0.0, pause=0.0)


async def test_a_store_is_trusted_by_the_authority_of_the_settings_alone(
    tls_store, authority, store_settings, tmp_path
):
    strange = store_settings.model_copy(update={"log_store_url": tls_store.url})
    with pytest.raises(LogStoreError, match="cannot be reached"):
        await prepare(strange, patience=0.0, pause=0.0)
    assert tls_store.calls == []
    file = tmp_path / "ca.pem"
    file.write_text(authority.certificate)
    await prepare(strange.model_copy(update={"log_store_ca_file": file}), patience=0.0, pause=0.0)
    assert tls_store.template is not None


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_without_an_authority_is_named(store, store_settings, tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(LogStoreError, match="SLIPWAY_LOG_STORE_CA_FILE"):
        await prepare(store_settings.model_copy(update={"log_store_ca_file": file}))
