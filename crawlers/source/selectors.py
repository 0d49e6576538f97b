"""Selectors of the configuration: ``css`` or ``css@attribute``, and what they pick from a page.

Alternatives stand behind ``||``; the first that gives something counts.

post:   "#postlist > div[id^=post_]"
id:     "@id"                          an attribute of the element itself
author: ".authi a.xw1"                 the text of the first match
time:   "em[id^=authorposton] span@title"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from crawlers.errors import CrawlError
from crawlers.extract.html import Budget, text_of
from crawlers.moment import read_time
from crawlers.source.base import Strict
from crawlers.url import Url, parse

MAX_POSTS = 1_000
"""On one page; forums show 10 to 100."""
_EMPTY = LexborHTMLParser("<p></p>")


def _checked(selector: str) -> str:
    for css, attribute in _split(selector):
        if not css and not attribute:
            raise ValueError("an empty selector")
        if attribute and not re.fullmatch(r"[A-Za-z_][\w:-]*", attribute):
            raise ValueError(f"not an attribute name: @{attribute}")
        if css:
            try:
                _EMPTY.css_first(css)
            except (SelectolaxError, ValueError, RuntimeError):
                raise ValueError(f"not a CSS selector: {css}") from None
    return selector


def _plain(selector: str) -> str:
    if any(attribute for _, attribute in _split(selector)) or "||" in selector:
        raise ValueError("elements are wanted here: neither @attribute nor ||")
    return selector


Selector = Annotated[str, AfterValidator(_checked)]
Elements = Annotated[str, AfterValidator(_checked), AfterValidator(_plain)]


def _split(selector: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for part in selector.split("||"):
        css, at, attribute = part.strip().rpartition("@")
        pairs.append((css.strip(), attribute.strip()) if at else (part.strip(), ""))
    return pairs


def pick_all(node: LexborNode | LexborHTMLParser, selector: str | None) -> list[str]:
    """The texts or attributes of every match under `node`, of the first alternative that has any."""
    for css, attribute in _split(selector) if selector else ():
        matches = node.css(css) if css else [node]
        values = [_value(match, attribute) for match in matches if isinstance(match, LexborNode)]
        if any(values):
            return [value for value in values if value]
    return []


def pick(node: LexborNode | LexborHTMLParser, selector: str | None) -> str:
    """The first of `pick_all`; empty where nothing matches."""
    for css, attribute in _split(selector) if selector else ():
        match = node.css_first(css) if css else node
        value = _value(match, attribute) if isinstance(match, LexborNode) else ""
        if value:
            return value
    return ""


def _value(node: LexborNode, attribute: str) -> str:
    return ((node.attributes.get(attribute) or "") if attribute else text_of(node)).strip()


class PostSelectors(Strict):
    """Where a post and its parts stand on a page."""

    post: Elements
    """Each match is one post; the others are looked for inside it."""
    id: Selector | None = None
    """The site's own id of the post; without one the post's number on the page stands in."""
    text: Elements | None = None
    """Unset: the whole post."""
    title: Selector | None = None
    """Of one post; unset, the page's."""
    author: Selector | None = None
    time: Selector | None = None
    link: Selector | None = None
    """The post's own address."""
    images: Selector | None = "img@src"
    files: Selector | None = None
    page_title: Selector | None = "title"
    next: Selector | None = None
    """The next page of the same thread."""


class ListSelectors(Strict):
    """Where threads stand on a list page."""

    thread: Elements
    """Each match is one thread."""
    link: Selector = "a@href"
    mark: Selector | None = None
    """What changes when somebody answers: the count of replies, the time of the last one."""
    next: Selector | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One post, in the words of its page."""

    id: str
    title: str
    text: str
    author: str | None
    published_at: datetime | None
    link: Url | None
    images: tuple[str, ...]


def posts_of(
    tree: LexborHTMLParser, base: Url, selectors: PostSelectors, now: datetime | None = None
) -> list[Post]:
    """Every post of a page that was fetched `now`, in the page's order."""
    page_title = pick(tree, selectors.page_title)
    posts: list[Post] = []
    budget = Budget()
    for node in tree.css(selectors.post)[:MAX_POSTS]:
        body = node.css_first(selectors.text) if selectors.text else node
        text = text_of(body, budget) if body is not None else ""
        link = absolute(pick(node, selectors.link), base)
        files = pick_all(node, selectors.images) + pick_all(node, selectors.files)
        posts.append(
            Post(
                id=pick(node, selectors.id),
                title=pick(node, selectors.title) or page_title,
                text=text,
                author=pick(node, selectors.author) or None,
                published_at=read_time(pick(node, selectors.time), now),
                link=link,
                images=tuple(dict.fromkeys(str(url) for url in (absolute(f, base) for f in files) if url)),
            )
        )
    return posts


def absolute(href: str, base: Url) -> Url | None:
    """`href` on the page at `base`; None for what is not a page (``javascript:``, ``data:``, nothing)."""
    if not href or href.startswith("#"):
        return None
    try:
        return parse(href, base)
    except CrawlError:
        return None
