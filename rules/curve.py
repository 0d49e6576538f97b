"""A threshold's whole curve in one pass: what each value of it would have raised and found.

For every event the rule is judged twice, with the test taken as true and as false. Where
that changes nothing the threshold does not matter; where it does, the event's own value is
the threshold at which the outcome turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final

from rules.backtest import POSITIVE, day_of, identity
from rules.condition import denied
from rules.facts import Facts, ReadText
from rules.match import fires
from rules.rule import Rule, Test
from rules.text.reading import read_text

LIMITS: Final = frozenset(("gt", "gte", "lt", "lte"))
MAX_POINTS: Final = 40
"""Rows that a person reads; more values are thinned out evenly."""


class CurveError(ValueError):
    """The rule has no such threshold."""


@dataclass(frozen=True, slots=True)
class Point:
    threshold: float
    n_alerts: int
    alerts_per_day: float
    recall: float | None
    n_false: int


@dataclass(slots=True)
class Curve:
    """Takes events one by one.

    Parameters
    ----------
    rule
        Whose threshold is moved.
    selection, field_name
        Which: the test of that selection on that field with gt, gte, lt or lte. Where the rule holds
        the very same test twice, both are moved.
    """

    rule: Rule
    selection: str
    field_name: str
    zone: tzinfo = UTC
    verdicts: Mapping[str, str] = field(default_factory=dict[str, str])
    read: ReadText = read_text
    test: Test = field(init=False)
    _turning: dict[tuple[str, ...], float] = field(init=False, default_factory=dict[tuple[str, ...], float])
    _always: set[tuple[str, ...]] = field(init=False, default_factory=set[tuple[str, ...]])
    _days: set[str] = field(init=False, default_factory=set[str])
    _judged: list[tuple[bool, float | None]] = field(
        init=False, default_factory=list[tuple[bool, float | None]]
    )
    _n_positive: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.test = find_test(self.rule, self.selection, self.field_name)

    @property
    def _wants_more(self) -> bool:
        """A larger value passes."""
        return self.test.modifier in ("gt", "gte")

    def feed(self, event: Mapping[str, Any]) -> None:
        if event.get("kind") != self.rule.kind:
            return
        facts = Facts(event, self.read)
        day = day_of(event, self.zone)
        self._days.add(day)
        verdict = self.verdicts.get(str(event.get("id"))) if self.verdicts else None
        self._n_positive += verdict in POSITIVE
        if not fires(self.rule, facts, {self.test: True}):
            return
        value: float | None = None
        if not fires(self.rule, facts, {self.test: False}):
            value = facts.value(self.test.field, "number")
            if value is None:
                return
        who = (day, *identity(event, self.rule))
        if value is None:
            self._always.add(who)
        else:
            pick = max if self._wants_more else min
            self._turning[who] = pick(value, self._turning.get(who, value))
        if verdict is not None:
            self._judged.append((verdict in POSITIVE, value))

    def points(self) -> list[Point]:
        """From the loosest threshold to the tightest, the one in force among them."""
        values = sorted({*self._turning.values(), *(v for _, v in self._judged if v is not None)})
        current = float(self.test.values[0])  # pyright: ignore[reportArgumentType] - a limit is a number
        chosen = sorted({*_thinned(values), current}, reverse=not self._wants_more)
        return [self._point(threshold) for threshold in chosen]

    def _point(self, threshold: float) -> Point:
        alerts = {who for who, value in self._turning.items() if self._passes(value, threshold)}
        n_alerts = len(alerts | self._always)
        found = [known for known, value in self._judged if value is None or self._passes(value, threshold)]
        return Point(
            threshold,
            n_alerts,
            n_alerts / max(1, len(self._days)),
            sum(found) / self._n_positive if self._n_positive else None,
            len(found) - sum(found),
        )

    def _passes(self, value: float, threshold: float) -> bool:
        match self.test.modifier:
            case "gt":
                return value > threshold
            case "gte":
                return value >= threshold
            case "lt":
                return value < threshold
            case _:
                return value <= threshold


def find_test(rule: Rule, selection: str, field_name: str) -> Test:
    """The threshold that is meant.

    Raises
    ------
    CurveError
        No such selection or limit in it, or one that the condition denies.
    """
    if selection not in rule.names:
        raise CurveError(f'{rule.id} has no selection "{selection}"; it has {", ".join(rule.names)}')
    if selection in denied(rule.condition, rule.names):
        raise CurveError(f'"{selection}" is denied by the condition: more of it means fewer alerts')
    tests = [test for tests in rule.selection(selection).alternatives for test in tests]
    limits = [test for test in tests if test.type == "number" and test.modifier in LIMITS]
    for test in limits:
        if test.field == field_name:
            return test
    known = ", ".join(test.field for test in limits) or "none"
    raise CurveError(f'"{selection}" has no limit on {field_name}; limits there: {known}')


def _thinned(values: Sequence[float]) -> list[float]:
    if len(values) <= MAX_POINTS:
        return list(values)
    step = (len(values) - 1) / (MAX_POINTS - 1)
    return [values[round(number * step)] for number in range(MAX_POINTS)]
