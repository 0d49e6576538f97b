"""Forums by selectors: list pages lead to threads, threads hold posts.

    list page 1 ──thread──> thread page 1 ──next──> thread page 2 ...
        └─next─> list page 2 ... until a page shows nothing that is not known

A post edited in place does not move its thread on the list. So threads seen lately are
read again, the longest unread first, a few in every poll.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from crawlers.charset import decode
from crawlers.errors import CrawlError
from crawlers.extract.html import parse_html
from crawlers.source.base import Found, Page, SourceConfig, Visit, is_url
from crawlers.source.presets import FORUM_PRESETS, named
from crawlers.source.selectors import (
    MAX_POSTS,
    ListSelectors,
    Post,
    PostSelectors,
    absolute,
    pick,
    pick_all,
    posts_of,
)
from crawlers.url import Url, canonical

STOPS = frozenset(("backoff", "dns", "connect", "tls", "refused", "robots", "captcha", "login"))
"""Failures of one page that say the next would fail as well."""


class ForumConfig(SourceConfig):
    url: Annotated[str, AfterValidator(is_url)]
    preset: str | None = None
    """A forum program whose selectors are known; `list` and `thread` then replace single ones."""
    listing: ListSelectors | None = Field(default=None, alias="list")
    thread: PostSelectors | None = None
    max_pages: int = Field(default=5, ge=1, le=1000)
    """List pages in one sweep."""
    max_thread_pages: int = Field(default=20, ge=1, le=1000)
    max_revisits: int = Field(default=20, ge=0, le=1000)
    """Known threads read again in one poll, to see edits."""
    revisit_days: float = Field(default=2, ge=0, le=365)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not data.get("preset"):
            return data
        preset = named(data["preset"], FORUM_PRESETS)
        own_list = data.get("list", data.get("listing")) or {}
        own_thread = data.get("thread") or {}
        if not isinstance(own_list, dict) or not isinstance(own_thread, dict):
            return data
        rest = {key: value for key, value in data.items() if key != "listing"}
        return {**rest, "list": {**preset["list"], **own_list}, "thread": {**preset["thread"], **own_thread}}

    @model_validator(mode="after")
    def _both_given(self) -> ForumConfig:
        missing = [name for name, part in (("list", self.listing), ("thread", self.thread)) if part is None]
        if missing:
            raise ValueError(f"selectors missing: give `preset`, or `{'` and `'.join(missing)}`")
        return self

    def urls(self) -> tuple[str, ...]:
        return (self.url,)


@dataclass(frozen=True, slots=True)
class Row:
    """A thread as the list page shows it."""

    url: str
    mark: str


class Forum:
    def __init__(self, config: ForumConfig) -> None:
        assert config.listing is not None
        assert config.thread is not None
        self.config = config
        self._list = config.listing
        self._thread = config.thread

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        was_cut = await visit.begin_sweep()
        read_now: set[str] = set()
        complete = True
        url: str | None = self.config.url
        for _ in range(self.config.max_pages):
            if url is None:
                break
            page = await visit.get(url)
            if page.unchanged:
                if not was_cut:
                    break
                url = page.next_url
                continue
            rows, url = await visit.run(read_list, page, self._list)
            visit.found_by(f"list.thread {self._list.thread}", len(rows))
            if not rows:
                raise CrawlError("layout", str(page.url), f"list.thread {self._list.thread}")
            known = await visit.marks([row.url for row in rows])
            fresh = [row for row in rows if known.get(row.url) != row.mark and row.url not in read_now]
            whole = True
            for row in fresh:
                read_now.add(row.url)
                try:
                    async for found in self._posts(visit, row.url):
                        yield found
                except CrawlError as error:
                    if error.kind in STOPS:
                        raise
                    visit.fault(error)
                    if error.retry:
                        whole = complete = False
                        continue
                await visit.mark(row.url, row.mark)
            if whole:
                await visit.settle(page, url)
            if not fresh and not was_cut:
                break
        if complete:
            await visit.end_sweep()
        for thread_url in await visit.due(self.config.revisit_days * 86_400, self.config.max_revisits):
            if thread_url not in read_now:
                async for found in self._again(visit, thread_url):
                    yield found

    async def _again(self, visit: Visit, url: str) -> AsyncIterator[Found]:
        try:
            async for found in self._posts(visit, url):
                yield found
        except CrawlError as error:
            if error.kind in STOPS:
                raise
            visit.fault(error)
        known = await visit.marks([url])
        await visit.mark(url, known.get(url, ""))

    async def _posts(self, visit: Visit, thread_url: str) -> AsyncIterator[Found]:
        """The posts of one thread. A page that has not changed is passed over, its successor is not."""
        url: str | None = thread_url
        for _ in range(self.config.max_thread_pages):
            if url is None:
                return
            page = await visit.get(url)
            if page.unchanged:
                url = page.next_url
                continue
            posts, next_url = await visit.run(read_thread, page, self._thread)
            visit.found_by(f"thread.post {self._thread.post}", len(posts))
            if not posts:
                raise CrawlError("layout", str(page.url), f"thread.post {self._thread.post}")
            for found in posts:
                yield found
            await visit.settle(page, next_url)
            url = next_url if next_url != url else None


def read_list(page: Page, selectors: ListSelectors) -> tuple[list[Row], str | None]:
    """The threads of a list page, in its order, each once; and the next list page."""
    tree = parse_html(decode(page.body, page.content_type).text)
    rows: dict[str, Row] = {}
    for node in tree.css(selectors.thread)[:MAX_POSTS]:
        link = absolute(pick(node, selectors.link), page.url)
        if link is not None:
            url = str(canonical(link))
            rows.setdefault(url, Row(url, " ".join(pick_all(node, selectors.mark))))
    return list(rows.values()), _next(tree, selectors.next, page.url)


def read_thread(page: Page, selectors: PostSelectors) -> tuple[list[Found], str | None]:
    """The posts of a thread page, and the next page of the thread."""
    tree = parse_html(decode(page.body, page.content_type).text)
    posts = posts_of(tree, page.url, selectors, page.fetched_at)
    finds = [found_of(post, number, page.url) for number, post in enumerate(posts, 1)]
    return finds, _next(tree, selectors.next, page.url)


def found_of(post: Post, number: int, page_url: Url) -> Found:
    """`post`, keyed by the site's own id, else its own address, else its place on the page."""
    base = str(canonical(page_url))
    key = post.id or (str(canonical(post.link)) if post.link else f"{base}#{number}")
    url = str(post.link) if post.link else base + (f"#{post.id}" if post.id else "")
    return Found(key, url, post.title, post.text, post.author, post.published_at, post.images)


def _next(tree: Any, selector: str | None, base: Url) -> str | None:
    link = absolute(pick(tree, selector), base)
    return str(link) if link is not None and link != base else None
