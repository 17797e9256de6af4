"""`python -m infra.backup create` and `restore`: see `make backup` and `make restore`."""

import argparse
import sys
import time
from pathlib import Path

from infra.backup.compose import Stack
from infra.backup.create import create
from infra.backup.errors import BackupError
from infra.backup.restore import restore

_DATA, _KEYS = Path("var/backups"), Path("var/backup-keys")


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
    folder = asked.folder or _DATA / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    keys = asked.keys or _keys_of(folder)
    wrapped = asked.wrapped or _wrapped_of(keys)
    manifest = create(Stack(), folder, keys, wrapped)
    for part in manifest.parts:
        print(f"{part.database}: {sum(part.rows.values()):,} rows in {len(part.rows)} tables, {part.size:,} bytes")
    print(f"Data: {folder}. Keys: {keys}. Keep them apart: who has both can read everything; without keys, nobody can.")
    print(f"Tenants' wrapped keys: {wrapped}. The newest opens every backup; an older one would open who was erased.")


def _restore(asked: argparse.Namespace) -> None:
    keys = asked.keys or _keys_of(asked.folder)
    wrapped = asked.wrapped or _wrapped_of(keys)
    if not wrapped.exists():
        if asked.wrapped:
            raise BackupError(f"There is no file {wrapped}.")
        print(
            f"There is no {wrapped}: tenants' keys stay as they are in the data, and open if none was replaced since."
        )
    manifest = restore(Stack(), asked.folder, keys, wrapped if wrapped.exists() else None, print)
    print(f"Restored what was backed up at {manifest.made_at}. Start it: docker compose up --detach")


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
    for command in (make, back):
        command.add_argument("--keys", type=Path, help=f"file of the keys; default: {_KEYS}/TIME.json")
        command.add_argument(
            "--wrapped", type=Path, help="newest tenants' wrapped keys; default: slipway.keys beside it"
        )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
