"""What a serving process must have before it starts."""

from slipway.keys.files import KeyFileError
from slipway.keys.provider import KeyProviderMisconfigured
from slipway.keys.providers import require_provider
from slipway.keys.signer import AuditSigner
from slipway.settings import Settings


def require_keys(settings: Settings) -> None:
    """Go on only with a key provider and the audit log's key. What is missing is said in words, which no log line has.

    Raises:
        SystemExit: with what to do about it.
    """
    try:
        require_provider(settings)
        AuditSigner.load(settings)
    except (KeyFileError, KeyProviderMisconfigured) as error:
        raise SystemExit(str(error)) from error
