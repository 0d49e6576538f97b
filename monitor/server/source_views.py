"""Sources, what they gave and what was sent in, on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec

from monitor.server.views import View


class DocumentLine(View, frozen=True, kw_only=True):
    """A document as a list names it; what it says stands in no list."""

    id: str
    url: str
    title: str
    n_chars: int
    version: int
    published_at: datetime | None
    first_seen_at: datetime
    fetched_at: datetime


class SourceView(View, frozen=True, kw_only=True):
    id: str
    addresses: list[str]
    """Those that the configuration names."""
    post: dict[str, str]
    """Its selectors of posts by name; empty where it has none."""
    listing: dict[str, str]
    """Its selectors of threads on a list page."""
    documents: list[DocumentLine]
    """The newest first."""


class TipLine(View, frozen=True, kw_only=True):
    """That a tip was sent; what it says is told apart, and each look is recorded."""

    id: str
    received_at: datetime
    via: str
    """``form`` or ``hotline``."""
    exam: str
    place: str
    has_link: bool
    n_files: int
    n_chars: int
    taken: bool
    """It has become a document, and the rules have judged it."""


class TipsView(View, frozen=True, kw_only=True):
    tips: list[TipLine]
    """The newest first."""


class TipView(View, frozen=True, kw_only=True):
    id: str
    received_at: datetime
    text: str
    link: str
    exam: str
    place: str
    files: list[str]
    """The sender's names of them."""


class SelectorBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Selectors to try; of the two maps one at least."""

    url: str
    post: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """``post``, ``id``, ``text``, ``title``, ``author``, ``time``, ``link``, ``images``, ``next`` …"""
    listing: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """``thread``, ``link``, ``mark``, ``next``."""
    source: str | None = None
    """Whose private hosts may be reached; without one public ones only."""
    stored: bool = False
    """As the archive keeps the page, asking nobody."""


class TakenPost(View, frozen=True, kw_only=True):
    key: str
    title: str
    text: str
    """Cut after 400 characters."""
    n_chars: int
    author: str | None
    published_at: datetime | None
    url: str
    n_files: int


class TakenThread(View, frozen=True, kw_only=True):
    url: str
    mark: str


class TriedView(View, frozen=True, kw_only=True):
    """What the selectors take from the page."""

    url: str
    """That answered: after redirects."""
    fetched_at: datetime | None
    n_bytes: int
    n_posts: int
    posts: list[TakenPost]
    """The first 20."""
    n_threads: int
    threads: list[TakenThread]
    next_url: str | None
