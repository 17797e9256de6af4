"""Log files of child processes: appended to, kept to a size, read from the end."""

from pathlib import Path

MAX_BYTES = 10 * 2**20


def rotate(log: Path, max_bytes: int = MAX_BYTES) -> None:
    """Move the content of a log that has grown too large to `NAME.1`, replacing what is there.

    The file itself stays, as the program goes on appending to it. Lines written between the copy and the cut are lost.
    """
    if not log.exists() or log.stat().st_size <= max_bytes:
        return
    log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
    with log.open("r+b") as file:
        file.truncate(0)


def tail(log: Path, lines: int) -> list[str]:
    """Return the last lines of a log; of a missing one, none."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - lines * 4096))
        return file.read().decode(errors="replace").splitlines()[-lines:]
