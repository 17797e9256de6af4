"""A listening socket that outlives the process that answers on it."""

import socket

from slipway_cli.errors import LocalError
from slipway_cli.servers.ports import describe_listener


class ListeningSocket:
    """A TCP address that is ours, for one process after another to listen on.

    Whoever gets its descriptor listens; from then on connections wait in the socket's backlog while nobody accepts.
    """

    def __init__(self, host: str, port: int) -> None:
        """Take the address.

        Raises:
            LocalError: it cannot be had; the text says why.
        """
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._socket.bind(address)
            except BaseException:
                self._socket.close()
                raise
        except OSError as error:
            raise LocalError(
                f"Cannot listen on {host}:{port} ({error.strerror}); it is held by {describe_listener(port)}."
            ) from error

    @property
    def descriptor(self) -> int:
        """The number of the file descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Let go of the address; whoever got the descriptor keeps it."""
        self._socket.close()
