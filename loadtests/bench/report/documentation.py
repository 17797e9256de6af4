"""The page about performance gets the newest run between two marks; what people wrote around them stays."""

import shutil
from collections.abc import Iterable
from pathlib import Path

PAGE, IMAGES = Path("docs/performance.md"), Path("docs/images")
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
_ALT = {
    "bench-throughput": "Throughput of every system in each case, beside the limit",
    "bench-latency": "Latency of every system as load grows",
    "bench-cpu": "Processor seconds that 1,000 messages cost each system",
}


def publish(tables: str, pictures: Iterable[Path], page: Path = PAGE, images: Path = IMAGES) -> None:
    """Replace the block between the marks by tables and pictures, and copy the pictures (PNG).

    Raises:
        SystemExit: the page does not have each mark once, in order.
    """
    images.mkdir(parents=True, exist_ok=True)
    shown = []
    for picture in pictures:
        if picture.suffix == ".png":
            shutil.copyfile(picture, images / picture.name)
            shown.append(f"![{_ALT[picture.stem]}]({images.name}/{picture.name})")
    text = page.read_text(encoding="utf-8")
    page.write_text(replaced(text, "\n\n".join([*shown, tables.strip()]), page), encoding="utf-8")


def replaced(text: str, block: str, page: Path = PAGE) -> str:
    """Return the text with another block between the marks.

    Raises:
        SystemExit: it does not have each mark once, in order.
    """
    before, begun, rest = text.partition(BEGIN)
    old, ended, after = rest.partition(END)
    if not (begun and ended) or any(mark in part for mark in (BEGIN, END) for part in (before, old, after)):
        raise SystemExit(f"{page} needs a line {BEGIN} and, after it, a line {END}: figures go between them.")
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{after}"
