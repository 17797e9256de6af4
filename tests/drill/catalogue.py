"""The proofs in the order in which they are run: what is over soon comes first."""

from collections.abc import Mapping

from drill.proofs.crossings import CROSSINGS
from drill.proofs.erasing import ERASING
from drill.proofs.exporting import EXPORTING
from drill.proofs.lateness import LATENESS
from drill.proofs.leaks import LEAKS
from drill.proofs.rotation import ROTATION
from drill.proofs.tampering import TAMPERING

PROOFS = (TAMPERING, LATENESS, LEAKS, ROTATION, CROSSINGS, EXPORTING, ERASING)

FIGURES: Mapping[str, str] = {
    "subjects": "people planted, with marks in every field",
    "erased_bytes_found": "values of erased people found afterwards, anywhere; the bar is 0",
    "export_recall": "share of the marks about people that their exports hold; the bar is 1",
    "foreign_found": "marks in exports that are about somebody else; the bar is 0",
    "tampering_found": "share of the tamperings that verification finds; the bar is 1",
    "tenant_crossings": "queries that reached another tenant; the bar is 0",
    "rotation_failed_requests": "requests that failed while keys were rotated; the bar is 0",
    "late_rows": "rows older than their limit and 24 hours; the bar is 0",
    "leaked": "marks found where they must not be; the bar is 0",
}
"""The figures of the last line, and what each says."""
