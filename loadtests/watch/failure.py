"""The error of a watch that cannot begin."""


class WatchError(Exception):
    """The cluster cannot be watched. The text says why, and what to do."""
