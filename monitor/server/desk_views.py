"""What the wall and the page of the machines are told."""

from __future__ import annotations

from datetime import datetime

from monitor.server.views import Kind, Level, QueueHealth, View


class LevelCount(View, frozen=True, kw_only=True):
    """Alerts of one level that nobody has judged yet; drills and health left out."""

    level: Level
    n: int
    oldest_at: datetime | None
    """When the one that has waited longest was raised first."""


class WallAlert(View, frozen=True, kw_only=True):
    """An alert as a whole room may read it: the rule's title, never a text or a name."""

    fingerprint: str
    kind: Kind
    level: Level
    title_en: str
    title_zh: str
    venue: str | None
    updated_at: datetime
    firing: bool
    drill: bool
    judged: bool


class WallView(View, frozen=True, kw_only=True):
    levels: list[LevelCount]
    """Every level, the gravest first."""
    newest: list[WallAlert]
    """The newest of the two gravest levels."""
    n_open_cases: int
    n_late_cases: int
    """Open ones whose next step is overdue."""


class DiskView(View, frozen=True, kw_only=True):
    path: str
    total_bytes: int
    free_bytes: int


class ReceiverState(View, frozen=True, kw_only=True):
    """Somebody who is told."""

    id: str
    failing_since: datetime | None
    error: str | None


class SystemView(View, frozen=True, kw_only=True):
    version: str
    started_at: datetime
    disk: DiskView | None
    """Of the folder with all that is kept."""
    queue: QueueHealth
    receivers: list[ReceiverState]
    logins: bool
    """False where this console runs without them (``auth: off``)."""
