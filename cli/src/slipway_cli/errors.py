"""What goes wrong on a person's machine."""


class LocalError(Exception):
    """Something on this machine stands in the way. The text says what, and how to mend it; no traceback is needed."""
