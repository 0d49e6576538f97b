"""What the rules have raised today, against the budgets that they carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from monitor.alert.alert import Alert
from rules.budget import BudgetWatch, Over
from rules.rule import Rule


class DayLoad:
    """Counts alerts by rule, and by day in the timetable's zone.

    Parameters
    ----------
    n_sensors
        In service: a budget of radio is per sensor and day.
    """

    def __init__(self, n_sensors: int, zone: tzinfo = UTC) -> None:
        self._n_sensors = n_sensors
        self._zone = zone
        self._watch = BudgetWatch()
        self._n_alerts: Counter[str] = Counter()
        self._n_posts = 0
        self._posts_day = ""

    def post(self, at: datetime) -> None:
        """A post was read."""
        day = self._day(at)
        if day > self._posts_day:
            self._posts_day, self._n_posts = day, 0
        self._n_posts += 1

    def raised(self, alerts: Iterable[Alert], rules: Iterable[Rule]) -> None:
        by_id = {rule.id: rule for rule in rules}
        for alert in alerts:
            for hit in alert.rules:
                self._n_alerts[hit.rule] += 1
                rule = by_id.get(hit.rule)
                if rule is not None:
                    self._watch.count(self._day(alert.updated_at), rule, alert.labels)

    def n_alerts(self, rule: str) -> int:
        """Since this process began."""
        return self._n_alerts[rule]

    def over(self, rules: Iterable[Rule]) -> list[Over]:
        """Rules that have used up their day, the worst first."""
        return self._watch.over(rules, self._n_sensors, self._n_posts)

    def _day(self, at: datetime) -> str:
        return at.astimezone(self._zone).date().isoformat()
