"""Feature flags: declared in one place, answered by Unleash or by the bootstrap file."""

from slipway.flags.flag import Flag
from slipway.flags.service import Flags, Variant

__all__ = ["Flag", "Flags", "Variant"]
