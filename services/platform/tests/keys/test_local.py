import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.keys.envelope import SealBroken, new_data_key
from slipway.keys.files import KeyFileError, create_key_file
from slipway.keys.local import LocalKeyProvider, create_keys
from slipway.keys.provider import KeyProvider
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


async def test_a_wrapped_key_opens_again_after_a_restart(settings: Settings, provider: KeyProvider) -> None:
    key = new_data_key(version=7)
    wrapped = await provider.wrap(key, tenant="t-1")
    again = LocalKeyProvider.load(settings)
    assert await again.unwrap(wrapped, tenant="t-1") == key
    assert again.id == provider.id
    assert key.secret not in wrapped


async def test_a_master_key_file_may_end_with_a_line_break(settings: Settings) -> None:
    create_key_file(settings.master_key_file, base64.b64encode(bytes(32)) + b"\n")
    key = new_data_key()
    provider = LocalKeyProvider.load(settings)
    assert await provider.unwrap(await provider.wrap(key, tenant="t-1"), tenant="t-1") == key


async def test_a_key_is_no_other_tenant_s(provider: KeyProvider) -> None:
    wrapped = await provider.wrap(new_data_key(), tenant="t-1")
    with pytest.raises(SealBroken):
        await provider.unwrap(wrapped, tenant="t-2")


async def test_another_master_key_opens_nothing(provider: KeyProvider) -> None:
    other = LocalKeyProvider(new_data_key())
    assert other.id != provider.id
    with pytest.raises(SealBroken):
        await other.unwrap(await provider.wrap(new_data_key(), tenant="t-1"), tenant="t-1")


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
