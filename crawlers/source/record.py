"""One page or post as another crawler wrote it down: a JSON object, whose names differ from tool to tool.

    {"url": …, "title": …, "content": "<html>…" or text, "fetchTime": …}
     url ─────┘ title ────┘ text, html ─────────────────┘ fetched_at ──┘

The expressions (JMESPath) that stand here read our own ``document`` records, StormCrawler's and
Nutch's index documents, Scrapy's items and Heritrix-like page records; a source may replace each.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError

from crawlers.document import Attachment
from crawlers.errors import CrawlError
from crawlers.extract.html import parse_html, text_of, tidy
from crawlers.moment import read_time
from crawlers.picture import MAX_BOXES
from crawlers.source.base import Found, Strict
from crawlers.source.json_api import Expression
from crawlers.url import canonical, parse

MAX_ATTACHMENTS = 20
_MARKUP = re.compile(r"<(!doctype|html|body|p|div|br|table|span|a)\b", re.IGNORECASE)


class RecordFields(Strict):
    """Where a record holds what; ``||`` means "or else"."""

    id: Expression = "id"
    """Names the post over its versions; without one its URL does."""
    url: Expression = "url || URL || uri || target_uri || metadata.url"
    title: Expression = 'title || metadata.title || metadata."parse.title"'
    text: Expression = "text || content || body || plain_text"
    """Plain, or HTML, which is seen by its tags."""
    html: Expression = "html || raw_html || rawContent || response_body"
    author: Expression = "author"
    published_at: Expression = "published_at || published || datePublished || date_published"
    first_seen_at: Expression = "first_seen_at"
    fetched_at: Expression = (
        'fetched_at || fetchTime || fetch_time || fetchDate || "fetch-date" || fetch_date || crawled_at'
        " || timestamp || tstamp"
    )


def read_records(
    lines: list[tuple[str, bytes]], fields: RecordFields, now: datetime
) -> list[Found | CrawlError]:
    """What each of `lines` holds, named for people by its place, or what is wrong with it."""
    return [_found_or_fault(line, where, fields, now) for where, line in lines]


def _found_or_fault(line: bytes, where: str, fields: RecordFields, now: datetime) -> Found | CrawlError:
    try:
        return read_record(line, where, fields, now)
    except CrawlError as error:
        return error


def read_record(line: bytes, where: str, fields: RecordFields, now: datetime) -> Found:
    """The post in one line of JSON. Raises `CrawlError` of kind ``parse``, with the place and the reason."""
    try:
        record: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CrawlError("parse", where, f"JSON: {error}") from None
    if not isinstance(record, dict):
        raise CrawlError("parse", where, "not a JSON object")
    entry = cast("dict[str, Any]", record)

    def pick(expression: str) -> str:
        try:
            return _text(jmespath.search(expression, entry))
        except JMESPathError as error:
            raise CrawlError("parse", where, str(error).splitlines()[0]) from None

    title, text = pick(fields.title), pick(fields.text)
    html = pick(fields.html) or (text if _MARKUP.search(text[:4096]) else "")
    if html:
        own_title, text = _of_html(html)
        title = title or own_title
    if not title and not text:
        raise CrawlError("parse", where, f"neither text ({fields.text}) nor html ({fields.html})")
    url = pick(fields.url)
    return Found(
        key=pick(fields.id) or _key(url) or hashlib.sha256(line).hexdigest(),
        url=url or where,
        title=tidy(title),
        text=text,
        author=pick(fields.author) or None,
        published_at=read_time(pick(fields.published_at)),
        fetched_at=_past(read_time(pick(fields.fetched_at)), now),
        first_seen_at=_past(read_time(pick(fields.first_seen_at)), now),
        attachments=_attachments(entry.get("attachments"), where),
    )


def _text(value: object) -> str:
    """Scrapy's item loaders and StormCrawler's metadata make a list of every value."""
    if isinstance(value, list):
        parts = [_text(part) for part in cast("list[object]", value)]
        return "\n".join(part for part in parts if part)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value)


def _of_html(html: str) -> tuple[str, str]:
    tree = parse_html(html)
    title = tree.css_first("title")
    return text_of(title) if title is not None else "", text_of(tree.body) if tree.body is not None else ""


def _key(url: str) -> str:
    try:
        return str(canonical(parse(url)))
    except CrawlError:
        return url


def _past(at: datetime | None, now: datetime) -> datetime | None:
    """A clock that runs ahead must not make a post of tomorrow."""
    return None if at is None else min(at, now)


def _attachments(raw: object, where: str) -> tuple[Attachment, ...]:
    """Those of our own records: what another of our crawlers has read off them already."""
    if not isinstance(raw, list) or not raw:
        return ()
    entries = cast("list[object]", raw)[:MAX_ATTACHMENTS]
    if not all(isinstance(entry, dict) and "digest" in entry for entry in entries):
        return ()
    try:
        return tuple(_foreign(part) for part in msgspec.convert(entries, tuple[Attachment, ...]))
    except msgspec.ValidationError as error:
        raise CrawlError("parse", where, f"attachments: {error}") from None


def _foreign(part: Attachment) -> Attachment:
    """Of a picture that another has read its lines are taken, within our bounds; its file stays there."""
    picture = part.picture
    if picture is None:
        return part
    boxes = tuple(box for box in picture.boxes[:MAX_BOXES] if len(box.corners_px) == 8)
    return replace(part, picture=replace(picture, boxes=boxes, content=b"", dropped="elsewhere"))
