"""What a check found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    subject: str
    well: bool
    text: str
    """What was seen; if not well, what is wrong and how to mend it."""


def well(subject: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(subject, well=True, text=text)


def wrong(subject: str, text: str) -> Finding:
    """Something to mend."""
    return Finding(subject, well=False, text=text)
