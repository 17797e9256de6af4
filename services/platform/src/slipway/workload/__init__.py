"""The seam between a workload and the platform: all that the author of a workload needs to know."""

from slipway.workload.contract import Context, Failure, Workload
from slipway.workload.observation import Observation
from slipway.workload.privacy import PrivacyClass, data_subject, personal
from slipway.workload.reference import Reference
from slipway.workload.text import Text

__all__ = [
    "Context",
    "Failure",
    "Observation",
    "PrivacyClass",
    "Reference",
    "Text",
    "Workload",
    "data_subject",
    "personal",
]
