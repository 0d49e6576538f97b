"""Answers to writes, kept for a day by the key that the asker gave them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from monitor.clock import Clock
from monitor.store.book import StoreBook
from monitor.store.errors import translated
from monitor.store.people_tables import requests

KEPT = timedelta(days=1)


class KeptRequests:
    """Every call may raise `StoreError`."""

    def __init__(self, book: StoreBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def answer_to(self, key: str) -> tuple[str, int, bytes] | None:
        def work() -> tuple[str, int, bytes] | None:
            with translated(), self._book.store.reader.connect() as db:
                row = db.execute(sa.select(requests).where(requests.c.key == key)).one_or_none()
                return (row.asked, row.status, row.body.encode()) if row else None

        return await self._book.read(work)

    async def keep_answer(self, key: str, asked: str, status: int, body: bytes) -> None:
        await self._book.write(partial(self._keep, key, asked, status, body, self._clock.now()))

    def _keep(self, key: str, asked: str, status: int, body: bytes, now: datetime) -> None:
        row = {"key": key, "asked": asked, "at": now, "status": status, "body": body.decode()}
        with translated(), self._book.store.writer.begin() as db:
            db.execute(sa.delete(requests).where(requests.c.at < now - KEPT))
            db.execute(sa.insert(requests), [row])
