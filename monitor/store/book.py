"""The store for the event loop: one thread writes, a few read, listeners are woken after a commit.

A listener is only told that something changed and asks for what it has not seen. So
nothing is queued for it, and a slow one costs nobody anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from crawlers.document import Document
from monitor.alert.alert import Alert
from monitor.clock import Clock
from monitor.people.scope import Scope
from monitor.server.alert_services import AlertQuery, Change
from monitor.server.desk_views import WallView
from monitor.server.views import AlertDetail, AlertPage
from monitor.store import personal
from monitor.store.audit import AuditQuery, Entry, read_entries
from monitor.store.errors import translated
from monitor.store.personal import NamedPerson
from monitor.store.query import AlertReader
from monitor.store.store import Store
from monitor.store.wall import WallReader

N_READERS = 4
T = TypeVar("T")


class StoreBook:
    """What the pipeline writes to and the server reads from."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._alerts = AlertReader(store.reader)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-write")
        self._readers = ThreadPoolExecutor(N_READERS, thread_name_prefix="store-read")
        self._listeners: dict[int, Callable[[], None]] = {}
        self._next_listener = 0

    @property
    def store(self) -> Store:
        return self._store

    async def merge(self, raised: Sequence[Alert]) -> int:
        """Store `raised` and wake who listens; the number that were new. Raises `StoreError`."""
        n_new = await self.write(partial(self._store.merge, raised, self._clock.now()))
        if n_new:
            self.wake()
        return n_new

    async def end_abandoned(
        self, before: datetime, hold: timedelta, sensors: frozenset[tuple[str | None, str]] | None = None
    ) -> int:
        work = partial(self._store.end_abandoned, before, hold, self._clock.now(), sensors)
        n_ended = await self.write(work)
        if n_ended:
            self.wake()
        return n_ended

    async def keep_personal(self, document: Document) -> int:
        """Keep whom the pictures of `document` name, apart. Raises `StoreError`."""
        return await self.write(partial(personal.keep, self._store, document, self._clock.now()))

    async def view_personal(self, fingerprint: str, actor: str) -> list[NamedPerson] | None:
        """Whom the pictures of an alert name; the look is audited. Raises `StoreError`."""
        return await self.write(partial(personal.view, self._store, fingerprint, actor, self._clock.now()))

    async def record(self, actor: str, action: str, subject: str, body: Mapping[str, Any]) -> int:
        return await self.write(partial(self._store.record, self._clock.now(), actor, action, subject, body))

    async def list_alerts(self, query: AlertQuery) -> AlertPage:
        return await self.read(partial(self._alerts.list_alerts, query, self._clock.now()))

    async def get_alert(self, fingerprint: str) -> AlertDetail | None:
        return await self.read(partial(self._alerts.get_alert, fingerprint, self._clock.now()))

    async def last_change(self) -> int:
        return await self.read(self._alerts.last_change)

    async def changes_since(self, after: int, limit: int) -> Sequence[Change]:
        return await self.read(partial(self._alerts.changes_since, after, limit, self._clock.now()))

    async def in_scope(self, digest: str, scope: Scope) -> bool:
        """Whether a file of evidence belongs to an alert that `scope` holds."""
        return await self.read(partial(self._alerts.in_scope, digest, scope))

    async def read_audit(self, query: AuditQuery) -> list[Entry]:
        """Entries of the audit chain, the newest first."""

        def work() -> list[Entry]:
            with translated(), self._store.reader.connect() as db:
                return read_entries(db, query)

        return await self.read(work)

    async def read_wall(self, scope: Scope) -> WallView:
        """What the duty room's wall shows of what `scope` holds."""
        return await self.read(partial(WallReader(self._store.reader).view, self._clock.now(), scope))

    async def radio_channels(self, since: datetime) -> list[tuple[str, str]]:
        return await self.read(partial(self._alerts.radio_channels, since))

    async def counts(self) -> dict[tuple[str, str], int]:
        return await self.read(partial(self._alerts.counts, self._clock.now()))

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        key = self._next_listener
        self._next_listener += 1
        self._listeners[key] = wake

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    async def evidence(self, digest: str) -> tuple[str, str, str] | None:
        """Path within the evidence store, media type and role of a file that some alert carries."""
        return await self.read(partial(self._store.evidence, digest))

    async def carried(self, paths: Sequence[str]) -> set[str]:
        """Which of these files of the evidence store some alert carries."""
        return await self.read(partial(self._store.carried, paths))

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown, cancel_futures=True)
        self._store.close()

    def wake(self) -> None:
        for wake in tuple(self._listeners.values()):
            wake()

    async def write(self, work: Callable[[], T]) -> T:
        """Run `work` in the one thread that writes."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)
