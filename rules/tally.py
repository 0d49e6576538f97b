"""How many alerts each exception would have hidden, over past events.

Counted as a backtest counts: one identity (rule and labels) on one day is one alert. An
alert is hidden only where all of its events are, as the operator would see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from rules.backtest import Identity, day_of, identity
from rules.correlate import Correlator
from rules.exemption import Exemption, Hidden, sift
from rules.facts import Facts, ReadText, value_of
from rules.match import RuleSet
from rules.rule import Match, Rule
from rules.text.reading import read_text

DAYS = 7

Alert = tuple[str, str, Identity]
"""Day, rule, labels."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one exception did."""

    exemption: Exemption
    n_alerts: int
    """Alerts that nobody would have seen."""
    n_events: int
    n_recent: int
    """Alerts of the last `DAYS` days before the newest event."""
    rules: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Takes past events one by one, by their times; `lines` says what came out."""

    rules: Iterable[Rule]
    exemptions: Sequence[Exemption]
    zone: tzinfo = UTC
    read: ReadText = read_text
    n_events: int = 0
    _set: RuleSet = field(init=False)
    _correlator: Correlator = field(init=False)
    _shown: set[Alert] = field(init=False, default_factory=set[Alert])
    _hidden: dict[str, dict[Alert, int]] = field(init=False, default_factory=dict[str, dict[Alert, int]])
    _newest: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        rules = list(self.rules)
        self._set = RuleSet(rules, self.read)
        self._correlator = Correlator(rules, self.read)

    def feed(self, event: Mapping[str, Any]) -> None:
        self.n_events += 1
        at = value_of(event.get("at"), "instant")
        if at is not None:
            self._newest = at if self._newest is None else max(at, self._newest)
        facts = Facts(event, self.read)
        kept, hidden = sift(self._set.match(event), self.exemptions, facts)
        self._note(kept, hidden, event)
        for found in self._correlator.feed(event, [match.rule.id for match in kept]):
            facts = Facts(found.event, self.read)
            self._note(*sift([found.match], self.exemptions, facts), found.event)

    def _note(self, kept: Sequence[Match], hidden: Sequence[Hidden], event: Mapping[str, Any]) -> None:
        day = day_of(event, self.zone)
        self._shown.update((day, match.rule.id, identity(event, match.rule)) for match in kept)
        for each in hidden:
            rule = each.match.rule
            alerts = self._hidden.setdefault(each.by.id, {})
            alert = (day, rule.id, identity(event, rule))
            alerts[alert] = alerts.get(alert, 0) + 1

    def lines(self) -> list[Line]:
        """One for each exception, in the order of the file."""
        first = ""
        if self._newest is not None:
            newest = datetime.fromtimestamp(self._newest, UTC).astimezone(self.zone)
            first = (newest - timedelta(days=DAYS - 1)).date().isoformat()
        found: list[Line] = []
        for each in self.exemptions:
            alerts = self._hidden.get(each.id, {})
            gone = [alert for alert in alerts if alert not in self._shown]
            rules = tuple(sorted({alert[1] for alert in alerts}))
            n_recent = sum(alert[0] >= first for alert in gone)
            found.append(Line(each, len(gone), sum(alerts.values()), n_recent, rules))
        return found
