"""The error of a folder that cannot be judged at all."""


class UnreadableError(Exception):
    """A file is missing, or is not what it should be. The text says which, and what is wrong with it."""
