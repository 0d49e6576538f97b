"""Who of a crew polls which sources: the rules, and the door to whoever keeps them.

Sources of one host share a key, and one worker at a time holds it. To whom a key belongs each
worker reckons by itself (`shares`), and all who know of the same workers agree.

    free, and ours      ──> claim
    free for `GRACE`    ──> claim, whosever it is: its owner does not read these sources
    held, and ours      ──> ask; the holder ends the polls under way and lets go
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
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
"""LEASE_S + ROUND_S until its owner has claimed a dead worker's key; with GRACE, anybody within 30 s."""
MOST_LOAD = 1.1
"""Times the even share that a worker may be given: closer to 1, more keys move at each change."""


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
    """The configured name in ``NAME/PROCESS``: a worker started anew gets its keys back."""
    return worker.partition("/")[0]


def shares(keys: Iterable[str], live: Iterable[str]) -> dict[str, str]:
    """The worker that each key belongs to, evenly and the same for all who know the same workers.

    Rendezvous hashing (Thaler and Ravishankar 1998) with bounded loads (Mirrokni, Thorup and
    Zadimoghaddam 2016): a worker that comes or goes moves its own keys and few others.
    """
    workers, wanted = sorted(live), sorted(set(keys))
    if not workers:
        return {}
    most = math.ceil(MOST_LOAD * len(wanted) / len(workers))
    n_keys = dict.fromkeys(workers, 0)
    owners: dict[str, str] = {}
    for key in wanted:
        free = (worker for worker in workers if n_keys[worker] < most)
        owners[key] = max(free, key=lambda worker: _rank(key, worker))
        n_keys[owners[key]] += 1
    return owners


def plan(
    me: str, owners: Mapping[str, str], rows: Mapping[str, Held], live: Collection[str], now: datetime
) -> Plan:
    """What worker `me` does about the keys it wants.

    Parameters
    ----------
    owners
        What `shares` says of those keys.
    rows
        By key; a key that is not in the table yet may be missing.
    live
        Every worker that is alive, `me` included.
    now : datetime
        By the clock that wrote `rows`.
    """
    claim: list[str] = []
    ask: list[str] = []
    leave: list[str] = []
    for key, owner in owners.items():
        row = rows.get(key)
        if row is None:
            continue
        asked_by = row.asked_by if row.asked_by in live else None
        if row.worker == me:
            # Only to its owner: workers whose lists differ would else pass a key to and fro.
            if asked_by is not None and asked_by == owner != me:
                leave.append(key)
        elif row.worker is None:
            is_left_over = row.free_since is not None and now - row.free_since > GRACE
            if me in (owner, asked_by) or is_left_over:
                claim.append(key)
        elif owner == me != asked_by:
            ask.append(key)
    return Plan(tuple(claim), tuple(ask), tuple(leave))


def _rank(key: str, worker: str) -> tuple[bytes, str]:
    digest = hashlib.blake2b(f"{key}\n{name_of(worker)}".encode(), digest_size=8).digest()
    return digest, worker
