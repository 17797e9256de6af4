"""`python -m infra.backup create`, `restore` and `evidence`: see `make backup` and `make restore`."""

import argparse
import sys
import time
from pathlib import Path

from infra.backup.apart import Apart
from infra.backup.compose import Stack
from infra.backup.create import create
from infra.backup.errors import BackupError
from infra.backup.evidence import newest
from infra.backup.files import private
from infra.backup.restore import restore

_DATA, _KEYS, _EVIDENCE = Path("var/backups"), Path("var/backup-keys"), Path("var/backup-evidence")


def main() -> int:
    """Do what was asked for; return the exit status."""
    asked = _arguments()
    try:
        asked.run(asked)
    except BackupError as error:
        print(f"backup: {error}", file=sys.stderr)
        return 1
    return 0


def _create(asked: argparse.Namespace) -> None:
    folder = asked.folder or _DATA / _now()
    keys = asked.keys or _keys_of(folder)
    apart = Apart(
        keys, asked.wrapped or _wrapped_of(keys), asked.evidence or _EVIDENCE / f"{folder.resolve().name}.tar"
    )
    manifest = create(Stack(), folder, apart)
    for part in manifest.parts:
        print(f"{part.database}: {sum(part.rows.values()):,} rows in {len(part.rows)} tables, {part.size:,} bytes")
    print(f"Data: {folder}. Keys: {keys}. Keep them apart: who has both can read everything; without keys, nobody can.")
    print(f"Tenants' wrapped keys: {apart.wrapped}. The newest opens every backup; an older one opens who was erased.")
    print(f"Evidence: {apart.evidence}. It says who was erased: keep the newest, in a third place.")


def _save_evidence(asked: argparse.Namespace) -> None:
    place = asked.evidence or _EVIDENCE / f"{_now()}.tar"
    with private(place) as file:
        Stack().save_evidence(file)
    print(f"Evidence: {place}.")


def _restore(asked: argparse.Namespace) -> None:
    keys = asked.keys or _keys_of(asked.folder)
    apart = Apart(keys, _wrapped_for(asked, keys), _evidence_for(asked))
    manifest = restore(Stack(), asked.folder, apart, print)
    print(f"Restored what was backed up at {manifest.made_at}. Start it: docker compose up --detach")


def _wrapped_for(asked: argparse.Namespace, keys: Path) -> Path | None:
    wrapped: Path = asked.wrapped or _wrapped_of(keys)
    if wrapped.exists():
        return wrapped
    if asked.wrapped:
        raise BackupError(f"There is no file {wrapped}.")
    print(f"There is no {wrapped}: tenants' keys stay as they are in the data, and open if none was replaced since.")
    return None


def _evidence_for(asked: argparse.Namespace) -> Path | None:
    if asked.without_evidence:
        print("Without evidence: whoever was erased after this backup is back.", file=sys.stderr)
        return None
    found: Path | None = asked.evidence or newest(_EVIDENCE)
    if found is None:
        raise BackupError(
            f"There is no evidence in {_EVIDENCE}; it says who was erased since the backup. Name the newest copy of "
            "it with --evidence, or bring everybody back with --without-evidence."
        )
    return found


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime())


def _keys_of(folder: Path) -> Path:
    return _KEYS / f"{folder.resolve().name}.json"


def _wrapped_of(keys: Path) -> Path:
    return keys.with_name("slipway.keys")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.backup", description="Backup of the composed stack.")
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("create", help="back up the stack that runs")
    make.add_argument("folder", nargs="?", type=Path, help=f"new folder for the data; default: {_DATA}/TIME")
    make.set_defaults(run=_create)
    back = commands.add_parser("restore", help="restore into an empty stack")
    back.add_argument("folder", type=Path, help="folder of the backup")
    back.set_defaults(run=_restore)
    back.add_argument("--without-evidence", action="store_true", help="bring back whoever was erased since")
    for command in (make, back):
        command.add_argument("--keys", type=Path, help=f"file of the keys; default: {_KEYS}/TIME.json")
        command.add_argument(
            "--wrapped", type=Path, help="newest tenants' wrapped keys; default: slipway.keys beside it"
        )
    save = commands.add_parser("evidence", help="copy the evidence of the stack, which says who was erased")
    save.set_defaults(run=_save_evidence)
    newest_one = f"file, or for a restore also a folder, of the evidence; default: {_EVIDENCE}/TIME.tar, the newest"
    for command in (make, back, save):
        command.add_argument("--evidence", type=Path, help=newest_one)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
