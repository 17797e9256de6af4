import asyncio
import base64
import json
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from slipway.clock import now
from slipway.database import Database
from slipway.erasure.ledger import Ledger
from slipway.erasure.receipts import Backups, Erased, write
from slipway.erasure.schemas import Person, Tombstone
from slipway.evidence import Evidence
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import wrap_first_key
from slipway.keys.signer import AuditSigner
from slipway.tenants.service import create_tenant
from slipway_cli.main import app

run = CliRunner().invoke


@pytest.fixture
def installation(settings, monkeypatch):
    monkeypatch.setattr("slipway_cli.erasures.local_settings", lambda: settings)
    return settings


@pytest.fixture
def signer(installation):
    return AuditSigner.load(installation)


@pytest.fixture
def receipt(tmp_path, signer):
    """A file with the answer to whoever follows an erasure."""
    person = Person(uuid4(), uuid4())
    backups = Backups(1, now(), certain=False)
    signed = write(Erased(uuid4(), person, now(), now(), 1, {"job_items": 2}, backups), signer)
    shown = {"body": signed.body, "signature": base64.b64encode(signed.signature).decode(), "key_id": signed.key_id}
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps({"state": "done", "receipt": shown}))
    return path


async def tenant_with_a_tombstone(settings, signer):
    """Make a tenant of whom the ledger says that somebody was erased, which its database does not know."""
    tenant, database = uuid4(), Database(settings)
    first_key = await wrap_first_key(LocalKeyProvider.load(settings), tenant)
    async with database.transaction(tenant) as connection:
        await create_tenant(connection, tenant, "shop", first_key, "test")
    tombstone = Tombstone(Person(tenant, uuid4()), now(), None)
    await Ledger(Evidence(settings.evidence_dir, signer)).append(tombstone)
    await database.close()


def test_whom_the_ledger_names_is_erased_again_once(installation, signer):
    asyncio.run(tenant_with_a_tombstone(installation, signer))
    assert "Erased again: 1." in run(app, ["privacy", "replay"]).output
    assert "Erased again: 0." in run(app, ["privacy", "replay"]).output


def test_a_ledger_that_was_changed_erases_nobody(installation, signer):
    asyncio.run(tenant_with_a_tombstone(installation, signer))
    path = next(installation.evidence_dir.glob("tombstones/*.jsonl"))
    path.write_text(path.read_text().replace('"signature":"', '"signature":"00'))
    done = run(app, ["privacy", "replay"])
    assert done.exit_code == 1
    assert "Nobody was erased." in done.stderr


def test_a_receipt_is_checked(receipt, signer):
    assert "The receipt holds" in run(app, ["privacy", "check-receipt", str(receipt)]).output
    key = ["--public-key", signer.public_key.hex()]
    assert run(app, ["privacy", "check-receipt", str(receipt), *key]).exit_code == 0


def test_a_receipt_that_was_changed_does_not_hold(receipt):
    receipt.write_text(receipt.read_text().replace('"rows": 2', '"rows": 3'))
    done = run(app, ["privacy", "check-receipt", str(receipt)])
    assert done.exit_code == 1
    assert "was changed, or this key has not signed it" in done.stderr


def test_another_key_and_another_file_are_named(receipt, tmp_path):
    done = run(app, ["privacy", "check-receipt", str(receipt), "--public-key", "ab" * 32])
    assert "It names the key" in done.stderr
    assert "64 hexadecimal" in run(app, ["privacy", "check-receipt", str(receipt), "--public-key", "ab"]).stderr
    (tmp_path / "other.json").write_text("[1]")
    assert "holds no receipt" in run(app, ["privacy", "check-receipt", str(tmp_path / "other.json")]).stderr
