"""Feature flags: declared in one place, answered by Unleash or by the bootstrap file."""

from slipway.flags.answers import Variant
from slipway.flags.flag import Flag
from slipway.flags.service import Flags

__all__ = ["Flag", "Flags", "Variant"]
