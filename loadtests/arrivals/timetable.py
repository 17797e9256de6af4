"""What Locust asks for: how many clients there should be. The rate is the generator's business."""

from locust import LoadTestShape

from loadtests.arrivals.conductor import Conductor

_CLIENTS_PER_SECOND = 100.0
"""As fast as Locust starts them without a warning."""


class Timetable(LoadTestShape):
    """All clients from the beginning to the end; none after it."""

    def __init__(self, conductor: Conductor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust's
        self._conductor = conductor
        self._clients = 0

    def tick(self) -> tuple[int, float] | None:
        """Return (clients, clients to start a second); None: it is over."""
        if self._conductor.is_over():
            return None
        # A lost worker's clients are not started elsewhere: its share of the rate is lost as well.
        self._clients = self._clients or self._conductor.wanted_clients()
        return self._clients, min(_CLIENTS_PER_SECOND, float(self._clients))

    def reset_time(self) -> None:
        """Begin anew."""
        super().reset_time()  # type: ignore[no-untyped-call]  # Locust's
        self._clients = 0
