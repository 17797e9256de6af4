"""One request, whatever the other side does with it."""

import asyncio
import ipaddress
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from slipway import clock
from slipway.settings import Settings
from slipway.webhooks.schemas import Message, Reason
from slipway.webhooks.sending import Sender
from slipway.webhooks.signing import new_secret
from slipway.webhooks.targets import Targets

HERE = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_timeout": 1.0}
FOREVER = 60


def certificate(folder, name: str) -> tuple[ssl.SSLContext, str]:
    """Make a certificate for a name; return a server's context with it, and the file of who signed it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(secret)
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, folder / f"{name}.key")
    return context, str(file)


@pytest.fixture
async def send():
    """A function that sends a message to a URL, with some settings and a name service of its own."""
    senders = []

    async def run(url, names=None, **settings):
        async def resolve(host, port):
            return [ipaddress.ip_address(text) for text in (names or {})[host]]

        chosen = Settings(_env_file=None, **(HERE | settings))
        sender = Sender(chosen, Targets(chosen, resolve if names else None))
        senders.append(sender)
        return await sender.send(Message("msg_1", b'{"type":"webhook.test"}', url, (new_secret(),)))

    yield run
    for sender in senders:
        await sender.close()


async def hang(reader, writer):
    await asyncio.sleep(FOREVER)


async def leave(reader, writer):
    writer.close()


async def garbage(reader, writer):
    writer.write(b"\x16\x03\x01 this is not HTTP \r\n\r\n" * 10)


async def endless_head(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-filler: " + b"y" * 8000 + b"\r\n")
        await writer.drain()


async def endless_body(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"2000\r\n" + b"y" * 0x2000 + b"\r\n")
        await writer.drain()


async def slow_drip(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(600):
        writer.write(b"x: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def silent_body(reader, writer):
    writer.write(b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(FOREVER)


async def unfinished_body(reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nabc")


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
async def test_2xx_is_success(send, new_receiver, says, code):
    receiver = await new_receiver(says(code))
    outcome = await send(receiver.url)
    assert (outcome.status, outcome.reason) == (code, None)
    (request,) = receiver.requests
    assert request.path == "/hook?token=t0psecret"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("Slipway-Webhooks/")
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert "cookie" not in request.headers


@pytest.mark.parametrize("code", [400, 401, 404, 410, 429, 500, 503])
async def test_any_other_status_is_a_failure(send, new_receiver, says, code):
    outcome = await send((await new_receiver(says(code))).url)
    assert (outcome.status, outcome.reason) == (code, Reason.STATUS)


@pytest.mark.parametrize("code", [101, 99, 600, 2000])
async def test_what_is_no_final_status_is_a_failure(send, new_receiver, says, code):
    assert (await send((await new_receiver(says(code))).url)).reason is not None


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("there", ["here", "http://169.254.169.254/latest/meta-data/", "https://127.0.0.1/", "/else"])
async def test_a_redirect_is_never_followed(send, new_receiver, says, code, there):
    elsewhere = await new_receiver()
    receiver = await new_receiver(says(code, f"location: {elsewhere.url if there == 'here' else there}"))
    outcome = await send(receiver.url)
    assert (outcome.status, outcome.reason) == (code, Reason.REDIRECT)
    assert len(receiver.requests) == 1
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (hang, Reason.TIMEOUT),
        (slow_drip, Reason.TIMEOUT),
        (leave, Reason.PROTOCOL),
        (garbage, Reason.PROTOCOL),
        (endless_head, None),
    ],
)
async def test_what_does_not_answer_properly_fails_in_time(send, new_receiver, answer, reason):
    receiver = await new_receiver(answer)
    async with asyncio.timeout(10):
        outcome = await send(receiver.url)
    assert outcome.status is None
    if reason is None:
        assert outcome.reason in (Reason.PROTOCOL, Reason.DISCONNECTED)
    else:
        assert outcome.reason is reason


@pytest.mark.parametrize("answer", [endless_body, silent_body, unfinished_body])
async def test_the_status_counts_whatever_the_body_does(send, new_receiver, answer):
    receiver = await new_receiver(answer)
    async with asyncio.timeout(10):
        outcome = await send(receiver.url)
    assert outcome.reason is None


async def test_nobody_there_is_a_failure(send):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = await send(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert (outcome.status, outcome.reason) == (None, Reason.CONNECTION)


async def test_the_first_address_that_answers_is_used(send, new_receiver):
    receiver = await new_receiver()
    outcome = await send(f"http://two.example:{receiver.port}/", {"two.example": ["127.0.0.2", "127.0.0.1"]})
    assert outcome.reason is None
    assert receiver.requests[0].headers["host"] == f"two.example:{receiver.port}"


@pytest.mark.parametrize("said", ["7", "120"])
async def test_retry_after_is_read(send, new_receiver, says, said):
    outcome = await send((await new_receiver(says(503, f"Retry-After: {said}"))).url)
    assert outcome.retry_after == float(said)


async def test_retry_after_may_be_a_date(send, new_receiver, says):
    with clock.use_clock(lambda: datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)):
        receiver = await new_receiver(says(503, "Retry-After: Fri, 01 May 2026 12:02:00 GMT"))
        assert (await send(receiver.url)).retry_after == 120.0


@pytest.mark.parametrize("said", ["", "soon", "-5", "1e99", "9" * 400, "Fri, 99 Foo 2026 12:02:00 GMT"])
async def test_any_other_retry_after_is_as_none(send, new_receiver, says, said):
    outcome = await send((await new_receiver(says(503, f"Retry-After: {said}"))).url)
    assert outcome.reason is Reason.STATUS
    assert outcome.retry_after is None


async def test_tls_asks_for_the_name_and_trusts_authorities_of_the_settings(send, new_receiver, tmp_path):
    context, authority = certificate(tmp_path, "receiver.example")
    receiver = await new_receiver(tls=context)
    url, names = f"https://receiver.example:{receiver.port}/hook", {"receiver.example": ["127.0.0.1"]}

    stranger = await send(url, names)
    assert (stranger.status, stranger.reason) == (None, Reason.TLS)
    assert receiver.requests == []
    assert (await send(url, names, webhook_ca_file=authority)).reason is None
    assert set(receiver.server_names) == {"receiver.example"}


async def test_a_certificate_for_another_name_is_refused(send, new_receiver, tmp_path):
    context, authority = certificate(tmp_path, "other.example")
    receiver = await new_receiver(tls=context)
    url, names = f"https://receiver.example:{receiver.port}/", {"receiver.example": ["127.0.0.1"]}
    assert (await send(url, names, webhook_ca_file=authority)).reason is Reason.TLS
    assert receiver.requests == []


async def test_nothing_is_sent_in_the_clear_to_an_https_url(send, receiver):
    outcome = await send(f"https://127.0.0.1:{receiver.port}/")
    assert outcome.reason in (Reason.TLS, Reason.TIMEOUT)
    assert receiver.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_without_an_allowed_network_nothing_on_this_machine_is_reached(send, receiver, scheme):
    outcome = await send(f"{scheme}://127.0.0.1:{receiver.port}/", webhook_allowed_networks=None)
    assert (outcome.status, outcome.reason) == (None, Reason.ADDRESS)
    assert receiver.open == receiver.most_open == 0


async def test_a_name_that_moves_inside_after_it_was_checked_is_not_followed(receiver, tmp_path):
    """DNS rebinding: public while it is registered, this machine when it is used."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["93.184.216.34", "127.0.0.1"]])

    async def resolve(host, port):
        return [ipaddress.ip_address(text) for text in next(answers)]

    settings = Settings(_env_file=None, webhook_timeout=1.0)
    targets = Targets(settings, resolve)
    sender = Sender(settings, targets)
    url = f"https://rebind.example:{receiver.port}/"
    await targets.check(url)

    for _ in range(2):
        outcome = await sender.send(Message("msg_1", b"{}", url, (new_secret(),)))
        assert outcome.reason is Reason.ADDRESS
    assert receiver.most_open == 0
    await sender.close()


async def test_a_proxy_in_the_environment_is_not_used(send, receiver, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await send(receiver.url)).reason is None


def test_a_message_does_not_show_itself():
    message = Message("msg_1", b"{}", "https://example.com/t0psecret", ("whsec_t0psecret",))
    assert "t0psecret" not in repr(message)
