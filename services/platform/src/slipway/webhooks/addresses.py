"""Which addresses belong to the public internet. Everything else is somebody's inside: ours."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The special-purpose registries of IANA (RFC 6890 and what followed), as of 2025, kept here because `is_global` differs
# between releases of Python; and one public address that serves instance metadata on Azure.
_SPECIAL_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_SPECIAL_6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public internet; of one that embeds an IPv4 address, whether that is."""
    inner = embedded(address)
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _SPECIAL_4)
    return inner in _GLOBAL_6 and not any(inner in network for network in _SPECIAL_6)


def is_within(address: Address, networks: tuple[Network, ...]) -> bool:
    """Tell whether an address, or the IPv4 address in it, is in one of the networks."""
    inner = embedded(address)
    return any(inner in network for network in networks)


def embedded(address: Address) -> Address:
    """Return the IPv4 address that a mapped, 6to4 or NAT64 address leads to; others as they are."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def parse_networks(text: str | None) -> tuple[Network, ...]:
    """Read `10.0.0.0/8, fd00::/8`.

    Raises:
        ValueError: one is no network.
    """
    return tuple(ip_network(part.strip()) for part in (text or "").split(",") if part.strip())
