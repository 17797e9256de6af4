"""Where a configuration of a system comes from."""

from enum import StrEnum


class Kind(StrEnum):
    """The best configuration of each kind is measured in every round."""

    DOCUMENTED = "documented"
    """What the system's own documentation shows."""
    SORTED = "sorted"
    """A framework whose `predict` was given Slipway's own way to cut a batch into runs."""
