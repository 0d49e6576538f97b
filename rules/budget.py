"""What a rule may cost: false alarms a sensor-day (radio) or 10,000 posts (web), and how it keeps to it.

measured on a clean baseline ──> the rule's file ──> promotion: no figure, no stable rule
counted on the day           ──> over its limit?  ──> told to the operator, never muted
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.fault import Fault
from rules.rule import Kind, Rule

UNITS: Final[Mapping[Kind, str]] = {
    "radio": "sensor-day",
    "web": "10,000 posts",
    "correlation": "sensor-day",
}
POSTS: Final = 10_000
MAX_IDENTITIES: Final = 10_000
"""Of one rule on one day; more are counted without being told apart."""


def promotions(before: Iterable[Rule], after: Iterable[Rule]) -> Iterator[Fault]:
    """Faults: rules that were experimental, are stable now, and have no measured figure within the limit."""
    trial = {rule.id for rule in before if rule.experimental}
    for rule in after:
        if rule.id not in trial or rule.experimental:
            continue
        unit = UNITS[rule.kind]
        if rule.budget is None or rule.budget.measured is None:
            yield Fault(
                rule.file,
                1,
                f"{rule.id} becomes stable without a measured figure: budget.measured, false alarms a {unit}",
            )
        elif rule.budget.measured > rule.budget.limit:
            measured, limit = rule.budget.measured, rule.budget.limit
            yield Fault(
                rule.file,
                1,
                f"{rule.id} becomes stable over its limit: {measured:g} a {unit}, {limit:g} allowed",
            )


@dataclass(frozen=True, slots=True)
class Over:
    """A rule that has used up its day."""

    rule: Rule
    n_alerts: int
    n_allowed: float

    @property
    def texts(self) -> tuple[str, str]:
        """What to tell the operator, English and Chinese."""
        title, allowed = self.rule.title, f"{self.n_allowed:g}"
        return (
            f"“{title.en}” has raised {self.n_alerts} alerts today; its budget is {allowed}. "
            "It keeps running: check its newest alerts and consider an exception.",
            f"“{title.zh}”今日已告警 {self.n_alerts} 次，超出预算 {allowed} 次。"
            "规则仍在运行：请核对最新告警，考虑添加例外。",
        )


@dataclass(slots=True)
class BudgetWatch:
    """Counts one day's alerts a rule. All count as false: on the day nobody knows better."""

    day: str = ""
    _identities: dict[str, set[frozenset[tuple[str, str]]]] = field(
        default_factory=dict[str, set[frozenset[tuple[str, str]]]]
    )
    _n_more: Counter[str] = field(default_factory=Counter[str])

    def count(self, day: str, rule: Rule, labels: Mapping[str, Any]) -> None:
        """One firing; an alert that goes on counts once a day. A new day begins anew."""
        if day < self.day:
            return
        if day > self.day:
            self.day = day
            self._identities.clear()
            self._n_more.clear()
        known = self._identities.setdefault(rule.id, set())
        who = frozenset((name, str(value)) for name, value in labels.items())
        if len(known) < MAX_IDENTITIES:
            known.add(who)
        elif who not in known:
            self._n_more[rule.id] += 1

    def over(self, rules: Iterable[Rule], n_sensors: int, n_posts: int) -> list[Over]:
        """Rules over their budget of this day, the worst first.

        Parameters
        ----------
        n_sensors, n_posts
            Sensors in service and posts read today. Fewer than 10,000 posts allow what 10,000 do:
            a handful says nothing of a rate.
        """
        found: list[Over] = []
        for rule in rules:
            if rule.budget is None:
                continue
            n_alerts = len(self._identities.get(rule.id, ())) + self._n_more[rule.id]
            share = max(1.0, n_posts / POSTS) if rule.kind == "web" else float(max(1, n_sensors))
            allowed = max(1.0, rule.budget.limit * share)
            if n_alerts > allowed:
                found.append(Over(rule, n_alerts, allowed))
        return sorted(found, key=lambda each: (-each.n_alerts / each.n_allowed, each.rule.id))
