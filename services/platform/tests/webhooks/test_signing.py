import base64

import pytest

from slipway.webhooks.signing import headers, new_secret, sign


def test_a_signature_is_that_of_the_specification():
    """The vector that the libraries of Standard Webhooks test themselves with."""
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_has_32_random_bytes():
    secrets = {new_secret() for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_two_secrets_sign_side_by_side():
    first, second = new_secret(), new_secret()
    found = headers([first, second], "msg_1", 7, b"{}")
    assert found == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "7",
        "webhook-signature": f"{sign(first, 'msg_1', 7, b'{}')} {sign(second, 'msg_1', 7, b'{}')}",
    }


@pytest.mark.parametrize("changed", [("msg_2", 7, b"{}"), ("msg_1", 8, b"{}"), ("msg_1", 7, b"{ }")])
def test_the_signature_covers_id_time_and_body(changed):
    secret = new_secret()
    assert sign(secret, *changed) != sign(secret, "msg_1", 7, b"{}")
