"""Checks of the settings, the keys and the model."""

import asyncio
import platform
import sys

from slipway.settings import Environment, KeyProviderKind, Settings
from slipway_cli.doctor.finding import Finding, well, wrong
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings
from slipway_cli.stack.folder import VarFolder


def check_python() -> Finding:
    """Whether this Python is one that the lock and the wheels are for."""
    version = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036  # said in words rather than by an ImportError
        return wrong("python", f"{version} is too old: use 3.11 or 3.12.")
    return well("python", f"{version} on {platform.system()} {platform.machine()}.")


def check_settings(folder: VarFolder) -> Finding:
    """Whether the settings are valid, and their file is private."""
    try:
        local_settings(folder.root)
    except LocalError as error:
        return wrong("settings", str(error))
    file = folder.environment
    if file.exists() and file.stat().st_mode & 0o077:
        return wrong("settings", f"{file} holds passwords, and others may read it: chmod 600 {file}")
    return well("settings", "Valid.")


def check_keys(folder: VarFolder) -> Finding:
    """Whether the key files are absent or usable, and the key provider answers."""
    from slipway.keys.files import KeyFileError, read_key_file  # noqa: PLC0415  # slow to import
    from slipway.keys.provider import KeyProviderError  # noqa: PLC0415

    settings = local_settings(folder.root)
    local = settings.key_provider is KeyProviderKind.LOCAL
    files = [settings.audit_key_file, *([settings.master_key_file] if local else [])]
    present = [file for file in files if file.exists()]
    try:
        for file in present:
            read_key_file(file)
        if local and not present and settings.environment is Environment.DEVELOPMENT:
            return well("keys", "Not made yet.")
        provider = asyncio.run(_ask_provider(settings))
    except (KeyFileError, KeyProviderError) as error:
        return wrong("keys", str(error))
    return well("keys", f"Whole; the key provider {provider} answers.")


async def _ask_provider(settings: Settings) -> str:
    """Return the id of the key provider once it has answered."""
    from slipway.keys.providers import open_provider  # noqa: PLC0415  # slow to import

    provider = open_provider(settings)
    try:
        await provider.check()
    finally:
        await provider.close()
    return provider.id


def check_model(folder: VarFolder) -> Finding:
    """Whether the workload loads its model, as the API will."""
    from slipway.workload.loader import find_workload  # noqa: PLC0415  # slow to import

    settings = local_settings(folder.root)
    try:
        workload = find_workload(settings)
        workload.load()
    except Exception as error:  # noqa: BLE001  # the workload is the user's code: whatever it raises is the finding
        return wrong(
            "model",
            f"{settings.workload} does not load {settings.model!r} from {settings.models_dir}: "
            f"{str(error).rstrip('.')}. `slipway model build` makes the sample's model anew.",
        )
    return well("model", f"{settings.model}, version {workload.version}, loads.")
