"""How often somebody may send, without knowing who: token buckets under keyed hashes.

An address is hashed with a key that lives as long as the process and is never written
down; the table is bounded and forgets whoever has been quiet.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

MAX_CLIENTS = 10_000


class Bucket:
    """`burst` at once, and one more every `refill_s` seconds."""

    def __init__(self, burst: float, refill_s: float, now_s: float) -> None:
        self._burst = burst
        self._refill_s = refill_s
        self._level = burst
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Take one and return 0, or take none and return the seconds until there is one."""
        self._level = min(self._burst, self._level + max(0.0, now_s - self._at_s) / self._refill_s)
        self._at_s = now_s
        if self._level >= 1.0:
            self._level -= 1.0
            return 0.0
        return (1.0 - self._level) * self._refill_s


class Senders:
    """A bucket for each sender and one for all together."""

    def __init__(
        self, *, burst: int, refill_s: float, burst_all: int, refill_all_s: float, key: bytes
    ) -> None:
        self._burst = burst
        self._refill_s = refill_s
        self._all = Bucket(burst_all, refill_all_s, 0.0)
        self._key = key
        self._clients: OrderedDict[bytes, Bucket] = OrderedDict()

    def wait_s(self, address: str, now_s: float) -> float:
        """0 if the sender at `address` may send now, else how long to wait."""
        name = hashlib.blake2b(network_of(address).encode(), key=self._key, digest_size=16).digest()
        bucket = self._clients.pop(name, None) or Bucket(self._burst, self._refill_s, now_s)
        self._clients[name] = bucket
        if len(self._clients) > MAX_CLIENTS:
            self._clients.popitem(last=False)
        return bucket.wait_s(now_s) or self._all.wait_s(now_s)


def network_of(address: str) -> str:
    """What one household or phone has: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
