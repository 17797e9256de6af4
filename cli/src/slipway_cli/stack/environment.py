"""`var/local.env`: the settings of the local stack. Its passwords are made at the first start."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from dotenv import dotenv_values
from pydantic import ValidationError

from slipway.settings import Settings
from slipway_cli.errors import LocalError
from slipway_cli.stack.folder import VarFolder

LOCAL = "SLIPWAY_LOCAL_"
"""Prefix of what only `slipway up` itself reads."""
OWNER_URL = "SLIPWAY_DATABASE_OWNER_URL"
_NOT_FOR_SERVICES = (
    OWNER_URL,
    "SLIPWAY_DATABASE_ADMIN_URL",
    "SLIPWAY_DATABASE_SCALER_URL",
    "SLIPWAY_UNLEASH_ADMIN_PASSWORD",
    "SLIPWAY_UNLEASH_ADMIN_TOKEN",
)
_HEADER = (
    "# Written by `slipway up`, and read by every `slipway` command. More SLIPWAY_ settings may be added here;\n"
    "# real environment variables win. It holds passwords.\n"
)


class EnvironmentFile:
    """Lines of `NAME='value'`. What a person added to it stays."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, str]:
        """Return the settings; of a missing file, none.

        Raises:
            LocalError: it belongs to another user.
        """
        try:
            with self.path.open(encoding="utf-8") as stream:
                found = dotenv_values(stream=stream, interpolate=False)
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise LocalError(
                f"{self.path} belongs to another user. Run this as the user who ran `slipway up`."
            ) from error
        return {name: value for name, value in found.items() if value is not None}

    def update(self, values: Mapping[str, str], *, without: Collection[str] = ()) -> None:
        """Set some settings and drop others, in one step; only the owner may read the result."""
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True) if self.path.exists() else [_HEADER]
        kept = [line for line in lines if _name(line) not in {*values, *without}]
        quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in values.items()}
        with NamedTemporaryFile(
            "w", dir=self.path.parent, prefix=".local.env.", delete=False, encoding="utf-8"
        ) as file:
            file.writelines([*kept, *(f"{name}='{value}'\n" for name, value in quoted.items())])
        Path(file.name).replace(self.path)


def _name(line: str) -> str:
    return line.removeprefix("export ").partition("=")[0].strip()


def local_settings(var: Path = Path("var")) -> Settings:
    """Return the settings of the local stack; real environment variables win over `local.env`.

    Raises:
        LocalError: a setting is not valid; the text says which, and not its value.
    """
    file = VarFolder(var).environment
    try:
        return Settings(_env_file=file if file.exists() else None)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise LocalError(f"A SLIPWAY_ setting is not valid ({faults}). See the environment and {file}.") from None


def service_environment(folder: VarFolder) -> dict[str, str]:
    """Return the environment of the services: ours and `local.env`, without what services must not have."""
    merged = EnvironmentFile(folder.environment).read() | dict(os.environ)
    return {
        name: value for name, value in merged.items() if name not in _NOT_FOR_SERVICES and not name.startswith(LOCAL)
    }
