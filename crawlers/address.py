"""Which machines may be reached: public ones, and those that the configuration names.

A page that we were sent to must not make us talk to our own network. The rule is a
white list: a globally routed unicast address, looked at inside every IPv6 wrapping.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Protocol

from crawlers.errors import CrawlError
from crawlers.url import Url

Address = IPv4Address | IPv6Address

_SPECIAL_V4 = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15
    198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    168.63.129.16/32
"""
"""IANA's registry of special-purpose addresses; the last is Azure's metadata server, in public space."""
_SPECIAL_V6 = "2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16"
_NEVER_V4 = tuple(map(IPv4Network, _SPECIAL_V4.split()))
_NEVER_V6 = tuple(map(IPv6Network, _SPECIAL_V6.split()))
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """True when `address`, and the IPv4 address inside it if there is one, is globally routed unicast."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NEVER_V4)
    if address.scope_id:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_V6 and not any(address in network for network in _NEVER_V6)


class Resolver(Protocol):
    """The door to name service."""

    async def resolve(self, host: str, port: int) -> list[Address]:
        """Every address of `host`. Raises OSError when there is none."""
        ...


class SystemResolver:
    """The machine's own name service."""

    async def resolve(self, host: str, port: int) -> list[Address]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ip_address(str(row[4][0])) for row in found]


async def addresses_of(url: Url, named: frozenset[str], resolver: Resolver) -> list[Address]:
    """The addresses that a request for `url` may connect to, resolved once.

    Parameters
    ----------
    named : frozenset of str
        ``host:port`` that the configuration names; only for these is a private address accepted.

    Raises
    ------
    CrawlError
        ``refused`` if any address is not public: a name that has one public and one private
        address is rebinding, or broken; ``dns`` if the name has none.
    """
    literal = url.address
    if literal is not None:
        found = [literal]
    else:
        try:
            found = await resolver.resolve(url.host, url.port)
        except (OSError, UnicodeError) as error:
            raise CrawlError("dns", url.origin, str(error)) from None
    if not found:
        raise CrawlError("dns", url.origin, "no address")
    if f"{url.host}:{url.port}" not in named:
        for address in found:
            if not is_public(address):
                raise CrawlError("refused", url.origin, str(address))
    return found
