"""What may go wrong with the log store."""

AWAY = ("timeout", "unreachable")
"""Reasons for which nothing else that is asked of it would succeed now."""


class LogStoreError(Exception):
    """The log store did not do what was asked. The message says what to do; `reason` is one word for logs."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
