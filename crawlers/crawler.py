"""The crawler: polls a source and hands over what is new.

    source ──Found──> digest known? ──no──> Document ──deliver──> remembered
                          └─yes: nothing

A document is remembered only after ``deliver`` returned: a crash repeats it, with the same
id, version and first-seen time, and never loses it.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crawlers.archive import Archive
from crawlers.attachments import gather
from crawlers.clock import Clock
from crawlers.crew import fence
from crawlers.document import Document
from crawlers.errors import CrawlError
from crawlers.extract.file import ImageReader
from crawlers.fetch import Client
from crawlers.lease import Lease
from crawlers.memory import Memory, Version
from crawlers.render.chromium import Renderer
from crawlers.schedule import next_interval_s
from crawlers.secrets import read_secrets
from crawlers.simhash import Copies, from_signed, simhash, to_signed
from crawlers.source.base import MAX_TEXT_CHARS, MAX_TITLE_CHARS, Found, Source, SourceConfig, sound
from crawlers.state import SourceState
from crawlers.stored import beside
from crawlers.url import document_id
from crawlers.versions import is_placeholder
from crawlers.visit import PollVisit
from crawlers.workshop import ThreadWorkshop, Workshop

COPIES_KEPT = timedelta(days=7)
COPIES_RELOADED = timedelta(days=1)
"""How often the older ones are let go."""
COPIES_REFRESHED = timedelta(seconds=10)
"""How often what other workers have seen is looked at."""
COPIES_OVERLAP = timedelta(minutes=2)

Deliver = Callable[[Document], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll of one source came to."""

    source: str
    started_at: datetime
    duration_s: float
    n_new: int
    n_edited: int
    n_requests: int
    n_not_modified: int
    n_bytes: int
    error: CrawlError | None
    """The poll as a whole failed; what it found before was delivered."""
    faults: tuple[CrawlError, ...]
    """Parts that failed while the rest went on."""
    matched: Mapping[str, int]
    """How often each selector of the configuration matched."""
    next_poll_at: datetime
    signs: tuple[str, ...] = field(default=())
    """Keys of `crawlers.state.SIGNS` that hold."""


@dataclass(slots=True)
class _Poll:
    config: SourceConfig
    visit: PollVisit
    memory: Memory
    deliver: Deliver
    state: SourceState
    n_new: int = 0
    n_edited: int = 0


class Crawler:
    """Polls any of `sources`; the same source is never polled twice at a time.

    Parameters
    ----------
    workshop : Workshop, optional
        Where pages are parsed. Without one, in threads: for pages of one's own only.
    images : ImageReader, optional
        Reads text, codes and hashes off pictures; it is pickled into the workshop.
    archive : Archive, optional
        Keeps each page that gave a document, before the document is delivered.
    renderer : Renderer, optional
        The browser of sources with ``render: true``.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        memory: Memory,
        client: Client,
        clock: Clock,
        rng: random.Random,
        workshop: Workshop | None = None,
        images: ImageReader | None = None,
        archive: Archive | None = None,
        renderer: Renderer | None = None,
    ) -> None:
        self._sources = dict(sources)
        self._memory = memory
        self._client = client
        self._clock = clock
        self._rng = rng
        self._workshop = workshop or ThreadWorkshop()
        self._images = images
        self._archive = archive
        self._renderer = renderer
        self._copies: Copies | None = None
        self._copies_at = clock.now()
        self._copies_turn = asyncio.Lock()
        self._refreshed_at = self._copies_at
        self._states: dict[str, tuple[Lease | None, SourceState]] = {}
        self._busy: dict[str, asyncio.Lock] = {id: asyncio.Lock() for id in sources}

    @property
    def sources(self) -> Mapping[str, Source]:
        return self._sources

    async def state(self, source_id: str, lease: Lease | None = None) -> SourceState:
        """The source's state, as health shows it; that of the last run after a restart.

        Under another `lease` than before it is what the worker left that had the source meanwhile.
        """
        known = self._states.get(source_id)
        if known is not None and known[0] == lease:
            return known[1]
        kept = await self._memory.state(source_id)
        state = SourceState.from_json(kept) if kept else SourceState(source_id)
        self._states[source_id] = (lease, state)
        return state

    async def poll(
        self,
        source_id: str,
        deliver: Deliver,
        *,
        at_most_s: float | None = None,
        lease: Lease | None = None,
    ) -> PollReport:
        """Read the source once and deliver each document that is new or edited.

        Parameters
        ----------
        at_most_s : float, optional
            The longest interval to the next poll that the exam calendar allows now.
        lease : Lease, optional
            Under which a worker of a crew polls; asked before each request, delivery and write.

        Raises
        ------
        KeyError
            If there is no such source.
        LeaseLostError
            If `lease` is not held any more; what was delivered before then stays delivered.
        Exception
            What `deliver` raises; the document then counts as not delivered. Failures of the
            source itself do not raise, they stand in the report.
        """
        source = self._sources[source_id]
        async with self._busy[source_id]:
            state = await self.state(source_id, lease)
            memory = self._memory.fenced(fence(lease)) if lease is not None else self._memory
            started_at, started_s = self._clock.now(), self._clock.monotonic()
            state.polling(started_at)
            error: CrawlError | None = None
            visit = PollVisit(
                source.config, memory, self._client, self._clock, self._workshop, self._renderer, lease
            )
            poll = _Poll(source.config, visit, memory, deliver, state)
            try:
                visit.secrets = await asyncio.to_thread(read_secrets, source.config)
                async for found in source.read(visit):
                    await self._take(poll, found)
            except CrawlError as failure:
                error = failure
            signs = await self._conclude(poll, error, at_most_s)
            assert state.next_poll_at is not None
            return PollReport(
                source=source_id,
                started_at=started_at,
                duration_s=self._clock.monotonic() - started_s,
                n_new=poll.n_new,
                n_edited=poll.n_edited,
                n_requests=visit.n_requests,
                n_not_modified=visit.n_not_modified,
                n_bytes=visit.n_bytes,
                error=error,
                faults=tuple(visit.faults),
                matched=dict(visit.matched),
                next_poll_at=state.next_poll_at,
                signs=signs,
            )

    async def _take(self, poll: _Poll, found: Found) -> None:
        """Deliver `found` if its text is not the newest version that we know."""
        config, visit = poll.config, poll.visit
        found = sound(found)
        title, text = found.title[:MAX_TITLE_CHARS], found.text[:MAX_TEXT_CHARS]
        if not title and not text:
            return
        id = document_id(config.id, found.key)
        digest = "sha256:" + hashlib.sha256(f"{title}\n\n{text}".encode("utf-8", "replace")).hexdigest()
        known = (await poll.memory.known([id])).get(id)
        if known is not None and known.digest == digest:
            return
        now = self._clock.now()
        fetched_at = found.fetched_at or now
        first_seen_at = found.first_seen_at or fetched_at
        sight = known or await poll.memory.sight(id, config.id, found.key, found.url, first_seen_at)
        fingerprint = simhash(f"{title}\n{text}")
        copies = [other for other in (await self._seen_lately()).near(fingerprint) if other != id]
        document = Document(
            id=id,
            source=config.id,
            url=found.url,
            author=found.author,
            title=title,
            text=text,
            published_at=found.published_at,
            first_seen_at=sight.first_seen_at,
            fetched_at=fetched_at,
            digest=digest,
            version=sight.version + 1,
            attachments=await gather(visit, found, self._images) if config.attachments else (),
            placeholder=known is not None and is_placeholder(await poll.memory.versions(id), title, text),
            n_reposts=len(copies),
            repost_of=copies[0] if copies else None,
        )
        if self._archive is not None and visit.last_page is not None:
            await self._archive.keep(visit.last_page, visit.last_picture)
            visit.last_page = None
        await poll.memory.hold()
        await poll.deliver(document)
        version = Version(document.version, digest, title, text, fetched_at, beside(document))
        await poll.memory.remember(
            id, version, published_at=found.published_at, simhash=to_signed(fingerprint)
        )
        (await self._seen_lately()).add(id, fingerprint)
        poll.n_new += document.version == 1
        poll.n_edited += document.version > 1
        poll.state.n_documents += 1
        poll.state.arrived(now)

    async def _seen_lately(self) -> Copies:
        """Near copies are looked for in what this run, its crew and the week before have seen."""
        async with self._copies_turn:
            now = self._clock.now()
            if self._copies is None or now - self._copies_at > COPIES_RELOADED:
                copies = Copies()
                for id, value in await self._memory.simhashes(now - COPIES_KEPT):
                    copies.add(id, from_signed(value))
                self._copies, self._copies_at, self._refreshed_at = copies, now, now
            elif self._memory.is_shared and now - self._refreshed_at > COPIES_REFRESHED:
                # The overlap: what is written late, or by a clock that is behind ours.
                for id, value in await self._memory.simhashes(self._refreshed_at - COPIES_OVERLAP):
                    if id not in self._copies.near(from_signed(value)):
                        self._copies.add(id, from_signed(value))
                self._refreshed_at = now
        return self._copies

    async def _conclude(
        self, poll: _Poll, error: CrawlError | None, at_most_s: float | None
    ) -> tuple[str, ...]:
        state, visit, config = poll.state, poll.visit, poll.config
        now = self._clock.now()
        failures = [*visit.faults, *([error] if error else [])]
        for failure in failures:
            state.errors[failure.kind] = state.errors.get(failure.kind, 0) + 1
        trouble = {failure.kind for failure in failures}
        for selector, n in visit.matched.items():
            best = state.best.get(selector, 0)
            if n == 0 and best > 0:
                trouble.add("layout")
            state.best[selector] = max(best, n)
        if error is None:
            state.n_failures, state.last_success_at = 0, now
        else:
            state.n_failures += 1
            trouble.add("failing")
        state.last_error = str(failures[-1]) if failures else ""
        state.trouble(trouble)
        state.n_polls += 1
        state.n_requests += visit.n_requests
        state.n_not_modified += visit.n_not_modified
        state.last_poll_at = now
        interval_s = next_interval_s(
            n_week=await poll.memory.count_since(config.id, now - timedelta(days=7)),
            fixed_s=config.every_s,
            ttl_s=visit.ttl_s,
            wait_s=error.retry_after_s if error else None,
            at_most_s=at_most_s,
            n_failures=state.n_failures,
            chance=self._rng.random(),
        )
        state.next_poll_at = now + timedelta(seconds=interval_s)
        await poll.memory.keep_state(config.id, state.to_json())
        return state.signs(now)
