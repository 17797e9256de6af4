"""What goes wrong here, in words for the person who can mend it."""


class ModelError(Exception):
    """No usable model: missing, damaged or of another format. The text says how to get one."""


class DataError(Exception):
    """A data set that cannot be used as it is. The text says where, and what to change."""
