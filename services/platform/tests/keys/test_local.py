import base64
import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.keys.envelope import DataKey, SealBroken, new_data_key
from slipway.keys.files import KeyFileError, create_key_file
from slipway.keys.local import LocalKeyProvider, create_keys
from slipway.keys.provider import (
    KeyDestroyed,
    KeyIndestructible,
    KeyProvider,
    KeyProviderDenied,
    KeyProviderGone,
    KeyProviderMisconfigured,
)
from slipway.keys.signer import AuditSigner
from slipway.settings import Environment, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(master_key_file=tmp_path / "keys" / "master.key", audit_key_file=tmp_path / "keys" / "audit.pem")


@pytest.fixture
def provider(settings: Settings) -> KeyProvider:
    create_keys(settings)
    return LocalKeyProvider.load(settings)


def production(settings: Settings) -> Settings:
    return settings.model_copy(update={"environment": Environment.PRODUCTION})


async def test_a_master_key_file_may_end_with_a_line_break(settings: Settings) -> None:
    create_key_file(settings.master_key_file, base64.b64encode(bytes(32)) + b"\n")
    key = new_data_key()
    provider = LocalKeyProvider.load(settings)
    assert await provider.unwrap(await provider.wrap(key, tenant="t-1"), tenant="t-1") == key


async def test_what_wraps_a_version_lies_in_a_file_for_its_owner_alone(settings: Settings, provider) -> None:
    await provider.wrap(new_data_key(version=3), tenant="t-1")
    (file,) = (settings.master_key_file.parent / "tenants").rglob("*.key")
    assert (file.parent.name, file.name) == ("t-1", "3.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (file.parent, file.parent.parent)} == {0o700}


async def test_a_copy_of_the_file_without_the_master_key_opens_nothing(settings: Settings, provider) -> None:
    key = new_data_key()
    wrapped = await provider.wrap(key, tenant="t-1")
    thief = LocalKeyProvider(new_data_key(), settings.master_key_file.parent / "tenants")
    with pytest.raises(SealBroken):
        await thief.unwrap(wrapped, tenant="t-1")


async def test_a_file_that_another_tenant_was_given_opens_nothing(settings: Settings, provider) -> None:
    wrapped = [await provider.wrap(new_data_key(), tenant=tenant) for tenant in ("t-1", "t-2")]
    folder = settings.master_key_file.parent / "tenants"
    (folder / "t-2" / "1.key").write_bytes((folder / "t-1" / "1.key").read_bytes())
    for each in wrapped:
        with pytest.raises(SealBroken):
            await provider.unwrap(each, tenant="t-2")


@pytest.mark.parametrize("content", [b"", b"not base64!", base64.b64encode(b"too short")])
async def test_a_tenant_s_file_that_was_changed_is_told(settings: Settings, provider, content: bytes) -> None:
    wrapped = await provider.wrap(new_data_key(), tenant="t-1")
    (settings.master_key_file.parent / "tenants/t-1/1.key").write_bytes(content)
    with pytest.raises(SealBroken):
        await provider.unwrap(wrapped, tenant="t-1")


async def test_a_destroyed_version_leaves_no_file_and_never_comes_back(settings: Settings, provider) -> None:
    wrapped = await provider.wrap(new_data_key(), tenant="t-1")
    await provider.destroy(tenant="t-1", version=1, wrapped=wrapped)
    assert not list((settings.master_key_file.parent / "tenants").rglob("*.key"))
    await provider.wrap(new_data_key(), tenant="t-1")
    with pytest.raises(SealBroken):
        await provider.unwrap(wrapped, tenant="t-1")


async def test_where_no_file_can_be_made_the_master_key_wraps_and_nothing_is_destroyed_apart() -> None:
    """So it was before versions had files of their own: those keys still open, and say that they always will."""
    master, key = new_data_key(), new_data_key(version=4)
    provider = LocalKeyProvider(master, None)
    wrapped = await provider.wrap(key, tenant="t-1")
    assert wrapped[:5] == b"\x01\x00\x00\x00\x01"  # the plain envelope of version 1 of the master key
    with pytest.raises(KeyIndestructible, match="their own retention"):
        await provider.destroy(tenant="t-1", version=4, wrapped=wrapped)
    assert await provider.unwrap(wrapped, tenant="t-1") == key
    with pytest.raises(SealBroken):
        await provider.unwrap(wrapped, tenant="t-2")


async def test_a_folder_that_is_not_mounted_here_is_no_proof_of_a_destruction(settings: Settings, provider) -> None:
    """Another process has the files: this one neither opens nor destroys, and says why."""
    key = new_data_key()
    wrapped = await provider.wrap(key, tenant="t-1")
    folder = settings.master_key_file.parent / "tenants"
    folder.rename(folder.with_name("elsewhere"))
    for call in (
        provider.unwrap(wrapped, tenant="t-1"),
        provider.destroy(tenant="t-1", version=1, wrapped=wrapped),
    ):
        with pytest.raises(KeyProviderMisconfigured, match="SLIPWAY_TENANT_KEYS_DIR"):
            await call
    folder.with_name("elsewhere").rename(folder)
    assert await provider.unwrap(wrapped, tenant="t-1") == key


async def test_a_process_that_started_before_the_folder_was_there_uses_it(settings: Settings, monkeypatch) -> None:
    create_keys(settings)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        early = LocalKeyProvider.load(settings)
        assert (await early.wrap(new_data_key(), tenant="t-1"))[:1] == b"\x01"
    key = new_data_key()
    wrapped = await LocalKeyProvider.load(settings).wrap(key, tenant="t-1")
    assert wrapped[:1] == b"\x02"
    assert await early.unwrap(wrapped, tenant="t-1") == key


@pytest.mark.parametrize("name", ["link", "unlink"])
async def test_files_that_may_not_be_changed_here_are_a_matter_of_permissions(
    settings: Settings, provider, monkeypatch, name: str
) -> None:
    """As where the folder is mounted read-only, which a superuser of a test cannot be kept from by a mode."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    wrapped = await provider.wrap(new_data_key(), tenant="t-1")
    monkeypatch.setattr(os, name, read_only)
    monkeypatch.setattr(Path, name, read_only, raising=False)
    call = (
        provider.wrap(new_data_key(version=2), tenant="t-1")
        if name == "link"
        else provider.destroy(tenant="t-1", version=1, wrapped=wrapped)
    )
    with pytest.raises(KeyProviderDenied, match="Read-only file system"):
        await call


async def test_a_file_that_vanishes_as_it_is_read_was_destroyed(settings: Settings, provider, monkeypatch) -> None:
    wrapped = await provider.wrap(new_data_key(), tenant="t-1")
    (settings.master_key_file.parent / "tenants/t-1/1.key").unlink()
    monkeypatch.setattr(Path, "exists", lambda _: True)
    with pytest.raises(KeyDestroyed):
        await provider.unwrap(wrapped, tenant="t-1")


async def test_keys_of_before_open_beside_those_with_files(settings: Settings, provider) -> None:
    old, new = new_data_key(version=1), new_data_key(version=2)
    master = DataKey(1, base64.b64decode(settings.master_key_file.read_bytes()))
    wrapped = [
        await LocalKeyProvider(master, None).wrap(old, tenant="t-1"),
        await provider.wrap(new, tenant="t-1"),
    ]
    assert [await provider.unwrap(each, tenant="t-1") for each in wrapped] == [old, new]


async def test_a_master_key_that_went_away_is_noticed_before_the_next_start(settings: Settings, provider) -> None:
    await provider.check()
    content = settings.master_key_file.read_bytes()
    settings.master_key_file.unlink()
    with pytest.raises(KeyProviderGone, match="no key file"):
        await provider.check()
    create_key_file(settings.master_key_file, base64.b64encode(new_data_key().secret))
    with pytest.raises(KeyProviderGone, match="another master key"):
        await provider.check()
    settings.master_key_file.write_bytes(content)
    await provider.check()


def test_a_folder_of_the_settings_that_cannot_be_written_is_told(
    settings: Settings, tmp_path: Path, monkeypatch
) -> None:
    create_keys(settings)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert LocalKeyProvider.load(settings)
    told = settings.model_copy(update={"tenant_keys_dir": tmp_path / "mounted" / "tenants"})
    with pytest.raises(KeyFileError, match="mounted/tenants cannot be written"):
        LocalKeyProvider.load(told)


def test_keys_are_made_once_and_for_their_owner_alone(settings: Settings) -> None:
    assert create_keys(settings) is True
    made = [path.read_bytes() for path in (settings.master_key_file, settings.audit_key_file)]
    assert create_keys(settings) is False
    assert [path.read_bytes() for path in (settings.master_key_file, settings.audit_key_file)] == made
    folder = settings.master_key_file.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "master.key": 0o600,
        "audit.pem": 0o600,
    }


def test_one_missing_key_is_made_without_touching_the_other(settings: Settings) -> None:
    create_keys(settings)
    master = settings.master_key_file.read_bytes()
    settings.audit_key_file.unlink()
    assert create_keys(settings) is True
    assert settings.master_key_file.read_bytes() == master


def test_of_many_who_create_at_once_one_wins_and_all_see_its_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"

    def create(number: int) -> tuple[bool, bytes]:
        return create_key_file(path, b"%d" % number), path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(create, range(50)))
    assert sum(written for written, _ in results) == 1
    assert len({content for _, content in results}) == 1
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]


def test_a_key_that_others_may_read_is_refused(settings: Settings) -> None:
    create_keys(settings)
    settings.master_key_file.chmod(0o640)
    with pytest.raises(KeyFileError, match=f"mode 0640.*chmod 600 {settings.master_key_file}"):
        LocalKeyProvider.load(settings)


def test_a_missing_key_is_told(settings: Settings) -> None:
    with pytest.raises(KeyFileError, match="no key file"):
        LocalKeyProvider.load(settings)
    with pytest.raises(KeyFileError, match="no key file"):
        AuditSigner.load(settings)


@pytest.mark.parametrize("content", [b"", b"not base64!", base64.b64encode(b"too short"), bytes(32)])
def test_a_file_that_is_no_master_key_is_told(settings: Settings, content: bytes) -> None:
    create_key_file(settings.master_key_file, content)
    with pytest.raises(KeyFileError, match="not a master key"):
        LocalKeyProvider.load(settings)


def test_a_folder_in_place_of_a_key_is_told(settings: Settings) -> None:
    settings.master_key_file.mkdir(parents=True)
    with pytest.raises(KeyFileError, match="cannot be read"):
        LocalKeyProvider.load(settings)


def test_outside_development_a_key_in_a_file_is_refused(settings: Settings) -> None:
    create_keys(settings)
    with pytest.raises(KeyFileError, match="development only"):
        LocalKeyProvider.load(production(settings))
    with pytest.raises(KeyFileError, match="development only"):
        create_keys(production(settings))
