"""Load for Locust: everyday users, or requests at a rate of their own, whatever becomes of those before.

    locust --locustfile loadtests/locustfile.py --host https://localhost:8443                # everyday users
    locust --locustfile loadtests/locustfile.py --host https://localhost:8443 --headless \
        --scenario mixed --shape step --base-rps 20 --factor 5 --out var/load                # open load

LOADTEST_KEY_FILE names a file with API keys, one a line, LOADTEST_CA_FILE the authority that signed the gateway's
certificate. Every option of an open load has an environment variable: `locust ... --help` tells them. Locust's own
LOCUST_HOST, LOCUST_USERS, LOCUST_RUN_TIME and LOCUST_HEADLESS say where, and for everyday users how many and how long.

An open load writes `samples.ndjson`, `generator.ndjson` and `load.json` (docs/loadtests.md). With `--master` and
`--worker` each worker sends its share, and the master has the files. The exit code is 0 if all was sent and written
down, whatever the answers were.
"""

from functools import partial

from locust import events

from loadtests.arrivals.options import add_options
from loadtests.arrivals.setting import prepare
from loadtests.scenario.users import Caller, Clerk

__all__ = ["Caller", "Clerk"]

events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]  # Locust's
events.init.add_listener(partial(prepare, everyday=[Caller, Clerk]))  # type: ignore[no-untyped-call]  # Locust's
