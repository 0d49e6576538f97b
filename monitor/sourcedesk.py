"""The sources as people look at them: what they gave last, what was sent in, and selectors tried out.

address ──archive, or the polite client──> page ──workshop: selectors──> what would be taken
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crawlers import archived, stored
from crawlers.errors import CrawlError
from crawlers.fetch import Client, Request
from crawlers.source.base import Found, Page, Source
from crawlers.source.forum import ForumConfig, Row, read_list, read_thread
from crawlers.source.page import PageConfig
from crawlers.source.selectors import ListSelectors, PostSelectors
from crawlers.source.tips import TipsConfig
from crawlers.tips.box import Seen, newest_tips, one_tip
from crawlers.url import parse
from crawlers.workshop import Workshop

MAX_BYTES = 4 * 2**20
TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class SelectorTrial:
    """A page and the selectors that are to be tried on it."""

    address: str
    post: PostSelectors | None = None
    listing: ListSelectors | None = None
    source: str | None = None
    """Whose private hosts may be reached, and whose robots.txt setting counts; None: public ones only."""
    from_archive: bool = False
    """Read the page as it was kept, and ask nobody."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was taken."""

    page: Page
    posts: tuple[Found, ...]
    threads: tuple[Row, ...]
    next_url: str | None


class BusyError(Exception):
    """Another trial is under way."""


class SourceDesk:
    """
    Parameters
    ----------
    memory
        Where the crawler's is: a file, or a database that a crew shares.
    archive
        The folder of kept pages.
    client
        The crawler's own: polite, and closed to what is not public.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        memory: stored.Place,
        archive: Path,
        client: Client,
        workshop: Workshop,
    ) -> None:
        self._sources = sources
        self._memory = memory
        self._archive = archive
        self._client = client
        self._workshop = workshop
        self._turn = asyncio.Lock()
        self._boxes = [one.config.path for one in sources.values() if isinstance(one.config, TipsConfig)]

    def selectors(self, source: str) -> tuple[PostSelectors | None, ListSelectors | None]:
        """Those of a source that has any. Raises `KeyError`."""
        config = self._sources[source].config
        if isinstance(config, ForumConfig):
            return config.thread, config.listing
        return (config.select if isinstance(config, PageConfig) else None), None

    def addresses(self, source: str) -> tuple[str, ...]:
        """Those that the configuration names. Raises `KeyError`."""
        return self._sources[source].config.urls()

    async def documents(self, source: str, limit: int) -> list[stored.Listed]:
        """Raises `KeyError`, and sqlite3.Error or OSError where there is no memory."""
        if source not in self._sources:
            raise KeyError(source)
        return await asyncio.to_thread(stored.newest, self._memory, source, limit)

    async def tips(self, limit: int) -> list[Seen] | None:
        """The newest first, of all boxes; None where there is no box. Raises OSError."""
        if not self._boxes:
            return None
        found = [one for box in self._boxes for one in await asyncio.to_thread(newest_tips, box, limit)]
        return sorted(found, key=lambda one: one.tip.received_at, reverse=True)[:limit]

    async def tip(self, id: str) -> Seen | None:
        for box in self._boxes:
            found = await asyncio.to_thread(one_tip, box, id)
            if found is not None:
                return found
        return None

    async def try_selectors(self, trial: SelectorTrial) -> Tried:
        """What the selectors take from a page; one trial at a time.

        Raises
        ------
        CrawlError
            When there is no such page, or it cannot be read.
        BusyError
            While another one is under way.
        KeyError
            If there is no such source.
        """
        if self._turn.locked():
            raise BusyError
        async with self._turn:
            page = await (self._kept(trial.address) if trial.from_archive else self._fetched(trial))
            posts: tuple[list[Found], str | None] = ([], None)
            threads: tuple[list[Row], str | None] = ([], None)
            if trial.post is not None:
                posts = await self._workshop.run(read_thread, page, trial.post)
            if trial.listing is not None:
                threads = await self._workshop.run(read_list, page, trial.listing)
            return Tried(page, tuple(posts[0]), tuple(threads[0]), posts[1] or threads[1])

    async def _kept(self, address: str) -> Page:
        page: Page | None = await self._workshop.run(archived.find, self._archive, address)
        if page is None:
            raise CrawlError("file", address, "no such page was kept")
        return page

    async def _fetched(self, trial: SelectorTrial) -> Page:
        config = self._sources[trial.source].config if trial.source is not None else None
        request = Request(
            parse(trial.address),
            named=config.named_hosts() if config is not None else frozenset(),
            max_bytes=MAX_BYTES,
            timeout_s=TIMEOUT_S,
            delay_s=config.delay_s if config is not None else 1.0,
            robots=config.robots if config is not None else True,
        )
        answer = await self._client.get(request)
        if answer.status != 200:
            kind = "status_5xx" if answer.status >= 500 else "status_4xx"
            raise CrawlError(kind, str(answer.url), f"status {answer.status}")
        kind = answer.headers.get("content-type", "")
        return Page(answer.url, answer.body, kind, fetched_at=answer.fetched_at)
