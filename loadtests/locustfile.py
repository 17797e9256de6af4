"""The load of everyday use, for Locust.

`docker compose --profile load up loadgen` runs it; by hand:

    locust --locustfile loadtests/locustfile.py --host https://localhost:8443

LOADTEST_KEY_FILE names a file with an API key, LOADTEST_CA_FILE the authority that signed the gateway's certificate.
Locust's own LOCUST_HOST, LOCUST_USERS, LOCUST_RUN_TIME and LOCUST_HEADLESS say where, how much and how long.
"""

from loadtests.scenario.users import Caller, Clerk

__all__ = ["Caller", "Clerk"]
