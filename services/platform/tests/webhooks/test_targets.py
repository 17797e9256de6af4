"""What may be registered."""

import asyncio
from ipaddress import ip_address

import pytest

from slipway.settings import Settings
from slipway.webhooks import targets as module
from slipway.webhooks.targets import TargetRefused, Targets, parse_target


def targets(answers, **settings) -> Targets:
    async def resolve(host, port):
        if host not in answers:
            raise OSError("no such name")
        return [ip_address(text) for text in answers[host].split()]

    return Targets(Settings(_env_file=None, **settings), resolve)


WORLD = {
    "example.com": "93.184.216.34 2606:2800:220:1::1",
    "inside.example": "10.0.0.8",
    "half.example": "93.184.216.34 192.168.0.1",
    "mapped.example": "::ffff:169.254.169.254",
    "xn--exmple-cua.com": "93.184.216.34",
}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "https://example.com:8443/hook?token=x",
        "https://EXAMPLE.com",
        "https://exämple.com/",
        "https://example.com:443/",
    ],
)
async def test_a_public_https_url_is_fine(url):
    await targets(WORLD).check(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("//example.com/", "https://"),
        ("unix:///run/docker.sock", "https://"),
        ("https:///path", "not a URL"),
        ("https://", "not a URL"),
        ("https://exa mple.com/", "not a URL"),
        ("https://example.com:99999/", "not a URL"),
        ("https://example.com:0/", "not a URL"),
        ("https://127.0.0.1%2f@example.com/", "user name"),
        ("https://example.com/" + "x" * 2048, "not a URL"),
        ("https://user@example.com/", "user name"),
        ("https://user:pass@example.com/", "user name"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com:25/", "port"),
        ("https://example.com:22/", "port"),
        ("https://unknown.example/", "public addresses"),
        ("https://inside.example/", "public addresses"),
        ("https://half.example/", "public addresses"),
        ("https://mapped.example/", "public addresses"),
    ],
)
async def test_anything_else_is_refused_with_its_reason(url, why):
    with pytest.raises(TargetRefused, match=why):
        await targets(WORLD).check(url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::]"],
)
async def test_literals_are_read_as_the_system_would_read_them(host):
    with pytest.raises(TargetRefused):
        await Targets(Settings(_env_file=None)).check(f"https://{host}:8443/")


async def test_an_allowed_network_is_fine_also_without_tls_and_on_any_port():
    inside = targets(WORLD, webhook_allowed_networks="10.0.0.0/16, 192.168.0.0/24")
    await inside.check("http://inside.example/hook")
    await inside.check("https://inside.example:22/hook")
    await inside.check("https://half.example/")
    with pytest.raises(TargetRefused, match="https://"):
        await inside.check("http://half.example/")
    with pytest.raises(TargetRefused, match="public"):
        await inside.check("https://mapped.example/")


async def test_who_asks_does_not_learn_which_names_there_are_inside():
    said = []
    for host in ("unknown.example", "inside.example"):
        with pytest.raises(TargetRefused) as refused:
            await targets(WORLD).check(f"https://{host}/")
        said.append(str(refused.value))
    assert said[0] == said[1]


async def test_a_name_service_that_hangs_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(module, "RESOLVE_SECONDS", 0.05)

    async def hang(host, port):
        await asyncio.sleep(60)
        return []

    with pytest.raises(TargetRefused, match="resolve"):
        await Targets(Settings(_env_file=None), hang).check("https://example.com/")


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.com/a?b", "example.com"),
        ("https://example.com:8443/", "example.com:8443"),
        ("https://[2606:4700::1]:8443/", "[2606:4700::1]:8443"),
        ("http://10.0.0.1/", "10.0.0.1"),
    ],
)
def test_the_host_header_names_the_port_where_it_must(url, authority):
    assert parse_target(url).authority == authority


def test_a_target_does_not_show_itself():
    assert "secret" not in repr(parse_target("https://example.com/?secret"))


def test_networks_in_the_settings_are_checked():
    with pytest.raises(ValueError, match="host bits"):
        Settings(_env_file=None, webhook_allowed_networks="10.0.0.1/8")
