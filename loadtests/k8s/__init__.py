"""Locust distributed in a cluster: for more load than one machine can send.

`python -m loadtests.k8s --host https://gateway.example --key-file key --image registry.example/slipway-loadtest:1
--workers 4 --out var/load --scenario mixed --shape step --base-rps 200` starts a master and its workers, waits until
the load is over, fetches its files, and removes everything. Options that it does not know are Locust's.
"""
