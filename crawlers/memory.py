"""What the crawlers have seen, safe from a kill at any moment: in SQLite, or in PostgreSQL for a crew.

Whoever was answered can be killed: answers come after the commit (`crawlers.database`). The
tables are in `crawlers.tables`. In a crew each worker writes only what it holds the lease for:
the fence is asked within the transaction of each write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from crawlers.database import Db, Worker
from crawlers.tables import file_worker

T = TypeVar("T")
Fence = Callable[[Db], None]
"""Raises `LeaseLostError` where the lease is not ours any more; else it stays ours for this transaction."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a document."""

    first_seen_at: datetime
    version: int
    """0 while no version of it has been delivered."""
    digest: str


@dataclass(frozen=True, slots=True)
class Version:
    version: int
    digest: str
    title: str
    text: str
    fetched_at: datetime
    beside: str = "{}"
    """The rest of the document, as `crawlers.stored.beside` writes it."""


@dataclass(frozen=True, slots=True)
class PageRow:
    etag: str | None
    last_modified: str | None
    digest: str
    next_url: str | None


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Memory:
    """The door to all that is remembered; an async context manager.

    `reader` is a digest of how a source reads pages: with new selectors, old pages are news.
    """

    def __init__(self, place: Path | Worker, fence: Fence | None = None) -> None:
        """`place` is a file of our own, or a database that a crew shares (`crawlers.tables`)."""
        self.is_shared = isinstance(place, Worker)
        self._worker = place if isinstance(place, Worker) else file_worker(place)
        self._fence = fence

    async def __aenter__(self) -> Memory:
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._worker.__aexit__(kind, error, trace)

    def fenced(self, fence: Fence | None) -> Memory:
        """This memory, for one lease: whatever writes through it asks `fence` first."""
        return Memory(self._worker, fence)

    async def hold(self) -> None:
        """Raises `LeaseLostError` where the fence is not ours any more."""
        if self._fence is not None:
            await self._worker.do(self._fence)

    async def _write(self, work: Callable[[Db], T]) -> T:
        fence = self._fence
        if fence is None:
            return await self._worker.do(work)

        def fenced(db: Db) -> T:
            fence(db)
            return work(db)

        return await self._worker.do(fenced)

    async def sight(self, id: str, source: str, key: str, url: str, now: datetime) -> Sight:
        """What is known of document `id`; the first call notes `now` as its first sight."""

        def work(db: Db) -> Sight:
            db.execute(
                "INSERT INTO documents VALUES (?,?,?,?,0,'',NULL,?,NULL) ON CONFLICT DO NOTHING",
                (id, source, key, url, now.timestamp()),
            )
            row = db.execute(
                "SELECT first_seen_at, version, digest FROM documents WHERE id=?", (id,)
            ).fetchone()
            return Sight(_instant(row[0]), row[1], row[2])

        return await self._write(work)

    async def known(self, ids: list[str]) -> dict[str, Sight]:
        """What is known of those of `ids` that were delivered."""

        def work(db: Db) -> dict[str, Sight]:
            query = "SELECT first_seen_at, version, digest FROM documents WHERE id=? AND version>0"
            rows = ((id, db.execute(query, (id,)).fetchone()) for id in ids)
            return {id: Sight(_instant(row[0]), row[1], row[2]) for id, row in rows if row}

        return await self._worker.do(work)

    async def remember(
        self, id: str, version: Version, *, published_at: datetime | None = None, simhash: int | None = None
    ) -> None:
        """`version` of document `id` has been delivered."""

        def work(db: Db) -> None:
            db.execute(
                "UPDATE documents SET version=?, digest=?, simhash=?,"
                " published_at=coalesce(published_at,?) WHERE id=?",
                (version.version, version.digest, simhash, published_at and published_at.timestamp(), id),
            )
            db.execute(
                "INSERT INTO versions VALUES (?,?,?,?,?,?,?) ON CONFLICT (id, version) DO UPDATE SET"
                " digest=excluded.digest, title=excluded.title, text=excluded.text,"
                " fetched_at=excluded.fetched_at, beside=excluded.beside",
                (
                    id,
                    version.version,
                    version.digest,
                    version.title,
                    version.text,
                    version.fetched_at.timestamp(),
                    version.beside,
                ),
            )

        await self._write(work)

    async def versions(self, id: str) -> list[Version]:
        """Every version of document `id`, the first one first."""

        def work(db: Db) -> list[Version]:
            rows = db.execute(
                "SELECT version, digest, title, text, fetched_at FROM versions WHERE id=? ORDER BY version",
                (id,),
            )
            return [Version(n, digest, title, text, _instant(at)) for n, digest, title, text, at in rows]

        return await self._worker.do(work)

    async def simhashes(self, since: datetime) -> list[tuple[str, int]]:
        """Id and simhash of documents first seen since then, the oldest first."""

        def work(db: Db) -> list[tuple[str, int]]:
            query = (
                "SELECT id, simhash FROM documents WHERE first_seen_at>=? AND simhash IS NOT NULL"
                " ORDER BY first_seen_at"
            )
            return [(id, simhash) for id, simhash in db.execute(query, (since.timestamp(),))]

        return await self._worker.do(work)

    async def count_since(self, source: str, since: datetime) -> int:
        """Documents of `source` that claim to be, or were first seen, later than `since`."""

        def work(db: Db) -> int:
            query = (
                "SELECT count(*) FROM documents WHERE source=? AND first_seen_at>=?"
                " AND coalesce(published_at, first_seen_at)>=?"
            )
            return db.execute(query, (source, since.timestamp(), since.timestamp())).fetchone()[0]

        return await self._worker.do(work)

    async def page(self, source: str, url: str, reader: str) -> PageRow | None:
        def work(db: Db) -> PageRow | None:
            query = "SELECT etag, last_modified, digest, next_url FROM pages"
            query += " WHERE source=? AND url=? AND reader=?"
            row = db.execute(query, (source, url, reader)).fetchone()
            return PageRow(*row) if row else None

        return await self._worker.do(work)

    async def settle(self, source: str, url: str, reader: str, page: PageRow, now: datetime) -> None:
        values = (
            source,
            url,
            reader,
            page.etag,
            page.last_modified,
            page.digest,
            page.next_url,
            now.timestamp(),
        )

        def work(db: Db) -> None:
            db.execute(
                "INSERT INTO pages VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (source, url) DO UPDATE SET"
                " reader=excluded.reader, etag=excluded.etag, last_modified=excluded.last_modified,"
                " digest=excluded.digest, next_url=excluded.next_url, settled_at=excluded.settled_at",
                values,
            )

        await self._write(work)

    async def marks(self, source: str, reader: str, urls: list[str]) -> dict[str, str]:
        def work(db: Db) -> dict[str, str]:
            query = "SELECT mark FROM marks WHERE source=? AND url=? AND reader=?"
            rows = ((url, db.execute(query, (source, url, reader)).fetchone()) for url in urls)
            return {url: row[0] for url, row in rows if row}

        return await self._worker.do(work)

    async def mark(self, source: str, reader: str, url: str, mark: str, now: datetime) -> None:
        def work(db: Db) -> None:
            db.execute(
                "INSERT INTO marks VALUES (?,?,?,?,?,?) ON CONFLICT (source, url) DO UPDATE"
                " SET reader=excluded.reader, mark=excluded.mark, read_at=excluded.read_at",
                (source, url, reader, mark, now.timestamp(), now.timestamp()),
            )

        await self._write(work)

    async def due(self, source: str, since: datetime, limit: int) -> list[str]:
        """URLs marked first since then, the longest unread first."""

        def work(db: Db) -> list[str]:
            query = "SELECT url FROM marks WHERE source=? AND first_seen_at>=? ORDER BY read_at LIMIT ?"
            return [url for (url,) in db.execute(query, (source, since.timestamp(), limit))]

        return await self._worker.do(work)

    async def sweep(self, source: str, *, open: bool) -> bool:
        """Note that a sweep begins or has ended; True if one was open before."""

        def work(db: Db) -> bool:
            row = db.execute("SELECT sweeping FROM sources WHERE source=?", (source,)).fetchone()
            db.execute(
                "INSERT INTO sources (source, sweeping) VALUES (?,?)"
                " ON CONFLICT (source) DO UPDATE SET sweeping=excluded.sweeping",
                (source, int(open)),
            )
            return bool(row and row[0])

        return await self._write(work)

    async def state(self, source: str) -> str | None:
        def work(db: Db) -> str | None:
            row = db.execute("SELECT state FROM sources WHERE source=?", (source,)).fetchone()
            return row[0] if row else None

        return await self._worker.do(work)

    async def keep_state(self, source: str, state: str) -> None:
        def work(db: Db) -> None:
            db.execute(
                "INSERT INTO sources (source, state) VALUES (?,?)"
                " ON CONFLICT (source) DO UPDATE SET state=excluded.state",
                (source, state),
            )

        await self._write(work)

    async def forget(self, before: datetime) -> int:
        """Drop documents first seen before then, and pages and marks not read since.

        A post that still stands on a page after it was forgotten is news again: keep a year or more.
        """

        def work(db: Db) -> int:
            limit = (before.timestamp(),)
            db.execute(
                "DELETE FROM versions WHERE id IN (SELECT id FROM documents WHERE first_seen_at<?)", limit
            )
            n_dropped = db.execute("DELETE FROM documents WHERE first_seen_at<?", limit).rowcount
            db.execute("DELETE FROM pages WHERE settled_at<?", limit)
            db.execute("DELETE FROM marks WHERE read_at<?", limit)
            return n_dropped

        return await self._worker.do(work)
