"""Makes Locust run what the options ask for."""

import signal
from typing import Any

import gevent
from locust import User
from locust.runners import WorkerRunner

from loadtests.arrivals.conductor import Conductor, follow_master
from loadtests.arrivals.options import EVERYDAY
from loadtests.arrivals.timetable import Timetable
from loadtests.scenario.access import Access
from loadtests.scenario.client import Client


def prepare(environment: Any, everyday: list[type[User]], **_: Any) -> None:
    """Choose users and shape, once Locust knows its options and whether it is master or worker."""
    options = environment.parsed_options
    is_worker = isinstance(environment.runner, WorkerRunner)
    if options.scenario == EVERYDAY and not is_worker:
        return
    Client.prepare(Access.read(), options.clients)
    if is_worker:
        environment.user_classes = [*everyday, Client]  # the master says which
        follow_master(environment)
    else:
        environment.user_classes = [Client]
        environment.shape_class = Timetable(Conductor(environment))
        if options.headless:
            # Locust itself listens for it only once the load is over.
            gevent.signal_handler(signal.SIGTERM, environment.runner.quit)
