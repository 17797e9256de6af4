"""The secrets of a composed stack."""

import json
import os
import ssl
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.keys.files import read_key_file
from slipway.settings import Settings
from slipway_cli.main import app
from slipway_cli.secrets import files as declared
from slipway_cli.secrets import service
from slipway_cli.secrets.certificates import RENEW_DAYS, Certificate, issue, new_authority
from slipway_cli.secrets.store import PASSWORDS


@pytest.fixture(autouse=True)
def _own_user(monkeypatch):
    """Every service's files belong to whoever runs the tests, who need not be root."""
    for folder in declared.OWNERS:
        monkeypatch.setitem(declared.OWNERS, folder, (os.getuid(), os.getgid()))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "secrets"
    service.create(folder)
    return folder


def content(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_it_makes_everything_once(root):
    before = content(root)
    made = service.create(root)
    assert made == ([], 0)
    assert content(root) == before
    assert set(PASSWORDS) < set(json.loads(before["setup/secrets.json"]))


def test_two_installations_have_nothing_in_common(root, tmp_path):
    service.create(tmp_path / "other")
    one, other = (json.loads((folder / service.STORE).read_text()) for folder in (root, tmp_path / "other"))
    assert not {one[name] for name in PASSWORDS} & {other[name] for name in PASSWORDS}
    assert one["master-key"] != other["master-key"]


def test_a_file_that_was_lost_comes_back_as_it_was_and_one_too_many_goes(root):
    before = content(root)
    (root / "app").chmod(0o700)
    (root / "app" / "slipway_redis_url").unlink()
    (root / "app" / "stray").write_text("x")
    assert service.create(root).files == 2
    assert content(root) == before


def test_files_are_for_their_service_alone(root):
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, path
    assert {path.name for path in root.iterdir()} == {*declared.OWNERS, "setup"}


def test_a_service_gets_nothing_that_it_does_not_need(root):
    found, store = content(root), json.loads((root / service.STORE).read_text())
    holders = {
        name: {path.split("/")[0] for path, text in found.items() if store[name] in text} - {"setup"}
        for name in PASSWORDS
    }
    assert holders["postgres"] == {"postgres", "operator"}
    assert holders["owner"] == {"operator"}
    assert holders["unleash"] == {"unleash", "flags"}
    assert holders["app"] == {"app", "operator"}
    # Redis itself knows hashes only.
    assert holders["redis"] == {"app", "operator", "scheduler"}
    assert all(holders.values()), "a password that nobody uses"


def test_the_settings_read_what_it_writes(root, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLIPWAY_SECRETS_DIR", str(root / "operator"))
    settings = Settings(_env_file=None)
    assert "sslmode=verify-full" in settings.database_app_url.get_secret_value()
    assert settings.database_owner_url is not None
    assert settings.database_admin_url is not None
    assert len(read_key_file(root / "app" / "master.key")) == 44


def test_the_authority_vouches_for_the_gateway_by_each_of_its_names(root):
    context = ssl.create_default_context(cafile=str(root / "loadgen" / "ca.pem"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(root / "gateway" / "tls.crt", root / "gateway" / "tls.key")
    for name in service.GATEWAY_HOSTS:
        shake_hands(server, context, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake_hands(server, context, "another.example")


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert ours.getpeercert()


def test_more_names_make_a_new_certificate_and_keep_the_authority(root):
    before = content(root)
    service.create(root, ["slipway.example"])
    after = content(root)
    assert after["loadgen/ca.pem"] == before["loadgen/ca.pem"]
    assert after["gateway/tls.crt"] != before["gateway/tls.crt"]
    assert service.create(root, ["slipway.example"]).files == 0


@pytest.mark.parametrize(("left", "due"), [(RENEW_DAYS + 1, False), (RENEW_DAYS - 1, True)])
def test_a_certificate_is_due_in_its_last_month(left, due):
    assert issue(new_authority(), ["a.example"], days=left).is_due is due


def test_one_that_is_due_is_renewed(root):
    store = service.open_store(root)
    authority = Certificate(store["authority-certificate"], store["authority-certificate-key"])
    old = issue(authority, service.GATEWAY_HOSTS, days=1)
    store.keep({"gateway-certificate": old.certificate, "gateway-certificate-key": old.key})
    service.create(root)
    assert (root / "gateway" / "tls.crt").read_text() != old.certificate


def run(*arguments: object):
    return CliRunner().invoke(app, ["secrets", *map(str, arguments)])


def test_the_command_tells_names_never_values(tmp_path):
    told = run("create", "--folder", tmp_path / "new").output
    values = json.loads((tmp_path / "new" / service.STORE).read_text())
    assert "grafana" in told
    assert not [name for name in (*PASSWORDS, "master-key", "audit-key") if values[name] in told]


def test_show_prints_one_secret_and_nothing_else(root):
    store = json.loads((root / service.STORE).read_text())
    assert run("show", "grafana", "--folder", root).output == f"{store['grafana']}\n"
    assert run("show", "authority", "--folder", root).output.startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("name", ["master-key", "authority-certificate-key", "nonsense"])
def test_keys_are_not_shown(root, name):
    found = run("show", name, "--folder", root)
    assert found.exit_code == 1
    assert "slipway secrets list" in found.output


def test_what_is_not_there_yet_says_how_to_make_it(tmp_path):
    assert "slipway secrets create" in run("show", "grafana", "--folder", tmp_path).output


def test_a_damaged_store_is_never_replaced(root):
    (root / service.STORE).write_text("{")
    found = run("create", "--folder", root)
    assert "restore it from a backup" in " ".join(found.output.split())
    assert (root / service.STORE).read_text() == "{"
