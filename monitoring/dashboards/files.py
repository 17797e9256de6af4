"""The generated files, where Grafana's provisioning finds them."""

from pathlib import Path

from monitoring.dashboards.assembly import to_json
from monitoring.dashboards.boards import BOARDS
from monitoring.dashboards.runbooks import runbooks

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"


def generated() -> dict[str, str]:
    """Return the content of each file by its name, which may have a folder."""
    main = {f"{board.uid}.json": to_json(board) for board in BOARDS}
    return main | {f"Runbooks/{board.title}.json": to_json(board) for board in runbooks()}


def existing(folder: Path = FOLDER) -> dict[str, str]:
    """Return the content of the files that are there, in the same form."""
    paths = sorted(folder.rglob("*.json"))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def write(folder: Path = FOLDER) -> None:
    """Write all files; what no dashboard is declared for any more is deleted."""
    files = generated()
    for name in existing(folder).keys() - files.keys():
        (folder / name).unlink()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
