"""Feeds: RSS and Atom through feedparser, JSON Feed through json.

    <rss><channel><item> guid | link, title, description | content:encoded, author, pubDate, enclosure
    {"version": "https://jsonfeed.org/version/1.1", "items": [{id, url, title, content_html, ...}]}

feedparser is handed bytes in UTF-8 that `crawlers.charset` has read, because its own
reading of undeclared GB18030 gives Latin letters.
"""

from __future__ import annotations

import json
import re
from calendar import timegm
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import feedparser
from pydantic import AfterValidator

from crawlers.charset import decode
from crawlers.errors import CrawlError
from crawlers.extract.html import html_to_text
from crawlers.moment import read_time
from crawlers.source.base import Found, SourceConfig, Visit, is_url
from crawlers.source.selectors import absolute
from crawlers.url import Url, canonical

MAX_ENTRIES = 5_000
"""feedparser takes 0.3 ms an entry; the longest feed of its own test collection has some hundred."""
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTRIES = re.compile(r"<(?:item|entry)[\s>/]", re.IGNORECASE)
_ROOTS = re.compile(r"<(?:rss|feed|rdf:RDF|channel|RDF)[\s>/:]", re.IGNORECASE)


class FeedConfig(SourceConfig):
    url: Annotated[str, AfterValidator(is_url)]

    def urls(self) -> tuple[str, ...]:
        return (self.url,)


class Feed:
    def __init__(self, config: FeedConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        page = await visit.get(self.config.url, accept=ACCEPT)
        if page.unchanged:
            return
        finds, ttl_s = await visit.run(read_feed, page.body, page.content_type, page.url)
        page.ttl_s = max(filter(None, (page.ttl_s, ttl_s)), default=None)
        visit.found_by("item", len(finds))
        for found in finds:
            yield found
        await visit.settle(page)


def read_feed(body: bytes, content_type: str, url: Url) -> tuple[list[Found], float | None]:
    """The entries of a feed, and for how long it asks to be left alone.

    Raises
    ------
    CrawlError
        Of kind ``parse`` if it is not a feed.
    """
    text = decode(body, content_type).text.lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        return _json_feed(text, url), None
    if _ENTITY.search(text):
        raise CrawlError("parse", str(url), "the feed declares XML entities")
    if not _ROOTS.search(text[:20_000]):
        raise CrawlError("parse", str(url), f"no feed: begins with {text[:40]!r}")
    n_entries = len(_ENTRIES.findall(text))
    if n_entries > MAX_ENTRIES:
        raise CrawlError("too_large", str(url), f"{n_entries} entries")
    clean = _NOT_XML.sub("", _DECLARATION.sub("", text))
    parsed = feedparser.parse(
        clean.encode("utf-8", "replace"),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": str(url)},
        sanitize_html=False,
    )
    entries = cast("list[Mapping[str, Any]]", parsed.entries[:MAX_ENTRIES])
    if not entries and parsed.bozo:
        raise CrawlError("parse", str(url), f"XML: {parsed.get('bozo_exception')}")
    ttl = str(parsed.feed.get("ttl", ""))
    return [_entry(entry, url) for entry in entries], float(ttl) * 60 if ttl.isdigit() else None


def _entry(entry: Mapping[str, Any], base: Url) -> Found:
    link = absolute(str(entry.get("link") or ""), base)
    contents = [str(part.get("value") or "") for part in entry.get("content") or ()]
    raw = max([*contents, str(entry.get("summary") or "")], key=len)
    title = html_to_text(str(entry.get("title") or ""))
    stamp = entry.get("published_parsed") or entry.get("updated_parsed")
    enclosures = [str(part.get("href") or "") for part in entry.get("enclosures") or ()]
    return Found(
        key=str(entry.get("id") or "") or (str(canonical(link)) if link else title + "\n" + raw[:200]),
        url=str(link or base),
        title=title,
        text=html_to_text(raw),
        author=html_to_text(str(entry.get("author") or "")) or None,
        published_at=_instant(stamp),
        links=_files(raw, enclosures, base),
    )


def _instant(stamp: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(stamp), UTC) if stamp else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


_IMAGE = re.compile(r"""<img[^>]{0,2000}?\ssrc\s*=\s*["']?([^"'\s>]{1,2000})""", re.IGNORECASE)


def _files(html: str, enclosures: list[str], base: Url) -> tuple[str, ...]:
    found = [absolute(href.replace("&amp;", "&"), base) for href in [*_IMAGE.findall(html), *enclosures]]
    return tuple(dict.fromkeys(str(url) for url in found if url))


def _json_feed(text: str, url: Url) -> list[Found]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CrawlError("parse", str(url), f"JSON: {error}") from None
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(data.get("version")):
        raise CrawlError("parse", str(url), "JSON, but no JSON Feed")
    finds: list[Found] = []
    for item in cast("list[Any]", items)[:MAX_ENTRIES]:
        if not isinstance(item, dict):
            continue
        entry = cast("dict[str, Any]", item)
        html = str(entry.get("content_html") or "")
        link = absolute(str(entry.get("url") or ""), url)
        authors = entry.get("authors") or [entry.get("author") or {}]
        first = authors[0] if isinstance(authors, list) and authors and isinstance(authors[0], dict) else {}
        files = [
            str(part.get("url") or "") for part in entry.get("attachments") or () if isinstance(part, dict)
        ]
        plain = str(entry.get("content_text") or "") or html_to_text(html)
        finds.append(
            Found(
                key=str(entry.get("id") or "") or (str(canonical(link)) if link else plain[:200]),
                url=str(link or url),
                title=str(entry.get("title") or ""),
                text=plain,
                author=str(first.get("name") or "") or None,
                published_at=read_time(str(entry.get("date_published") or "")),
                links=_files(html, [*files, str(entry.get("image") or "")], url),
            )
        )
    return finds
