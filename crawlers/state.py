"""How a source is doing: what health shows of it, and the signs that it needs a person.

A sign is raised when the same thing was wrong in two polls running, and goes with the
first poll that is right again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

N_POLLS_TO_RAISE = 2
MAX_ARRIVALS = 200
MIN_ARRIVALS = 20
"""Below that many, a source has no rhythm to be silent against."""
SILENT_GAPS = 14.0
"""Median gaps without news that mean silence: for arrivals at random, 14 median gaps (9.7 mean ones)
happen once in 16,000 waits."""
SILENT_LONGEST = 2.0
"""... and twice the longest gap on record, because nights and week-ends are no failures."""
AWAY = timedelta(minutes=5)
"""A poll so much later than it was due: nobody was watching, and silence begins anew."""
SIGNS = {
    "captcha": ("CAPTCHA or block page", "遇到验证码或拦截页面"),
    "layout": ("a selector finds nothing: has the layout changed?", "选择器未匹配：页面结构可能已变"),
    "login": ("logged out: renew the cookie", "登录失效：请更新 Cookie"),
    "silent": ("silent against its own rhythm", "长时间没有新内容，与其平时规律不符"),
    "failing": ("cannot be read", "无法读取"),
}


@dataclass(slots=True)
class SourceState:
    """Kept over restarts, as JSON in memory's ``sources`` table."""

    source: str
    n_polls: int = 0
    n_documents: int = 0
    """Versions delivered."""
    n_not_modified: int = 0
    n_requests: int = 0
    n_failures: int = 0
    """Polls that failed in a row."""
    errors: dict[str, int] = field(default_factory=dict[str, int])
    """Every failure by kind."""
    last_error: str = ""
    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    next_poll_at: datetime | None = None
    arrivals: list[datetime] = field(default_factory=list[datetime])
    """When news came, without the first poll's backlog."""
    watched_since: datetime | None = None
    """When polling last began again after a pause."""
    runs: dict[str, int] = field(default_factory=dict[str, int])
    """Polls in a row with each kind of trouble."""
    best: dict[str, int] = field(default_factory=dict[str, int])
    """The most that each selector ever matched."""

    def signs(self, now: datetime) -> tuple[str, ...]:
        """Keys of `SIGNS` that hold now."""
        raised = {kind for kind, n in self.runs.items() if n >= N_POLLS_TO_RAISE and kind in SIGNS}
        if is_silent(self.arrivals, now, self.watched_since):
            raised.add("silent")
        return tuple(sorted(raised))

    def polling(self, now: datetime) -> None:
        """A poll begins."""
        if self.next_poll_at is not None and now - self.next_poll_at > AWAY:
            self.watched_since = now

    def trouble(self, kinds: set[str]) -> None:
        """A poll ended with trouble of these kinds; all others are over."""
        self.runs = {kind: self.runs.get(kind, 0) + 1 for kind in kinds}

    def arrived(self, now: datetime) -> None:
        self.last_new_at = now
        if self.n_polls:
            self.arrivals = [*self.arrivals, now][-MAX_ARRIVALS:]

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=datetime.isoformat, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> SourceState:
        values = json.loads(text)
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        for name, value in values.items():
            if name.endswith(("_at", "_since")) and value:
                values[name] = datetime.fromisoformat(value)
        values["arrivals"] = [datetime.fromisoformat(at) for at in values.get("arrivals", [])]
        return cls(**values)


def is_silent(arrivals: list[datetime], now: datetime, watched_since: datetime | None = None) -> bool:
    """True when the last arrival is longer ago than the source's rhythm explains, while we were watching."""
    if len(arrivals) < MIN_ARRIVALS:
        return False
    gaps_s = [(later - earlier).total_seconds() for earlier, later in pairwise(arrivals)]
    # What came in one poll is one arrival.
    gaps_s = [gap_s for gap_s in gaps_s if gap_s > 1.0]
    if len(gaps_s) < MIN_ARRIVALS // 2:
        return False
    limit_s = max(median(gaps_s) * SILENT_GAPS, max(gaps_s) * SILENT_LONGEST)
    since = max(arrivals[-1], watched_since) if watched_since is not None else arrivals[-1]
    return (now - since).total_seconds() > limit_s
