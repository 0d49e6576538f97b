"""Who of a fleet polls which sources: the rules, and the door to whoever keeps them.

Sources of one host share a key, and one worker at a time holds it. Each worker ranks itself for
each key by rendezvous hashing, so that all agree without a word, the keys spread evenly, and a
worker that comes or goes moves only its own.

    free, and ours by rank   ──> claim
    free for `GRACE`         ──> claim, whatever the rank: who ranks before us does not read these sources
    held, and ours by rank   ──> ask; the holder ends the polls under way and lets go
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from crawlers.source.base import SourceConfig
from crawlers.url import parse

LEASE_S = 20.0
ROUND_S = 5.0
"""Between two renewals: three may fail before a lease is lost."""
GRACE = timedelta(seconds=ROUND_S)
"""LEASE_S + ROUND_S until the first in rank has seen a free key; with GRACE, anybody within 30 s."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll the sources of `key`, for as long as it can be shown to hold."""

    key: str
    worker: str
    token: int
    """Grows with every change of hands, so that an old right is told from a new one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A key as the shared table shows it."""

    key: str
    worker: str | None
    """Its holder, if that is alive."""
    token: int
    free_since: datetime | None
    """None while it is held."""
    asked_by: str | None = None
    """A worker that is alive and wants it."""


@dataclass(frozen=True, slots=True)
class Plan:
    claim: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    """Ours, to be let go when their polls have ended."""


class Tenure(Protocol):
    """The door: which sources are ours to poll."""

    async def held(self, source: str) -> Lease | None:
        """Wait until `source` is ours; None where there is nobody to share with."""
        ...

    def using(self, source: str, lease: Lease | None) -> AbstractAsyncContextManager[None]:
        """Poll within this: what is under way when `lease` ends is broken off.

        Raises
        ------
        LeaseLostError
            If it has ended, before or meanwhile.
        """
        ...

    def is_ours(self, source: str) -> bool: ...

    def watch(self, changed: Callable[[str], None]) -> None:
        """Have `changed` called with each source that becomes ours or is lost."""
        ...

    async def run(self) -> None:
        """Renew, claim and let go until cancelled; returns at once where there is nothing to share."""
        ...


class Alone:
    """`Tenure` of the only worker."""

    async def held(self, source: str) -> Lease | None:
        return None

    @asynccontextmanager
    async def using(self, source: str, lease: Lease | None) -> AsyncGenerator[None]:
        yield

    def is_ours(self, source: str) -> bool:
        return True

    def watch(self, changed: Callable[[str], None]) -> None:
        pass

    async def run(self) -> None:
        pass


def key_of(config: SourceConfig) -> str:
    """What the source is leased by: ``host:port`` of its first address, or itself where it has none."""
    for text in config.urls():
        url = parse(text)
        return f"{url.host}:{url.port}"
    return f"source:{config.id}"


def name_of(worker: str) -> str:
    """The configured name in ``NAME/PROCESS``: a worker started anew ranks as before."""
    return worker.partition("/")[0]


def rank(key: str, worker: str) -> tuple[bytes, str]:
    """Highest-random-weight hashing (Thaler and Ravishankar 1998): the highest of these is first."""
    digest = hashlib.blake2b(f"{key}\n{name_of(worker)}".encode(), digest_size=8).digest()
    return digest, worker


def plan(
    me: str, wanted: Iterable[str], rows: Mapping[str, Held], live: Sequence[str], now: datetime
) -> Plan:
    """What worker `me` does about the keys it wants.

    Parameters
    ----------
    rows
        By key; a key that nobody has wanted yet may be missing.
    live
        Every worker that is alive, `me` included.
    now : datetime
        By the clock that wrote `rows`.
    """
    claim: list[str] = []
    ask: list[str] = []
    leave: list[str] = []
    for key in wanted:
        row = rows.get(key)
        if row is None:
            continue
        if row.worker == me:
            if _rank_of(key, row.asked_by, live) > rank(key, me):
                leave.append(key)
            continue
        if row.worker is None:
            first = max(live, key=lambda worker: rank(key, worker), default=me)
            is_left_over = row.free_since is not None and now - row.free_since > GRACE
            if first == me or row.asked_by == me or is_left_over:
                claim.append(key)
        elif rank(key, me) > max(rank(key, row.worker), _rank_of(key, row.asked_by, live)):
            ask.append(key)
    return Plan(tuple(claim), tuple(ask), tuple(leave))


def _rank_of(key: str, worker: str | None, live: Sequence[str]) -> tuple[bytes, str]:
    return rank(key, worker) if worker is not None and worker in live else (b"", "")
