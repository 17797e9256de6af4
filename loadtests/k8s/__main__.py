"""`python -m loadtests.k8s`: sends a load from pods of a cluster."""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtests.autoscale.kubectl import Cluster, ClusterError
from loadtests.k8s.objects import Order
from loadtests.k8s.run import run
from loadtests.scenario.access import Access


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Cluster, Order, argparse.Namespace]:
    """Return where, what, and the other options; wrong ones end the program and say what would be right."""
    parser = argparse.ArgumentParser("python -m loadtests.k8s", description=__doc__, epilog="All else is Locust's.")
    add = parser.add_argument
    add("--context", default=environment.get("KUBE_CONTEXT"), help="of the kubeconfig; none: the current one")
    add("--namespace", default="default", help="that the pods run in (default: default)")
    add("--image", default="slipway-loadtest:dev", help="of the pods (default: slipway-loadtest:dev)")
    add("--workers", type=int, default=2, help="how many pods share the load (default 2)")
    add("--host", required=True, help="where requests go, as the pods reach it")
    add("--key-file", help="file with API keys, one a line [LOADTEST_KEY_FILE]")
    add("--ca-file", help="authority of the certificate [LOADTEST_CA_FILE]")
    add("--out", type=Path, required=True, help="folder for what the load wrote down")
    add("--timeout", type=float, default=7_200.0, help="seconds after which it is given up (default 7200)")
    found, rest = parser.parse_known_args(arguments)
    told = {"LOADTEST_KEY_FILE": found.key_file, "LOADTEST_CA_FILE": found.ca_file}
    access = Access.read({**environment, **{name: value for name, value in told.items() if value}})
    order = Order(
        name=f"load-{time.strftime('%Y%m%d-%H%M%S')}",
        image=found.image,
        workers=found.workers,
        host=found.host,
        keys="\n".join(access.keys),
        authority=access.authority.read_text(encoding="utf-8") if access.authority else None,
        options=rest,
    )
    return Cluster(found.namespace, found.context), order, found


def main(arguments: Sequence[str]) -> int:
    """Send the load, and return the exit code: Locust's, or 3 where the cluster did not carry it out."""
    cluster, order, found = read(arguments, os.environ)
    try:
        return run(cluster, order, found.out, found.timeout)
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
