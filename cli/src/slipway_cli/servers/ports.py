"""TCP ports of this machine."""

import socket

import psutil

LOCALHOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that nobody listens on at this moment, chosen by the system."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
    return True


def listener(port: int) -> psutil.Process | None:
    """Return the process that listens on a port, if there is one and we may see it."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS shows them to root only
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return psutil.Process(connection.pid) if connection.pid else None
    return None


def describe_listener(port: int) -> str:
    """Say who listens on a port."""
    process = listener(port)
    return f"{process.name()} (pid {process.pid})" if process else "another program"
