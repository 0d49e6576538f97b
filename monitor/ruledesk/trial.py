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
from rules.facts import Facts
from rules.match import fires
from rules.rule import Rule, Test
from rules.tally import Line, Tally
from rules.text.reading import read_text

MAX_EVENTS = 20_000
LIMIT_S = 12.0
N_SHOWN = 40
"""Single events that changed sides; the counts hold all of them."""


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
    """An event that fires on one side only."""

    gained: bool
    event: Mapping[str, Any]
    fingerprint: str
    """Of an alert that it raised when it came."""
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
        old = next((one for one in edition if one.id == rule.id), None)
        involved = involved_with(edition, rule)
        before = [one for one in edition if one.id in involved]
        after = [*(one for one in before if one.id != rule.id), rule]
        verdicts: dict[str, str] = {}
        test = Backtest(before, after, self._zone, verdicts)
        moved: list[Moved] = []
        past = self._past(verdicts, scope)
        for one in past:
            test.feed(one.event)
            if len(moved) < N_SHOWN and rule.correlation is None and one.event.get("kind") == rule.kind:
                facts = Facts(one.event, read_text)
                fired = fires(rule, facts)
                if fired is not (old is not None and old.correlation is None and fires(old, facts)):
                    verdict = verdicts.get(str(one.event["id"]))
                    moved.append(Moved(fired, one.event, one.fingerprint, verdict))
        return Comparison(test.rows(), test.judged("before"), test.judged("after"), moved, past.reach())

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
