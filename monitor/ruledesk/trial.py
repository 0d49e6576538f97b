"""A rule's text tried on what the store holds, before anybody puts it in force. Blocking.

store's newest events ──> Backtest: before | after ──> counts, verdicts
        │                 Curve: one threshold moved
        └── a bound on how many and how long: whoever asks is told how far it came

A store holds what raised an alert; what the rules in force missed is not in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import sqlalchemy as sa

from monitor.people.scope import Scope
from monitor.store.past import PastEvent, past_events
from rules.backtest import Backtest, Judged, Row
from rules.condition import denied
from rules.curve import LIMITS, Curve, Point
from rules.exemption import Exemption
from rules.rule import Rule, Test
from rules.tally import Line, Tally

MAX_EVENTS = 20_000
LIMIT_S = 12.0
N_SHOWN = 40
"""Alerts gained or lost that are told one by one, the newest; the counts hold all of them."""
SHOWN = ("at", "venue", "title", "center_hz", "snr_db")


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of the past was looked at."""

    n_events: int
    cut: bool
    """Time or number ran out before the past did."""
    first_at: str | None
    last_at: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """An alert of one side only, by the event that raised it; of a correlation, that completed it."""

    gained: bool
    rule: str
    n_members: int
    """Events that a correlation put together; 0 for other rules."""
    event: Mapping[str, Any]
    """What of it tells it from others: ``at venue title center_hz snr_db``."""
    fingerprint: str
    """Of an alert that the event raised when it came."""
    verdict: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    rows: Sequence[Row]
    before: Judged
    after: Judged
    moved: Sequence[Moved]
    reach: Reach


@dataclass(frozen=True, slots=True)
class CurveFound:
    points: Sequence[Point]
    modifier: str
    current: float
    reach: Reach


@dataclass(frozen=True, slots=True)
class ExceptionsFound:
    lines: Sequence[Line]
    reach: Reach


@dataclass(slots=True)
class _Bounded:
    """The past, until time or number runs out."""

    events: Iterator[PastEvent]
    now_s: Callable[[], float]
    n_events: int = 0
    cut: bool = False
    first_at: str | None = None
    last_at: str | None = None
    _end_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._end_s = self.now_s() + LIMIT_S

    def __iter__(self) -> Iterator[PastEvent]:
        for past in self.events:
            if self.now_s() > self._end_s:
                self.cut = True
                return
            self.n_events += 1
            self.last_at = str(past.event.get("at"))
            self.first_at = self.first_at or self.last_at
            yield past
        self.cut = self.n_events >= MAX_EVENTS

    def reach(self) -> Reach:
        return Reach(self.n_events, self.cut, self.first_at, self.last_at)


class RuleTrials:
    """Every call may raise `StoreError`, and takes up to `LIMIT_S` seconds.

    Parameters
    ----------
    zone
        Whose days are counted.
    now_s
        A clock that only goes forward.
    """

    def __init__(self, reader: sa.Engine, zone: tzinfo, now_s: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._zone = zone
        self._now_s = now_s

    def compare(self, edition: Sequence[Rule], rule: Rule, scope: Scope) -> Comparison:
        """What `rule` in place of the edition's own of that id, or beside the others, changes."""
        involved = involved_with(edition, rule)
        before = [one for one in edition if one.id in involved]
        return self._compare(before, [*(one for one in before if one.id != rule.id), rule], scope)

    def without(self, edition: Sequence[Rule], rule: Rule, scope: Scope) -> Comparison:
        """What is lost without `rule`, which no other waits for."""
        involved = involved_with(edition, rule)
        before = [one for one in edition if one.id in involved]
        return self._compare(before, [one for one in before if one.id != rule.id], scope)

    def _compare(self, before: Sequence[Rule], after: Sequence[Rule], scope: Scope) -> Comparison:
        verdicts: dict[str, str] = {}
        test = Backtest(before, after, self._zone, verdicts)
        past = self._past(verdicts, scope)
        seen: dict[str, tuple[Mapping[str, Any], str]] = {}
        for one in past:
            test.feed(one.event)
            shown = {name: one.event.get(name) for name in SHOWN}
            seen.setdefault(str(one.event["id"]), (shown, one.fingerprint))
        moved = [
            Moved(
                change.gained,
                change.cell.rule,
                len(change.members),
                *seen[change.event_id],
                verdicts.get(change.event_id),
            )
            for change in test.changes()
            if change.event_id in seen
        ]
        moved.sort(key=lambda one: str(one.event["at"]), reverse=True)
        return Comparison(
            test.rows(), test.judged("before"), test.judged("after"), moved[:N_SHOWN], past.reach()
        )

    def curve(self, rule: Rule, selection: str, field_name: str, scope: Scope) -> CurveFound:
        """Raises `CurveError`."""
        verdicts: dict[str, str] = {}
        curve = Curve(rule, selection, field_name, self._zone, verdicts)
        past = self._past(verdicts, scope)
        for one in past:
            curve.feed(one.event)
        current = float(curve.test.values[0])  # pyright: ignore[reportArgumentType] - a limit is a number
        return CurveFound(curve.points(), curve.test.modifier, current, past.reach())

    def exceptions(
        self, edition: Sequence[Rule], exemptions: Sequence[Exemption], scope: Scope
    ) -> ExceptionsFound:
        """How many alerts each would have hidden."""
        tally = Tally(edition, exemptions, self._zone)
        past = self._past({}, scope)
        for one in past:
            tally.feed(one.event)
        return ExceptionsFound(tally.lines(), past.reach())

    def _past(self, verdicts: dict[str, str], scope: Scope) -> _Bounded:
        return _Bounded(past_events(self._reader, verdicts, newest=MAX_EVENTS, scope=scope), self._now_s)


def involved_with(rules: Iterable[Rule], rule: Rule) -> frozenset[str]:
    """Ids of `rule`, of what waits for it, and of all that those wait for."""
    waits = {one.id: set(one.waits_for) for one in rules}
    waits.setdefault(rule.id, set()).update(rule.waits_for)
    found, grew = {rule.id}, True
    while grew:
        wider = found | {name for name, wanted in waits.items() if wanted & found}
        wider |= {wanted for name in wider for wanted in waits.get(name, ())}
        grew, found = wider != found, wider
    return frozenset(found)


def limits_of(rule: Rule) -> list[tuple[str, Test]]:
    """Selection and test of each threshold that `Curve` can move, in the rule's order."""
    return [
        (selection.name, test)
        for selection in rule.selections
        if rule.correlation is None and selection.name not in denied(rule.condition, rule.names)
        for tests in selection.alternatives
        for test in tests
        if test.type == "number" and test.modifier in LIMITS
    ]
