"""What has to be done once a day and may fail: it is tried again the next day."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from monitor.clock import Clock
from monitor.store import partitions, retention
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError

CRAWL_KEPT = timedelta(days=400)
"""A post that stands on a page after it was forgotten is news again: an exam comes once a year."""
DAY_S = 86_400.0
log = structlog.get_logger()


async def forget_daily(forget: Callable[[datetime], Awaitable[int]], clock: Clock) -> None:
    """Let the crawler's memory go of what is older than `CRAWL_KEPT`, until cancelled."""
    while True:
        try:
            n_dropped = await forget(clock.now() - CRAWL_KEPT)
        except (OSError, sqlite3.OperationalError) as error:
            log.warning("the crawler's memory could not be tidied", error=str(error))
        else:
            if n_dropped:
                log.info("the crawler's memory was tidied", n_documents=n_dropped)
        await clock.sleep(DAY_S)


async def let_go_daily(book: StoreBook, kept: retention.Kept, clock: Clock) -> None:
    """Let the store go of what is older than it is to be kept, and make room ahead, until cancelled."""
    while True:
        try:
            await book.write(partial(partitions.tend, book.store.writer, clock.now()))
        except StoreError as error:
            log.error("no months were made ahead; the next two are there", error=str(error))
        try:
            gone = await book.write(partial(retention.forget, book.store, kept, clock.now()))
        except StoreError as error:
            log.error("what is too old is still kept", error=str(error))
        else:
            if gone:
                log.info("what was too old is gone", **gone)
        await clock.sleep(DAY_S)
