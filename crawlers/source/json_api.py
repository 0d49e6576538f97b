"""JSON by JMESPath: ``items`` picks the posts of an answer, the others their parts.

    {"latest_posts": [{"id": 7, "topic_title": "…", "cooked": "<p>…</p>", …}, …]}
     items ──────────┘  key ─┘   title ─┘           text ─┘

Search is the same with a query in the URL: ``{query}`` is replaced by each of `queries`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, cast
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field, model_validator

from crawlers.charset import decode
from crawlers.errors import CrawlError
from crawlers.extract.html import html_to_text
from crawlers.moment import read_time
from crawlers.source.base import Found, Page, SourceConfig, Strict, Visit, is_url
from crawlers.source.presets import JSON_PRESETS, filled
from crawlers.source.selectors import absolute
from crawlers.url import canonical, parse

MAX_ITEMS = 1_000


def _compiles(expression: str) -> str:
    try:
        jmespath.compile(expression)
    except (JMESPathError, ValueError) as error:
        raise ValueError(f"not a JMESPath expression: {str(error).splitlines()[0]}") from None
    return expression


Expression = Annotated[str, AfterValidator(_compiles)]


class JsonSelectors(Strict):
    """``items`` is looked for in the answer, the others in each item."""

    items: Expression
    key: Expression | None = None
    link: Expression | None = None
    title: Expression | None = None
    text: Expression
    author: Expression | None = None
    time: Expression | None = None
    images: Expression | None = None
    next: Expression | None = None
    """In the answer: the next page's URL, or its token when `next_parameter` is set."""
    next_parameter: str | None = None


class JsonConfig(SourceConfig):
    url: Annotated[str, AfterValidator(is_url)]
    preset: str | None = None
    select: JsonSelectors
    queries: tuple[str, ...] = ()
    """Words that replace ``{query}`` in the URL, one request each."""
    max_pages: int = Field(default=3, ge=1, le=100)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, data: Any) -> Any:
        return filled(data, JSON_PRESETS)

    @model_validator(mode="after")
    def _queries_have_a_place(self) -> JsonConfig:
        if bool(self.queries) != ("{query}" in self.url):
            raise ValueError("`queries` and `{query}` in `url` go together")
        return self

    def urls(self) -> tuple[str, ...]:
        return (self.url,)


class JsonApi:
    def __init__(self, config: JsonConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        starts = [self.config.url.replace("{query}", quote(query, safe="")) for query in self.config.queries]
        n_failed = 0
        for start in starts or [self.config.url]:
            try:
                async for found in read_pages(visit, start, self.config.select, self.config.max_pages):
                    yield found
            except CrawlError as error:
                n_failed += 1
                if n_failed == max(1, len(starts)) or error.kind in ("backoff", "refused", "dns", "connect"):
                    raise
                visit.fault(error)


async def read_pages(
    visit: Visit, start: str, selectors: JsonSelectors, max_pages: int
) -> AsyncIterator[Found]:
    """The posts of an answer and of those it leads to, until one shows nothing new."""
    url: str | None = start
    for _ in range(max_pages):
        if url is None:
            return
        page = await visit.get(url, accept="application/json")
        if page.unchanged:
            return
        finds, next_url = await visit.run(read_json, page, selectors)
        visit.found_by(f"select.items {selectors.items}", len(finds))
        known = await visit.marks([found.key for found in finds])
        for found in finds:
            yield found
        for found in finds:
            await visit.mark(found.key, "")
        await visit.settle(page, next_url)
        url = next_url if len(known) < len(finds) else None


def read_json(page: Page, selectors: JsonSelectors) -> tuple[list[Found], str | None]:
    """The posts in an answer.

    Raises
    ------
    CrawlError
        ``parse`` if it is not JSON, ``layout`` if `items` is no list there.
    """
    try:
        data = json.loads(decode(page.body, page.content_type).text)
    except (ValueError, RecursionError) as error:
        raise CrawlError("parse", str(page.url), f"JSON: {error}") from None
    items = _search(selectors.items, data)
    if not isinstance(items, list):
        raise CrawlError("layout", str(page.url), f"select.items {selectors.items}")
    finds = [
        _found(item, page, selectors)
        for item in cast("list[Any]", items)[:MAX_ITEMS]
        if isinstance(item, dict)
    ]
    return finds, _next_url(data, page, selectors)


def _found(item: Any, page: Page, selectors: JsonSelectors) -> Found:
    link = absolute(_text(selectors.link, item), page.url)
    text = html_to_text(_text(selectors.text, item))
    images = _search(selectors.images, item)
    files = (
        [absolute(str(image), page.url) for image in cast("list[Any]", images)]
        if isinstance(images, list)
        else []
    )
    key = _text(selectors.key, item) or (str(canonical(link)) if link else text[:200])
    return Found(
        key=key,
        url=str(link or page.url),
        title=html_to_text(_text(selectors.title, item)),
        text=text,
        author=_text(selectors.author, item) or None,
        published_at=read_time(_text(selectors.time, item), page.fetched_at),
        links=tuple(str(url) for url in files if url),
    )


def _search(expression: str | None, data: Any) -> Any:
    if expression is None:
        return None
    try:
        return jmespath.search(expression, data)
    except JMESPathError:
        # A function met a missing or differently typed part: this item does not have it.
        return None


def _text(expression: str | None, item: Any) -> str:
    value = _search(expression, item)
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _next_url(data: Any, page: Page, selectors: JsonSelectors) -> str | None:
    value = _text(selectors.next, data)
    if not value:
        return None
    if selectors.next_parameter is None:
        link = absolute(value, page.url)
        return str(link) if link else None
    name = selectors.next_parameter
    pairs = [pair for pair in (page.url.query or "").split("&") if pair and pair.partition("=")[0] != name]
    query = "&".join([*pairs, f"{name}={quote(value, safe='')}"])
    return str(parse(f"?{query}", page.url))
