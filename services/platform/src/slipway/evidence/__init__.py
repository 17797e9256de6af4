"""What must outlive the database: signed lines in files, each chained to the one before, only ever added to."""

from slipway.evidence.errors import BrokenEvidenceError, EvidenceError
from slipway.evidence.ledger import Evidence
from slipway.evidence.line import Line

__all__ = ["BrokenEvidenceError", "Evidence", "EvidenceError", "Line"]
