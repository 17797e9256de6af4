"""Opens the exports of people, on the machine of who asked for them."""

from pathlib import Path
from tarfile import TarError

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from slipway.exports.archive import unpack
from slipway.exports.package import PackageBroken, decrypt_parts
from slipway_cli.errors import LocalError


def open_package(package: Path, key: Path, folder: Path) -> list[Path]:
    """Write what is in a package into a folder that is made for it; return the files.

    Raises:
        LocalError: it does not open, there is no such key, or the folder is there already.
    """
    private = _private_key(key)
    try:
        with package.open("rb") as file:
            return unpack(decrypt_parts(file, private), folder)
    except (PackageBroken, TarError) as error:
        raise LocalError(f"{package}: {error}") from error
    except FileExistsError:
        raise LocalError(f"There is a {folder} already: name a folder that is not there yet.") from None


def _private_key(path: Path) -> X25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LocalError(f"{path} is no private key in PEM, or has a password: take it off first.") from None
    if not isinstance(key, X25519PrivateKey):
        raise LocalError(f"The key in {path} is of another kind than X25519.")
    return key
