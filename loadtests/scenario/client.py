"""The Locust user of an open load: takes requests that are due, sends them, and checks the answers."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any, ClassVar

from geventhttpclient.client import HTTPClientPool
from locust import FastHttpUser, task
from locust.contrib.fasthttp import LocustBadStatusCode

from loadtests.arrivals.desk import Desk
from loadtests.arrivals.generator import Due, Generator
from loadtests.samples.outcome import Outcome, judge
from loadtests.scenario.access import Access
from loadtests.scenario.call import Answer, Call
from loadtests.scenario.pace import Pause, SlowBody

TIMEOUT_SECONDS = 30.0
"""How long a connection, and each piece of an answer, may take."""
_MOST_DETAIL = 200
_READ_BYTES = 512


class Client(FastHttpUser):
    """Sends one request at a time; all clients of a process share their kept connections."""

    desk: ClassVar[Desk] = Desk()
    keys: ClassVar[Iterator[str]] = iter(())
    max_redirects = 0

    @classmethod
    def prepare(cls, access: Access, clients: int) -> None:
        """Make the connections that so many clients share.

        The connection that was used last is used next: so there are no more of them, and no more handshakes, than
        requests under way at the same time.
        """
        cls.keys = cycle(access.keys)
        cls.client_pool = HTTPClientPool(
            concurrency=clients,
            connection_timeout=TIMEOUT_SECONDS,
            network_timeout=TIMEOUT_SECONDS,
            ssl_context_factory=lambda cafile: access.trust(),  # noqa: ARG005  # the library would name its own authorities
        )

    @task
    def serve(self) -> None:
        """Send what is due, until a load is over."""
        generator = self.desk.generator()
        while due := generator.take():
            self._serve(generator, due)

    def _serve(self, generator: Generator, due: Due) -> None:
        call = due.call
        pause = Pause(slow.pause if (slow := call.sends_slowly or call.reads_slowly) else 0.0)
        with self._send(call, pause) as response:
            answer, broken = _received(response, call, pause)
            retry_after = "Retry-After" in answer.headers
            complaint = broken or _complaint(call, answer)
            outcome, detail = judge(answer.status, call.expected, retry_after=retry_after, complaint=complaint)
            seconds = generator.hand_in(due, answer.status, outcome, detail, own_seconds=pause.spent)
            _tell_locust(response, seconds, outcome, detail)
        if call.follow and outcome is not Outcome.ERROR and (later := call.follow(answer)):
            generator.follow(later)

    def _send(self, call: Call, pause: Pause) -> Any:
        body: Any = SlowBody(call.body or b"", call.sends_slowly, pause) if call.sends_slowly else call.body
        return self.client.request(
            call.method,
            call.path,
            name=call.name,
            data=body,
            headers={"Authorization": f"Bearer {call.key or next(self.keys)}", **call.headers},
            catch_response=True,
            stream=call.reads_slowly is not None,
        )


def _received(response: Any, call: Call, pause: Pause) -> tuple[Answer, str | None]:
    """Return the answer, and why it is not complete."""
    error = response.request_meta["exception"]
    broken = None
    if error is not None and not isinstance(error, LocustBadStatusCode):
        broken = f"{type(error).__name__}: {error}"[:_MOST_DETAIL]
        return Answer(response.status_code, response.headers or {}, b""), broken
    slowly = call.reads_slowly and response.status_code in call.expected
    content = b"".join(_pieces(response, pause)) if slowly else response.content or b""
    return Answer(response.status_code, response.headers, content), None


def _pieces(response: Any, pause: Pause) -> Iterator[bytes]:
    for piece in response.iter_content(_READ_BYTES, decode_content=False):
        yield piece
        pause.wait()


def _complaint(call: Call, answer: Answer) -> str | None:
    if call.check is None or answer.status not in call.expected:
        return None
    try:
        return call.check(answer)
    except (ValueError, KeyError, TypeError) as error:
        return f"the answer is not what was asked for: {type(error).__name__}"


def _tell_locust(response: Any, seconds: float, outcome: Outcome, detail: str) -> None:
    """Let Locust's own figures show the same: latency from when the request was due, and expected errors as right."""
    response.request_meta["response_time"] = 1_000 * seconds
    if outcome is Outcome.OK:
        response.success()
    else:
        response.failure(f"{outcome}: {detail}")
