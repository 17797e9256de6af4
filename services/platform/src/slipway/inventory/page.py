"""Writes the record and the notice of a default installation into a page for people, between its two marks.

`python -m slipway.inventory.page docs/privacy.md` writes the page anew.
"""

import sys
from pathlib import Path

from slipway.inventory.notice import privacy_notice
from slipway.inventory.record import Record
from slipway.inventory.record_page import record_page
from slipway.settings import Settings
from slipway.workload.loader import find_workload

_BEGIN, _END = "<!-- inventory -->\n", "<!-- end of inventory -->\n"


def page(text: str) -> str:
    """Return the page with the inventory as it is now, at the defaults of all settings.

    Raises:
        ValueError: the page has no marks.
    """
    before, _, rest = text.partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise ValueError(f"the page needs the marks {_BEGIN.strip()} and {_END.strip()}")
    settings = Settings.model_construct()
    record = Record.of(settings, find_workload(settings))
    made = _one_lower(f"{record_page(record)}\n{privacy_notice(record)}")
    return f"{before}{_BEGIN}\n{made}\n{_END}{after}"


def _one_lower(text: str) -> str:
    """Make a page's headings those of a part of another page."""
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())


if __name__ == "__main__":
    found = Path(sys.argv[1])
    found.write_text(page(found.read_text("utf-8")), "utf-8")
