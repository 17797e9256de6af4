"""The choice of the key provider: the one way to get it.

What a provider needs beyond Python is imported once it is chosen: a process with another one starts without.
"""

from importlib.util import find_spec

from slipway.keys.local import LocalKeyProvider
from slipway.keys.provider import KeyProvider, KeyProviderMisconfigured
from slipway.settings import KeyProviderKind, Settings


def open_provider(settings: Settings) -> KeyProvider:
    """Return the key provider of the settings. Nothing is sent yet: `check()` does.

    Raises:
        KeyFileError: a key file is missing or open to others, or keys in files are not for this environment.
        KeyProviderMisconfigured: the settings do not lead to a provider, or its library is not installed.
    """
    require_provider(settings)
    match settings.key_provider:
        case KeyProviderKind.AWS_KMS:
            from slipway.keys.aws import AwsKeyProvider  # noqa: PLC0415  # see above

            return AwsKeyProvider.open(settings)
        case KeyProviderKind.VAULT_TRANSIT:
            from slipway.keys.vault import VaultKeyProvider  # noqa: PLC0415  # see above

            return VaultKeyProvider.open(settings)
    return LocalKeyProvider.load(settings)


def require_provider(settings: Settings) -> None:
    """Return if `open_provider` can be expected to work; it takes no time.

    Raises:
        KeyFileError: as `open_provider`.
        KeyProviderMisconfigured: the provider's library is not installed.
    """
    if settings.key_provider is KeyProviderKind.LOCAL:
        LocalKeyProvider.load(settings)
    if settings.key_provider is KeyProviderKind.AWS_KMS and find_spec("boto3") is None:
        raise KeyProviderMisconfigured(
            "The key provider aws-kms needs boto3, which is not installed: pip install 'slipway[aws]'."
        )
