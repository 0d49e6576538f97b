"""One worker of a crew: keeps its leases in PostgreSQL, and knows when it has lost them.

    every ROUND_S: renew ──> who is alive, who holds what ──> `crawlers.lease.plan` ──> claim, ask, let go

Only the worker's own row is renewed, however many keys it holds. A worker whose row ran out never
comes back under the same name: whatever it still had under way is broken off here by the event
loop's clock, and refused there by `fence`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from crawlers.database import Db, Worker
from crawlers.errors import LeaseLostError, SharedError
from crawlers.lease import LEASE_S, ROUND_S, Held, Lease, plan, shares
from crawlers.memory import Fence

_LIVE = "EXISTS (SELECT 1 FROM workers w WHERE w.worker=l.worker AND w.until>clock_timestamp())"
DEAD_KEPT_S = 3600.0


def fence(lease: Lease) -> Fence:
    """Raises `LeaseLostError` where `lease` is not held; else nobody takes it before the transaction ends."""

    def check(db: Db) -> None:
        row = db.execute(
            "SELECT 1 FROM leases l JOIN workers w ON w.worker=l.worker"
            " WHERE l.key=? AND l.worker=? AND l.token=? AND w.until>clock_timestamp() FOR SHARE OF l",
            (lease.key, lease.worker, lease.token),
        ).fetchone()
        if row is None:
            raise LeaseLostError(lease.key)

    return check


@dataclass(frozen=True, slots=True)
class _View:
    now: datetime
    live: frozenset[str]
    rows: dict[str, Held]


class Crew:
    """`Tenure` among workers; an async context manager that lets go of everything at its end.

    Parameters
    ----------
    database : Worker
        Entered, with ``max_batch=1``: a renewal must not wait for, or fail with, anything else.
    name : str
        This worker's, without ``/``; a worker started anew under it gets its keys back.
    keys : mapping
        Each source's key (`crawlers.lease.key_of`).
    """

    def __init__(
        self,
        database: Worker,
        name: str,
        keys: Mapping[str, str],
        *,
        lease_s: float = LEASE_S,
        round_s: float = ROUND_S,
    ) -> None:
        self._database = database
        self._lease_s = lease_s
        self._round_s = round_s
        self.name = name
        self._keys = dict(keys)
        self._sources: defaultdict[str, list[str]] = defaultdict(list)
        for source, key in keys.items():
            self._sources[key].append(source)
        self.worker = ""
        """Names this process, and no other before or after it."""
        self.error: str | None = None
        """Why the last round failed."""
        self._deadline_s = float("-inf")
        self._leases: dict[str, Lease] = {}
        self._leaving: set[str] = set()
        self._live: frozenset[str] = frozenset()
        self._owners: dict[str, str] = {}
        self._guards: defaultdict[str, set[asyncio.Timeout]] = defaultdict(set)
        self._news: dict[str, asyncio.Event] = {key: asyncio.Event() for key in self._sources}
        self._wake = asyncio.Event()
        self._changed: Callable[[str], None] = lambda source: None

    async def __aenter__(self) -> Crew:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        worker = self.worker
        self._lose(list(self._leases))
        with suppress(SharedError):
            await self._database.do(lambda db: _depart(db, worker))

    def watch(self, changed: Callable[[str], None]) -> None:
        self._changed = changed

    def is_ours(self, source: str) -> bool:
        key = self._keys[source]
        return key in self._leases and asyncio.get_running_loop().time() < self._deadline_s

    async def held(self, source: str) -> Lease:
        key = self._keys[source]
        while not self.is_ours(source) or key in self._leaving:
            self._news[key].clear()
            await self._news[key].wait()
        return self._leases[key]

    @asynccontextmanager
    async def using(self, source: str, lease: Lease | None) -> AsyncGenerator[None]:
        key = self._keys[source]
        if not self.is_ours(source) or self._leases[key] != lease or key in self._leaving:
            raise LeaseLostError(key)
        guard = asyncio.timeout_at(self._deadline_s)
        self._guards[key].add(guard)
        try:
            async with guard:
                yield
        except TimeoutError:
            if guard.expired():
                raise LeaseLostError(key) from None
            raise
        finally:
            self._guards[key].discard(guard)
            if key in self._leaving:
                self._wake.set()

    async def run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._round()
            except SharedError as error:
                self.error = str(error)
                if asyncio.get_running_loop().time() >= self._deadline_s:
                    self._lose(list(self._leases))
            else:
                self.error = None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._round_s)

    async def _round(self) -> None:
        await self._renew()
        me, keys = self.worker, list(self._sources)
        view = await self._database.do(lambda db: _view(db, keys))
        gone = [
            key
            for key, lease in self._leases.items()
            if view.rows[key].worker != me or view.rows[key].token != lease.token
        ]
        self._lose(gone)
        if view.live != self._live:
            self._live, self._owners = view.live, shares(keys, view.live)
        steps = plan(me, self._owners, view.rows, view.live, view.now)
        self._leaving.update(steps.leave)
        let_go = [key for key in self._leaving if not self._guards[key]]
        if let_go:
            await self._database.do(lambda db: _let_go(db, me, let_go))
            self._lose(let_go)
        if steps.ask:
            await self._database.do(lambda db: _ask(db, me, steps.ask))
        if steps.claim:
            tokens = [view.rows[key].token for key in steps.claim]
            won = await self._database.do(lambda db: _claim(db, me, list(steps.claim), tokens))
            for key, token in won:
                self._leases[key] = Lease(key, me, token)
                self._tell(key)

    async def _renew(self) -> None:
        # Before it is sent: our own reckoning must end before the table's.
        lease_s = self._lease_s
        sent_s = asyncio.get_running_loop().time()
        me = self.worker
        if not me or not await self._database.do(lambda db: _renew(db, me, lease_s)):
            self._lose(list(self._leases))
            me = f"{self.name}/{uuid.uuid4().hex[:12]}"
            keys = list(self._sources)
            await self._database.do(lambda db: _join(db, me, keys, lease_s))
            self.worker = me
        self._deadline_s = sent_s + lease_s
        for guards in self._guards.values():
            for guard in guards:
                if not guard.expired():
                    guard.reschedule(self._deadline_s)

    def _lose(self, keys: list[str]) -> None:
        now_s = asyncio.get_running_loop().time()
        for key in keys:
            del self._leases[key]
            self._leaving.discard(key)
            for guard in self._guards[key]:
                if not guard.expired():
                    guard.reschedule(now_s)
            self._tell(key)

    def _tell(self, key: str) -> None:
        self._news[key].set()
        for source in self._sources[key]:
            self._changed(source)


def _renew(db: Db, worker: str, lease_s: float) -> bool:
    renewed = db.execute(
        "UPDATE workers SET until=clock_timestamp()+make_interval(secs=>?)"
        " WHERE worker=? AND until>clock_timestamp()",
        (lease_s, worker),
    )
    return renewed.rowcount == 1


def _join(db: Db, worker: str, keys: list[str], lease_s: float) -> None:
    db.execute("INSERT INTO workers VALUES (?, clock_timestamp()+make_interval(secs=>?))", (worker, lease_s))
    db.execute("INSERT INTO leases (key) SELECT unnest(?::text[]) ON CONFLICT DO NOTHING", (keys,))
    db.execute(
        "DELETE FROM workers WHERE until<clock_timestamp()-make_interval(secs=>?)"
        " AND worker NOT IN (SELECT worker FROM leases WHERE worker IS NOT NULL)",
        (DEAD_KEPT_S,),
    )


def _view(db: Db, keys: list[str]) -> _View:
    (now,) = db.execute("SELECT clock_timestamp()").fetchone()
    live = frozenset(worker for (worker,) in db.execute("SELECT worker FROM workers WHERE until>?", (now,)))
    rows: dict[str, Held] = {}
    for key, worker, token, freed_at, until, asked_by in db.execute(
        "SELECT l.key, l.worker, l.token, l.freed_at, w.until, l.asked_by"
        " FROM leases l LEFT JOIN workers w ON w.worker=l.worker WHERE l.key=ANY(?)",
        (keys,),
    ):
        holder = worker if worker in live else None
        free_since = None if holder is not None else max(freed_at, until) if until else freed_at
        rows[key] = Held(key, holder, token, free_since, asked_by)
    return _View(now, live, rows)


def _claim(db: Db, worker: str, keys: list[str], tokens: list[int]) -> list[tuple[str, int]]:
    # SKIP LOCKED: what somebody is writing under or claiming is looked at in the next round.
    won = db.execute(
        "WITH free AS (SELECT l.key FROM leases l JOIN unnest(?::text[], ?::bigint[]) AS seen(key, token)"  # noqa: S608 - our own words
        f" ON l.key=seen.key AND l.token=seen.token WHERE NOT {_LIVE} FOR UPDATE OF l SKIP LOCKED)"
        " UPDATE leases SET worker=?, token=token+1, asked_by=NULL FROM free WHERE leases.key=free.key"
        " RETURNING leases.key, leases.token",
        (keys, tokens, worker),
    )
    return list(won)


def _ask(db: Db, worker: str, keys: tuple[str, ...]) -> None:
    db.execute("UPDATE leases SET asked_by=? WHERE key=ANY(?)", (worker, list(keys)))


def _let_go(db: Db, worker: str, keys: list[str]) -> None:
    db.execute(
        "UPDATE leases SET worker=NULL, freed_at=clock_timestamp() WHERE worker=? AND key=ANY(?)",
        (worker, keys),
    )


def _depart(db: Db, worker: str) -> None:
    db.execute("UPDATE leases SET worker=NULL, freed_at=clock_timestamp() WHERE worker=?", (worker,))
    db.execute("DELETE FROM workers WHERE worker=?", (worker,))
