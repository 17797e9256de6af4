"""The labelled messages that the demo sends."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway_cli.errors import LocalError


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a customer wrote it, and how a person labelled it."""

    text: str
    category: str
    priority: str
    optional: dict[str, str]

    @property
    def input(self) -> dict[str, str]:
        """Return the input of the triage workload."""
        return {"text": self.text, **self.optional}


def read_messages(path: Path) -> list[Message]:
    """Read the messages.

    Raises:
        LocalError: there is no such file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_message(row) for row in csv.DictReader(file)]
    except FileNotFoundError as error:
        raise LocalError(f"{path} is not here. Run the demo in the folder of the checkout, or pass --data.") from error


def spread(messages: Sequence[Message], count: int) -> list[Message]:
    """Return at most `count` of the messages, evenly spread."""
    kept = min(count, len(messages))
    return [messages[number * len(messages) // kept] for number in range(kept)]


def _message(row: dict[str, str]) -> Message:
    optional = {name: row[name] for name in ("region", "plan", "channel") if row[name]}
    return Message(row["text"], row["category"], row["priority"], optional)
