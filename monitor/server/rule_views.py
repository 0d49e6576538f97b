"""What is told of the rules in force."""

from __future__ import annotations

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


class RulesView(View, frozen=True, kw_only=True):
    edition: EditionView
    trial: EditionView | None
    """What holds at some venues only."""
    history: list[EditionView]
    """What held before in this run, the newest last."""
    faults: list[str]
    """Why the newest files are not in force, ``file:line: message`` each."""
    rules: list[RuleLine]


class VenuesBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    venues: list[str] = msgspec.field(default_factory=list[str])
    """Where to try it first; empty: everywhere at once."""


class RuleSource(View, frozen=True, kw_only=True):
    id: str
    text: str
    """The rule as a file of its own has it, samples included."""


class RuleTextBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str


class RuleCheck(View, frozen=True, kw_only=True):
    """What is wrong with a rule's text, all at once; nothing is put in force."""

    faults: list[str]
    """``LINE: message`` each."""
