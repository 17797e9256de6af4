"""Tries connections from within a pod, with what its image has: Python in ours, bash in those of the stores."""

import json
from collections.abc import Mapping, Sequence

from e2e.failure import UnmetError
from loadtests.autoscale.kubectl import Cluster, ClusterError

Address = tuple[str, int]
_SECONDS = 3
_PYTHON = f"""
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def opens(address):
    try:
        socket.create_connection(tuple(address), timeout={_SECONDS}).close()
    except OSError:
        return False
    return True
addresses = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(addresses)) as threads:
    print(json.dumps(list(threads.map(opens, addresses))))
"""
_BASH = f"""
for address in "$@"; do
    if timeout {_SECONDS} bash -c "</dev/tcp/${{address/:/\\/}}" 2>/dev/null; then echo true; else echo false; fi
done
"""


def opened(cluster: Cluster, pod: str, addresses: Sequence[Address], *, python: bool) -> Mapping[Address, bool]:
    """Return which of these addresses a pod can connect to; each is tried for three seconds.

    Raises:
        UnmetError: it could not be tried; the text says what the pod said.
    """
    command = _python(addresses) if python else _bash(addresses)
    try:
        told = cluster.execute(pod, command, timeout=_SECONDS * len(addresses) + 30)
    except ClusterError as error:
        raise UnmetError(f"No connection could be tried from {pod}: {error}") from None
    answers = json.loads(told) if python else [word == "true" for word in told.split()]
    return dict(zip(addresses, answers, strict=True))


def _python(addresses: Sequence[Address]) -> Sequence[str]:
    return ["python", "-c", _PYTHON, json.dumps(addresses)]


def _bash(addresses: Sequence[Address]) -> Sequence[str]:
    return ["bash", "-c", _BASH, "probe", *(f"{host}:{port}" for host, port in addresses)]
