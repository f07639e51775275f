"""Which addresses a call may go to when someone other than the operator chose them. Pure.

A policy of our own: `ipaddress.is_global` says True for NAT64, 6to4 and `::127.0.0.1`. Of IPv6 only
global unicast is open, so every way to write an IPv4 address into an IPv6 one outside it is closed.
Sources: the IANA special-purpose registries (RFC 6890) and the metadata services of the clouds.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from msgspec import Struct

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_FORBIDDEN_V4 = (
    ("0.0.0.0/8", "this host"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by carriers, and some clouds' metadata"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "a cloud's platform service"),
    ("169.254.0.0/16", "link-local, and the clouds' metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarks"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved and broadcast"),
)
_OPEN_V6 = IPv6Network("2000::/3")
_FORBIDDEN_V6 = (
    ("2001::/23", "protocol assignments: Teredo, ORCHID, benchmarks"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
)
_NETWORKS_V4 = tuple((IPv4Network(network), why) for network, why in _FORBIDDEN_V4)
_NETWORKS_V6 = tuple((IPv6Network(network), why) for network, why in _FORBIDDEN_V6)


class Place(Struct, frozen=True):
    """One entry of the operator's lists: a network or a host name, and a port or every port."""

    network: Network | None
    host: str
    """In lower case without a trailing dot; "" for a network."""
    port: int | None = None


class AddressPolicy(Struct, frozen=True):
    """What is open beyond the public internet, and what is closed of it."""

    allow: tuple[Place, ...] = ()
    deny: tuple[Place, ...] = ()

    def refusal(self, address: str, port: int) -> str | None:
        """Why no socket may be made to this address; None when it may."""
        parsed = to_address(address)
        if parsed is None:
            return "not an IP address"
        if _listed(self.deny, parsed, port):
            return "denied by the operator"
        return None if _listed(self.allow, parsed, port) else forbidden(parsed)

    def trusts(self, host: str, port: int) -> bool:
        """Whether the operator named this host, wherever its name leads, or this very address."""
        address = to_address(host)
        if address is not None:
            return _listed(self.allow, address, port) and not _listed(self.deny, address, port)
        return _named(self.allow, host, port) and not _named(self.deny, host, port)

    def denies(self, host: str, port: int) -> bool:
        """Whether a URL with this host can be refused before anything is looked up."""
        if to_address(host) is not None:
            return self.refusal(host, port) is not None
        return _named(self.deny, host, port)


def to_address(host: str) -> Address | None:
    """The address that a host is; None for a name, and for spellings only resolvers understand."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def forbidden(address: Address) -> str | None:
    """What this address is instead of a place on the public internet; None when it is one."""
    if isinstance(address, IPv4Address):
        return next((why for network, why in _NETWORKS_V4 if address in network), None)
    if address not in _OPEN_V6:
        return "outside global unicast"
    return next((why for network, why in _NETWORKS_V6 if address in network), None)


def plain_host(host: str) -> str:
    """A host's name as it is compared."""
    return host.lower().rstrip(".")


def to_place(text: str) -> Place:
    """Read an entry: `host`, `host:port`, `10.0.0.0/8`, `10.0.0.1:8080`, `::1` or `[::1]:8080`.

    Raises ValueError saying what is wrong.
    """
    try:
        return Place(ip_network(text), "")
    except ValueError:
        host, port = _split_port(text)
    try:
        return Place(ip_network(host), "", port)
    except ValueError:
        pass
    name = plain_host(host)
    if not all(_is_label(label) for label in name.split(".")) or name.replace(".", "").isdigit():
        raise ValueError(f"{text!r} must be a host, an address or a network, with a port if need be")
    return Place(None, name, port)


def _split_port(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, None
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} has no valid port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _is_label(label: str) -> bool:
    return 0 < len(label) < 64 and label.isascii() and label.replace("-", "").replace("_", "").isalnum()


def _listed(places: tuple[Place, ...], address: Address, port: int) -> bool:
    return any(
        place.network is not None and address in place.network and place.port in (None, port)
        for place in places
    )


def _named(places: tuple[Place, ...], host: str, port: int) -> bool:
    name = plain_host(host)
    return any(place.host == name and place.port in (None, port) for place in places if place.host)
