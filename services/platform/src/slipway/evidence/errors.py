"""What can be wrong with evidence."""


class EvidenceError(Exception):
    """The folder cannot be read or written, or its key is another one. The text says what to do."""


class BrokenEvidenceError(Exception):
    """A line is missing, changed, or not ours. The text says where; `number` is the first line that does not hold."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"line {number}: {reason}")
        self.number = number
