"""The choice of the key provider: the one way to get it."""

from slipway.keys.local import LocalKeyProvider
from slipway.keys.provider import KeyProvider
from slipway.settings import Settings


def open_provider(settings: Settings) -> KeyProvider:
    """Return the key provider of the settings. Nothing is asked yet: `check()`.

    Raises:
        KeyFileError: a key file is missing or open to others, or keys in files are not for this environment.
    """
    return LocalKeyProvider.load(settings)
