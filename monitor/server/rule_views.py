"""What is told of the rules in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from monitor.server.views import Level, View


class EditionView(View, frozen=True, kw_only=True):
    """One whole set of rules with its exceptions."""

    number: int
    author: str
    digest: str
    n_rules: int
    n_exceptions: int
    venues: list[str]
    """Where it is on trial; empty where it holds everywhere."""


class RuleLine(View, frozen=True, kw_only=True):
    id: str
    kind: str
    level: Level
    category: str
    title_en: str
    title_zh: str
    experimental: bool
    owner: str
    version: int
    tags: list[str]
    n_alerts: int
    """Raised since this process began."""
    limit: float | None
    """False alarms allowed per sensor-day (radio) or per 10,000 posts (web)."""
    measured: float | None
    over_en: str
    """Says so when the rule has used up its day; it keeps running."""
    over_zh: str


class RemovalView(View, frozen=True, kw_only=True):
    rule: str
    reason: str


class RulesView(View, frozen=True, kw_only=True):
    edition: EditionView
    trial: EditionView | None
    """What holds at some venues only."""
    removal: RemovalView | None
    """The rule that what is on trial does without, where a removal is tried."""
    history: list[EditionView]
    """What held before in this run, the newest last."""
    faults: list[str]
    """Why the newest files are not in force, ``file:line: message`` each."""
    rules: list[RuleLine]
    venues: list[str]
    """Of the timetable, where an edition can be tried."""


class VenuesBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    venues: list[str] = msgspec.field(default_factory=list[str])
    """Where to try it first; empty: everywhere at once."""


class RuleSource(View, frozen=True, kw_only=True):
    id: str
    text: str
    """The rule in force, as a file of its own has it, samples included."""
    written: str | None
    """Its file as it stands, comments included; None where no file holds it any more."""
    file: str | None
    digest: str | None
    """Of ``written``: sent back as ``was`` with what is to be saved."""
    writable: bool


class RuleTextBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str


class SampleResult(View, frozen=True, kw_only=True):
    """One sample of the text, run."""

    line: int
    fires: bool
    """What it must do."""
    note: str
    holds: bool


class LimitView(View, frozen=True, kw_only=True):
    """A threshold that can be moved."""

    selection: str
    field: str
    modifier: str
    value: float
    line: int


class RuleCheck(View, frozen=True, kw_only=True):
    """What is wrong with a rule's text, all at once; nothing is put in force."""

    faults: list[str]
    """``LINE: message`` each."""
    id: str | None
    """None while the text is no rule."""
    samples: list[SampleResult]
    limits: list[LimitView]


class RuleSchema(View, frozen=True, kw_only=True):
    json_schema: dict[str, Any]
    """Of a rule file: keys, fields and modifiers, as editors complete them."""


class CurveBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str
    selection: str
    field: str


class ReachView(View, frozen=True, kw_only=True):
    """How much of the past was looked at. It holds what raised an alert, and nothing that was missed."""

    n_events: int
    cut: bool
    """Time or number ran out before the past did."""
    first_at: str | None
    last_at: str | None


class CurvePoint(View, frozen=True, kw_only=True):
    threshold: float
    n_alerts: int
    alerts_per_day: float
    recall: float | None
    """Share of what people judged real; None where nothing was judged so."""
    n_false: int


class CurveView(View, frozen=True, kw_only=True):
    modifier: str
    current: float
    points: list[CurvePoint]
    """From the loosest threshold to the tightest."""
    reach: ReachView


class JudgedView(View, frozen=True, kw_only=True):
    n_positive: int
    n_found: int
    n_negative: int
    n_false: int


class ChangedCell(View, frozen=True, kw_only=True):
    day: str
    venue: str
    rule: str
    n_before: int
    n_after: int
    n_gained: int
    n_lost: int


class MovedView(View, frozen=True, kw_only=True):
    """An alert of one side only, by the event that raised it; of a correlation, that completed it."""

    gained: bool
    rule: str
    n_members: int
    """Events that a correlation puts together; 0 for other rules."""
    at: str
    venue: str | None
    fingerprint: str
    """Of the alert that it raised when it came."""
    verdict: str | None
    title: str
    """A post's title; empty for radio."""
    center_hz: float | None
    snr_db: float | None


class ComparisonView(View, frozen=True, kw_only=True):
    """What putting the text in force would have changed."""

    n_before: int
    n_after: int
    n_gained: int
    n_lost: int
    cells: list[ChangedCell]
    """Days and venues where something changes, the newest first; at most 100."""
    before: JudgedView
    after: JudgedView
    moved: list[MovedView]
    """The newest 40 of them."""
    reach: ReachView


class SaveBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str
    was: str | None = None
    """Digest of what editing began with; None for a new rule."""
    venues: list[str] = msgspec.field(default_factory=list[str])
    """Where to try it first; empty: everywhere at once."""


class RemovalBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    was: str
    """Digest of the file that is to go."""
    reason: str
    venues: list[str] = msgspec.field(default_factory=list[str])
    """Where to do without it first, its file kept; empty: everywhere at once."""


class ExceptionView(View, frozen=True, kw_only=True):
    id: str
    kind: str
    reason: str
    author: str
    expires_at: datetime
    rules: list[str]
    venues: list[str]


class ExceptionsView(View, frozen=True, kw_only=True):
    exceptions: list[ExceptionView]
    """In force."""
    written: str | None
    """Their file as it stands; None where the configuration names none."""
    file: str | None
    digest: str | None
    writable: bool


class ExceptionLine(View, frozen=True, kw_only=True):
    id: str
    n_alerts: int
    """That it would have hidden in what was looked at."""
    n_recent: int
    """Of the last 7 days before the newest event."""
    rules: list[str]


class ExceptionsCheck(View, frozen=True, kw_only=True):
    faults: list[str]
    lines: list[ExceptionLine]
    reach: ReachView | None
