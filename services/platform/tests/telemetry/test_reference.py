import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[4] / "docs" / "metrics.md"


def test_the_page_of_metrics_is_what_the_catalogue_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-m", "slipway.telemetry.catalogue"], capture_output=True, check=True, text=True
    )
    assert PAGE.read_text("utf-8") == printed.stdout, f"run: python -m slipway.telemetry.catalogue > {PAGE}"
