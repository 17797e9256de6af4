"""`docs/webhooks.md` says what is."""

import re
from pathlib import Path
from textwrap import dedent

from slipway.settings import Settings
from slipway.webhooks.network import MAX_ANSWER_BYTES
from slipway.webhooks.queue import TENANT_FACTOR
from slipway.webhooks.schedule import DELAYS, MAX_ATTEMPTS
from slipway.webhooks.schemas import TEST_EVENT, EventType, Reason
from slipway.webhooks.service import OVERLAP
from slipway.webhooks.signing import headers, new_secret

GUIDE = (Path(__file__).parents[4] / "docs" / "webhooks.md").read_text()
WORDS = {10: "ten"}


def rows(title: str) -> set[str]:
    """Return the first column of the table under a heading of the guide."""
    table = GUIDE.partition(f"| {title} |")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))


def test_it_names_every_type_and_every_reason():
    assert rows("Type") == {*EventType, TEST_EVENT}
    assert rows("Reason") == {*Reason}


def test_its_way_to_verify_works():
    code = re.search(r"^    import base64.*?(?=^\S)", GUIDE, re.MULTILINE | re.DOTALL)
    scope: dict = {}
    exec(dedent(code[0]), scope)  # what readers are told to do
    old, new, other = new_secret(), new_secret(), new_secret()
    sent = headers([new, old], "msg_1", 7, b"{}")
    assert scope["verify"](old, sent, b"{}")
    assert scope["verify"](new, sent, b"{}")
    assert not scope["verify"](other, sent, b"{}")
    assert not scope["verify"](new, sent, b"{ }")


def test_its_numbers_are_those_of_the_code():
    settings = Settings(_env_file=None)
    minutes, hours = [DELAYS[1] / 60, DELAYS[2] / 60], [delay / 3600 for delay in DELAYS[3:]]
    listed = ", ".join(f"{hour:g}" for hour in hours[:-1])
    schedule = (
        f"after {DELAYS[0]:g} seconds, {minutes[0]:g} and {minutes[1]:g} minutes, {listed} and {hours[-1]:g} hours"
    )
    text = " ".join(GUIDE.split())
    for told in (
        schedule,
        f"{WORDS[MAX_ATTEMPTS]} attempts in three days",
        f"within {settings.webhook_timeout:g} seconds",
        f"After {settings.webhook_breaker_failures} failures in a row",
        f"{settings.webhook_retention_seconds / 86_400:g} days",
        f"At most {settings.webhook_endpoint_concurrency} deliveries",
        f"and {TENANT_FACTOR * settings.webhook_endpoint_concurrency} to all",
        f"{settings.webhook_concurrency} at a time",
        f"may have {settings.max_webhooks} webhooks",
        f"{MAX_ANSWER_BYTES // 1024} KiB",
        f"For {OVERLAP.total_seconds() / 3600:g} hours",
    ):
        assert told in text
    assert (settings.webhook_disable_seconds, settings.webhook_breaker_seconds) == (5 * 86_400, 60)
