import subprocess
import sys
from pathlib import Path

import pytest

from slipway.inventory.page import page

PAGE = Path(__file__).parents[4] / "docs" / "privacy.md"


def test_the_page_is_what_the_code_declares(tmp_path):
    copy = tmp_path / "privacy.md"
    copy.write_text(PAGE.read_text("utf-8"), "utf-8")
    subprocess.run([sys.executable, "-W", "error", "-m", "slipway.inventory.page", str(copy)], check=True)
    assert copy.read_text("utf-8") == PAGE.read_text("utf-8"), "run `make docs`"


def test_what_a_person_wrote_around_it_stays():
    made = page("before\n<!-- inventory -->\nold\n<!-- end of inventory -->\nafter\n")
    assert made.startswith("before\n<!-- inventory -->\n")
    assert made.endswith("<!-- end of inventory -->\nafter\n")
    assert "old\n" not in made


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match="needs the marks"):
        page("# Privacy\n")
