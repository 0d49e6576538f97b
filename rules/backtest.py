"""What a change of rules would have done: both sets over the same past events.

    event -> one set of rules: those that are the same in both   count on both sides
                               those only before, or only after  count on their own side
    what fired on it ─> correlations: the same on both sides once, the others for each side

Counted are alerts, not matches: one identity (rule and labels) on one day is one alert,
however often it fires. Event time decides the day, so a replay gives the same figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Literal

from rules.correlate import Correlator
from rules.facts import Facts, ReadText, value_of
from rules.match import RuleSet
from rules.rule import Rule
from rules.text.reading import read_text

Side = Literal["before", "after"]
SIDES: Final[tuple[Side, Side]] = ("before", "after")

POSITIVE: Final = frozenset(("confirmed", "suspected", "scam", "rumour"))
NEGATIVE: Final = frozenset(("benign", "benign-known"))
"""Analysts' verdicts: the states in which a case ends."""

NO_DAY: Final = "unknown"

Identity = tuple[str, ...]
_First = tuple[str, tuple[str, ...]]
"""The event that raised an alert first, and what a correlation put together then."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where alerts are counted."""

    day: str
    venue: str
    rule: str


@dataclass(frozen=True, slots=True)
class Row:
    cell: Cell
    n_before: int
    n_after: int
    n_gained: int
    n_lost: int


@dataclass(frozen=True, slots=True)
class Change:
    """An alert of one side only, as it was first raised."""

    gained: bool
    cell: Cell
    event_id: str
    """The event that raised it; of a correlation, the one that completed it."""
    members: tuple[str, ...]
    """Ids of the events that a correlation put together; empty for other rules."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one side did with the events that analysts have judged."""

    n_positive: int
    n_found: int
    """Positive events on which some rule fires."""
    n_negative: int
    n_false: int
    """Negative events on which some rule fires."""

    @property
    def recall(self) -> float | None:
        return self.n_found / self.n_positive if self.n_positive else None


@dataclass(slots=True)
class Backtest:
    """Takes events one by one; `rows`, `changes` and `judged` say what came out."""

    before: Iterable[Rule]
    after: Iterable[Rule]
    zone: tzinfo = UTC
    verdicts: Mapping[str, str] = field(default_factory=dict[str, str])
    read: ReadText = read_text
    n_events: int = 0
    _rules: RuleSet = field(init=False)
    _sides: dict[int, tuple[Side, ...]] = field(init=False)
    _alerts: dict[Side, dict[Cell, dict[Identity, _First]]] = field(init=False)
    _judged: Counter[tuple[str, bool]] = field(init=False)
    _correlators: list[tuple[tuple[Side, ...], Correlator]] = field(init=False)

    def __post_init__(self) -> None:
        before, after = list(self.before), list(self.after)
        by_id = {rule.id: rule for rule in after}
        same = {rule.id for rule in before if by_id.get(rule.id) == rule}
        changed = [rule for rule in after if rule.id not in same]
        # One set for both sides: each field of an event is looked up once.
        self._rules = RuleSet([*before, *changed], self.read)
        self._sides = {id(rule): ("before",) for rule in before}
        self._sides |= {id(rule): SIDES for rule in before if rule.id in same}
        self._sides |= {id(rule): ("after",) for rule in changed}
        self._alerts = {side: {} for side in SIDES}
        self._judged = Counter()
        shared = settled(after, same)
        self._correlators = [
            (SIDES, Correlator((rule for rule in after if rule.id in shared), self.read)),
            (("before",), Correlator((rule for rule in before if rule.id not in shared), self.read)),
            (("after",), Correlator((rule for rule in after if rule.id not in shared), self.read)),
        ]

    def feed(self, event: Mapping[str, Any]) -> None:
        """One past event, flat, with the names of `rules.event`."""
        self.n_events += 1
        facts = Facts(event, self.read)
        fired: dict[Side, list[str]] = {"before": [], "after": []}
        for rule in self._rules.fired(facts):
            self._raise(rule, event, self._sides[id(rule)], fired)
        for sides, correlator in self._correlators:
            for found in correlator.feed(event, fired[sides[0]]):
                self._raise(found.rule, found.event, sides, fired, found.members)
        verdict = self.verdicts.get(str(event.get("id"))) if self.verdicts else None
        if verdict is not None:
            known = verdict in POSITIVE
            self._judged["all", known] += 1
            for side, rules in fired.items():
                self._judged[side, known] += bool(rules)

    def _raise(
        self,
        rule: Rule,
        event: Mapping[str, Any],
        sides: Iterable[Side],
        fired: Mapping[Side, list[str]],
        members: tuple[str, ...] = (),
    ) -> None:
        cell, who = cell_of(event, rule, self.zone), identity(event, rule)
        for side in sides:
            fired[side].append(rule.id)
            first = (str(event.get("id")), members)
            self._alerts[side].setdefault(cell, {}).setdefault(who, first)

    def rows(self) -> list[Row]:
        """One for each day, venue and rule that raised anything on either side."""
        rows: list[Row] = []
        for cell, before, after in self._cells():
            rows.append(
                Row(
                    cell,
                    len(before),
                    len(after),
                    len(after.keys() - before.keys()),
                    len(before.keys() - after.keys()),
                )
            )
        return rows

    def changes(self) -> list[Change]:
        """The alerts that `rows` counts as gained or lost, by day, venue and rule."""
        found: list[Change] = []
        for cell, before, after in self._cells():
            found += [Change(True, cell, *first) for who, first in after.items() if who not in before]
            found += [Change(False, cell, *first) for who, first in before.items() if who not in after]
        return found

    def _cells(self) -> Iterator[tuple[Cell, dict[Identity, _First], dict[Identity, _First]]]:
        sides = self._alerts["before"], self._alerts["after"]
        for cell in sorted(set(sides[0]) | set(sides[1])):
            yield cell, sides[0].get(cell, {}), sides[1].get(cell, {})

    def judged(self, side: Side) -> Judged:
        counts = self._judged
        return Judged(counts["all", True], counts[side, True], counts["all", False], counts[side, False])


def settled(rules: Iterable[Rule], same: Collection[str]) -> set[str]:
    """Of the rules that are the `same` on both sides, those that wait for no other kind."""
    waits = {rule.id: set(rule.waits_for) for rule in rules if rule.id in same}
    while unsettled := [name for name, wanted in waits.items() if not wanted <= set(same) & set(waits)]:
        for name in unsettled:
            del waits[name]
    return set(waits)


def identity(event: Mapping[str, Any], rule: Rule) -> Identity:
    """What tells one alert of `rule` from another."""
    return tuple(str(event.get(label)) for label in rule.labels)


def cell_of(event: Mapping[str, Any], rule: Rule, zone: tzinfo) -> Cell:
    return Cell(day_of(event, zone), str(event.get("venue") or "-"), rule.id)


def day_of(event: Mapping[str, Any], zone: tzinfo) -> str:
    """The local date of the event's own time."""
    at = value_of(event.get("at"), "instant")
    return NO_DAY if at is None else datetime.fromtimestamp(at, UTC).astimezone(zone).date().isoformat()
