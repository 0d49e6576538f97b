"""Silences and notices as the server asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from monitor.clock import Clock
from monitor.notify.ledger import Ledger, Notice
from monitor.notify.matcher import Matcher
from monitor.notify.silence import Asker, Silence
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.book import StoreBook


class TellingService:
    """Every call may raise `StoreError`."""

    def __init__(self, ledger: Ledger, book: StoreBook, clock: Clock) -> None:
        self._ledger = ledger
        self._book = book
        self._clock = clock

    async def silences(self) -> list[Silence]:
        """Those that last."""
        return await self._book.read(partial(self._ledger.silences, self._clock.now()))

    async def would_hide(self, matchers: Sequence[Matcher]) -> int:
        """Alerts with news in the last 7 days that `matchers` fit."""
        return await self._book.read(partial(self._ledger.would_hide, matchers, self._clock.now()))

    async def silence(
        self,
        matchers: Sequence[Matcher],
        reason: str,
        author: str,
        ends_at: datetime,
        scope: Scope = EVERYTHING,
    ) -> Silence:
        """`scope` is its author's."""
        now = self._clock.now()
        work = partial(self._ledger.silence, matchers, reason, author, ends_at, now, scope)
        return await self._book.write(work)

    async def unsilence(self, silence_id: str, asker: Asker) -> bool:
        """False where none of that id lasts. Raises `NotYoursError`."""
        return await self._book.write(partial(self._ledger.unsilence, silence_id, asker, self._clock.now()))

    async def notices(self, limit: int) -> list[Notice]:
        """The newest."""
        return await self._book.read(partial(self._ledger.newest, limit))
