"""Heads of the audit chain as messages: a mailbox elsewhere keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from monitor.alert import wire
from monitor.clock import Clock
from monitor.notify.ledger import Ledger
from monitor.notify.message import Language
from monitor.store.book import StoreBook


@dataclass(frozen=True, slots=True)
class HeadTeller:
    receiver: str
    site: str
    language: Language
    book: StoreBook
    clock: Clock

    async def put(self, line: str) -> None:
        """Have `line` sent, through the same ledger as all messages. Raises `StoreError`."""
        now = self.clock.now()
        title = f"{self.site} · " + ("审计链首" if self.language == "zh" else "Head of the audit chain")
        body = wire.plain(
            {
                "version": 1,
                "site": self.site,
                "reason": "head",
                "at": now,
                "labels": {},
                "title": title,
                "text": f"{title}\n{line}",
                "firing": [],
                "resolved": [],
            }
        )
        ledger = Ledger(self.book.store)
        await self.book.write(partial(ledger.write_down, self.receiver, "head", body, now))
