"""Where the clients of this process ask for work."""

from gevent.event import Event

from loadtests.arrivals.generator import Generator


class Desk:
    """Closed until a load begins. Clients are there before, so that they cost the load's first seconds nothing."""

    def __init__(self) -> None:
        self._open = Event()
        self._generator: Generator | None = None

    def open(self, generator: Generator) -> None:
        """Let clients take work from a generator."""
        self._generator = generator
        self._open.set()

    def close(self) -> None:
        """Let clients wait for the next load."""
        self._open.clear()

    def generator(self) -> Generator:
        """Wait for a load, and return its generator."""
        while self._generator is None or not self._open.is_set():
            self._open.wait()
        return self._generator
