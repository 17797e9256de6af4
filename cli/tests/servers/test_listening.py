import socket

import pytest

from slipway_cli.errors import LocalError
from slipway_cli.servers.listening import ListeningSocket
from slipway_cli.servers.ports import LOCALHOST, free_port


def test_it_holds_the_port_and_answers_only_once_somebody_listens():
    held = ListeningSocket(LOCALHOST, free_port())
    duplicate = socket.socket(fileno=socket.dup(held.descriptor))
    address = duplicate.getsockname()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    duplicate.listen()
    duplicate.close()
    with socket.create_connection(address, timeout=5):
        held.close()


def test_a_taken_port_is_reported():
    with socket.create_server((LOCALHOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LocalError, match=rf"Cannot listen on 127.0.0.1:{port} .*held by"):
            ListeningSocket(LOCALHOST, port)
