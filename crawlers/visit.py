"""One poll of one source: its requests, what it remembers, what it matched and where it failed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crawlers.charset import decode
from crawlers.clock import Clock
from crawlers.errors import CrawlError
from crawlers.fetch import Client, Request, Response
from crawlers.lease import Lease
from crawlers.memory import Memory, PageRow
from crawlers.render.chromium import Renderer
from crawlers.signs import is_captcha
from crawlers.source.base import Page, SourceConfig
from crawlers.url import Url, canonical, parse
from crawlers.workshop import LIMIT_S, Workshop

_COMMON = frozenset(SourceConfig.model_fields) - {"kind"}
SIGN_BYTES = 64 * 1024
_TEXTS = ("text", "html", "xml", "json")


def reader_of(config: SourceConfig) -> str:
    """A digest of how a source reads its pages; politeness and pace have no part in it."""
    return hashlib.sha256(config.model_dump_json(exclude=set(_COMMON)).encode()).hexdigest()[:16]


class PollVisit:
    """`Visit` over a client and memory."""

    def __init__(
        self,
        config: SourceConfig,
        memory: Memory,
        client: Client,
        clock: Clock,
        workshop: Workshop,
        renderer: Renderer | None = None,
        lease: Lease | None = None,
    ) -> None:
        self._config = config
        self._lease = lease
        self._memory = memory
        self._client = client
        self._clock = clock
        self._workshop = workshop
        self._renderer = renderer
        self._reader = reader_of(config)
        self._named = config.named_hosts()
        self.secrets: dict[str, str] = {}
        """Headers that only this source's own site may see."""
        self.matched: Counter[str] = Counter()
        self.faults: list[CrawlError] = []
        self.n_requests = 0
        self.n_not_modified = 0
        self.n_bytes = 0
        self.ttl_s: float | None = None
        self.last_page: Response | None = None
        """The page being read, until it has been archived."""
        self.last_picture = b""
        """Of that page as a browser showed it, where one did."""

    @property
    def now(self) -> datetime:
        return self._clock.now()

    async def get(self, url: str, *, accept: str = "") -> Page:
        target = parse(url)
        name = str(canonical(target))
        known = await self._memory.page(self._config.id, name, self._reader)
        headers = {"Accept": accept} if accept else {}
        # The frame of a page that scripts fill stays the same while what they fill in changes.
        if known and known.etag and not self._config.render:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified and not self._config.render:
            headers["If-Modified-Since"] = known.last_modified
        response = await self.fetch(target, headers)
        ttl_s = _max_age_s(response.headers.get("cache-control", ""))
        self.ttl_s = max(filter(None, (self.ttl_s, ttl_s)), default=None)
        content_type = response.headers.get("content-type", "")
        if response.status == 304 and known:
            self.n_not_modified += 1
            return Page(target, b"", content_type, unchanged=True, next_url=known.next_url)
        self._check(response)
        picture = b""
        if self._config.render and "html" in content_type.lower():
            response, picture = await self._rendered(response)
            content_type = response.headers["content-type"]
        digest = hashlib.sha256(response.body).hexdigest()
        validators = {
            "request": name,
            "etag": response.headers.get("etag", ""),
            "last-modified": response.headers.get("last-modified", ""),
            "digest": digest,
        }
        if known and known.digest == digest:
            self.n_not_modified += 1
            return Page(response.url, b"", content_type, unchanged=True, next_url=known.next_url)
        self.last_page, self.last_picture = response, picture
        return Page(
            response.url,
            response.body,
            content_type,
            ttl_s=ttl_s,
            fetched_at=response.fetched_at,
            validators=validators,
        )

    async def _rendered(self, response: Response) -> tuple[Response, bytes]:
        """`response` after its scripts, and its picture; as it came where no browser can be had."""
        try:
            if self._renderer is None:
                raise CrawlError("render", str(response.url), "no browser / 没有浏览器")
            shown = await self._renderer.render(response.url, self._named)
        except CrawlError as error:
            self.fault(error)
            return response, b""
        headers = {**response.headers, "content-type": "text/html; charset=utf-8"}
        return replace(response, body=shown.dom, headers=headers), shown.picture

    async def fetch(self, url: Url, headers: dict[str, str] | None = None) -> Response:
        """The answer for `url`, with this source's limits and secrets."""
        self.n_requests += 1
        response = await self._client.get(
            Request(
                url,
                named=self._named,
                headers=headers or {},
                secret_headers=self.secrets,
                max_bytes=self._config.max_bytes,
                timeout_s=self._config.timeout_s,
                delay_s=self._config.delay_s,
                robots=self._config.robots,
                lease=self._lease,
            )
        )
        self.n_bytes += len(response.body)
        return response

    def _check(self, response: Response) -> None:
        where = str(response.url)
        content_type = response.headers.get("content-type", "text/html").lower()
        text = ""
        if any(name in content_type for name in _TEXTS):
            # A log-in hint may stand anywhere, a challenge says so at once.
            body = response.body if self._config.logged_out else response.body[:SIGN_BYTES]
            text = decode(body, content_type).text
            if is_captcha(response.status, response.headers, text):
                raise CrawlError("captcha", where, f"status {response.status}")
        if response.status >= 400 or response.status == 304:
            raise CrawlError(
                "status_5xx" if response.status >= 500 else "status_4xx", where, f"status {response.status}"
            )
        if self._config.logged_out and self._config.logged_out in text:
            raise CrawlError("login", where, f"page says {self._config.logged_out!r}")

    async def settle(self, page: Page, next_url: str | None = None) -> None:
        if page.unchanged:
            return
        row = PageRow(
            page.validators["etag"] or None,
            page.validators["last-modified"] or None,
            page.validators["digest"],
            next_url,
        )
        await self._memory.settle(self._config.id, page.validators["request"], self._reader, row, self.now)

    async def run(self, work: Callable[..., Any], *arguments: Any, limit_s: float = LIMIT_S) -> Any:
        return await self._workshop.run(work, *arguments, limit_s=limit_s)

    async def marks(self, urls: list[str]) -> dict[str, str]:
        return await self._memory.marks(self._config.id, self._reader, urls)

    async def mark(self, url: str, mark: str) -> None:
        await self._memory.mark(self._config.id, self._reader, url, mark, self.now)

    async def due(self, younger_than_s: float, limit: int) -> list[str]:
        since = self.now - timedelta(seconds=younger_than_s)
        return await self._memory.due(self._config.id, since, limit)

    async def begin_sweep(self) -> bool:
        return await self._memory.sweep(self._config.id, open=True)

    async def end_sweep(self) -> None:
        await self._memory.sweep(self._config.id, open=False)

    def found_by(self, selector: str, n: int) -> None:
        self.matched[selector] += n

    def fault(self, error: CrawlError) -> None:
        self.faults.append(error)


def _max_age_s(cache_control: str) -> float | None:
    for part in cache_control.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.strip('"').isdigit():
            return float(value.strip('"')[:9])
    return None
