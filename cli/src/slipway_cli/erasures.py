"""`slipway privacy replay` and `check-receipt`: what an operator does about erasures."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from slipway.erasure.ledger import Ledger
from slipway.erasure.receipts import holds
from slipway.erasure.replay import Replay
from slipway.erasure.service import StillComing
from slipway.evidence import BrokenEvidenceError, Evidence, EvidenceError
from slipway.keys.files import KeyFileError
from slipway.keys.signer import AuditSigner, key_id_of
from slipway.settings import Settings
from slipway.subjects.schemas import Receipt
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings
from slipway_cli.tenants import ACTOR

_KEY_BYTES = 32


def add_commands(app: typer.Typer) -> None:
    """Give `slipway privacy` the commands of this module."""
    app.command()(replay)
    app.command("check-receipt")(check_receipt)


def replay() -> None:
    """Erase again whom a restored backup has brought back: all whom the ledger of erasures names.

    Workers do so by themselves when they start, and the API lets nobody in before it is done.
    """
    try:
        erased = asyncio.run(_replay(local_settings()))
    except (EvidenceError, BrokenEvidenceError, KeyFileError) as error:
        raise LocalError(f"The ledger of erasures: {error} Nobody was erased.") from error
    except StillComing as error:
        raise LocalError("Inputs about somebody come in all the time. Stop the API, and replay again.") from error
    typer.echo(f"Erased again: {erased}. The database has nobody who was erased.")


def check_receipt(
    file: Annotated[Path, typer.Argument(help="The answer to GET .../requests/ID, or its receipt, as JSON.")],
    public_key: Annotated[
        str | None, typer.Option(help="Public half of the audit key, in hexadecimal. Default: of this installation's.")
    ] = None,
) -> None:
    """Check the signature of an erasure's receipt. Exit code 1 if it does not hold."""
    receipt, key = _receipt(file), _key(public_key)
    if not holds(receipt, key):
        other = "" if key_id_of(key) == receipt.key_id else f" It names the key {receipt.key_id}, not {key_id_of(key)}."
        raise LocalError(f"The receipt was changed, or this key has not signed it.{other}")
    body = receipt.body
    typer.echo(f"The receipt holds: {body['subject']} was erased at {body['erased_at']}.")


async def _replay(settings: Settings) -> int:
    ledger = Ledger(Evidence(settings.evidence_dir, AuditSigner.load(settings)))
    async with open_database(settings) as database:
        return await Replay(database, ledger, ACTOR).run()


def _receipt(file: Path) -> Receipt:
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
        found = found.get("receipt") or found
        return Receipt(found["body"], base64.b64decode(found["signature"], validate=True), found["key_id"])
    except OSError as error:
        raise LocalError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LocalError(f"{file} holds no receipt: give it the answer to GET .../requests/ID.") from error


def _key(public_key: str | None) -> bytes:
    if public_key is None:
        try:
            return AuditSigner.load(local_settings()).public_key
        except KeyFileError as error:
            raise LocalError(str(error)) from error
    try:
        key = bytes.fromhex(public_key)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise LocalError("A public key has 64 hexadecimal digits.")
    return key
