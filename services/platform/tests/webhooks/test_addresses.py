"""No private address is public, in whatever form it comes."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.webhooks.addresses import embedded, is_public, is_within, parse_networks

INSIDE_4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
INSIDE_6 = (
    "::/96",
    "100::/64",
    "64:ff9b:1::/48",
    "2001::/32",
    "2001:db8::/32",
    "fc00::/7",
    "fd00:ec2::254/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
FORMS = {
    "mapped": lambda address: IPv6Address(0xFFFF << 32 | int(address)),
    "6to4": lambda address: IPv6Address(0x2002 << 112 | int(address) << 80 | 1),
    "nat64": lambda address: IPv6Address(int(IPv6Address("64:ff9b::")) | int(address)),
}


@st.composite
def inside_4(draw):
    network = IPv4Network(draw(st.sampled_from(INSIDE_4)))
    return network[draw(st.integers(0, network.num_addresses - 1))]


@st.composite
def inside_6(draw):
    network = IPv6Network(draw(st.sampled_from(INSIDE_6)))
    return network[draw(st.integers(0, network.num_addresses - 1))]


@given(inside_4())
def test_private_ipv4_is_refused_in_every_form(address):
    assert not is_public(address)
    for form in FORMS.values():
        assert embedded(form(address)) == address
        assert not is_public(form(address))


@given(inside_6())
def test_private_ipv6_is_refused(address):
    assert not is_public(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_nothing_is_public_that_python_knows_to_be_private(address):
    if is_public(address):
        assert address.is_global
        assert not any((address.is_multicast, address.is_loopback, address.is_link_local, address.is_reserved))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"])
def test_the_internet_is_public(text):
    address = ip_address(text)
    assert is_public(address)
    if isinstance(address, IPv4Address):
        assert all(is_public(form(address)) for form in FORMS.values())


def test_a_zone_does_not_help():
    assert not is_public(ip_address("fe80::1%eth0"))


def test_allowed_networks_are_read_and_hold_the_embedded_too():
    networks = parse_networks("10.1.0.0/16, fd00::/8")
    assert is_within(ip_address("10.1.2.3"), networks)
    assert is_within(ip_address("::ffff:10.1.2.3"), networks)
    assert is_within(ip_address("fd00::7"), networks)
    assert not is_within(ip_address("10.2.0.1"), networks)
    assert parse_networks(None) == parse_networks(" ") == ()
