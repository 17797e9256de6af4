"""What stands in the way of a backup or a restore."""


class BackupError(Exception):
    """Nothing was done, or it was undone. The text says why, and what to do."""
