"""Silences and notices on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec

from monitor.notify.silence import Bar
from monitor.server.views import View


class SilenceView(View, frozen=True, kw_only=True):
    id: str
    matchers: list[str]
    reason: str
    author: str
    starts_at: datetime
    ends_at: datetime
    barred: Bar | None
    """Why who asks may not end it: no such right at all, it is its author's, it holds for other venues too,
    it is of another department. None: they may."""


class SilencesView(View, frozen=True, kw_only=True):
    silences: list[SilenceView]


class SilenceBody(View, frozen=True, kw_only=True):
    """What is to be silenced. Without a reason and an end nothing is."""

    matchers: list[str] = msgspec.field(default_factory=list[str])
    """``venue=no1``, ``level=~"low|medium"``; all must hold."""
    reason: str = ""
    ends_at: datetime | None = None
    try_only: bool = False
    """Only say how many it would have hidden."""


class SilencedView(View, frozen=True, kw_only=True):
    silence: SilenceView | None
    """None where it was only tried."""
    n_hidden: int
    """Alerts with news in the last 7 days that it fits."""


class NoticeView(View, frozen=True, kw_only=True):
    id: str
    receiver: str
    reason: str
    state: str
    title: str
    n_attempts: int
    maybe_repeated: bool
    created_at: datetime
    sent_at: datetime | None
    error: str | None


class NoticesView(View, frozen=True, kw_only=True):
    notices: list[NoticeView]
    """The newest first."""
