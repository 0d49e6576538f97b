"""Why a rule fires on an event or stays quiet: each selection and test true, false or nearly.

"Nearly" is for the person who sets a threshold: a number within a tenth of its limit (3 dB
for levels), a text that the leak reader gives at least 70 % of what it asks, some but not
all of a list.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from rules.condition import holds as condition_holds
from rules.event import ALL_FIELDS
from rules.facts import Facts, ReadText
from rules.modifiers import VERDICTS, holds, ranges
from rules.reasons import reason, show_actual, wanted
from rules.rule import Alternative, Rule, Test
from rules.text.reading import read_text

State = Literal["true", "nearly", "false", "unknown"]

NEAR_SHARE: Final = 0.1
"""Of the limit (judgement)."""
NEAR_DB: Final = 3.0
"""A factor of two in power."""
NEAR_SCORE: Final = 0.7


@dataclass(frozen=True, slots=True)
class TestView:
    """One test, and what the event had for it."""

    test: Test
    state: State
    en: str
    zh: str

    __test__ = False


@dataclass(frozen=True, slots=True)
class SelectionView:
    name: str
    true: bool
    tests: tuple[TestView, ...]
    """Of the alternative that is true, or that comes nearest."""

    @property
    def differing(self) -> tuple[TestView, ...]:
        return tuple(view for view in self.tests if view.state != "true")


@dataclass(frozen=True, slots=True)
class Explanation:
    rule: Rule
    fires: bool
    selections: tuple[SelectionView, ...]

    @property
    def state(self) -> State:
        """``nearly``: one selection, had it been the other way, would have made the rule fire."""
        if self.fires:
            return "true"
        return "nearly" if self.decisive() else "false"

    def decisive(self) -> list[SelectionView]:
        """Selections that alone decide: with the opposite of one of them the outcome is the opposite."""
        truth = {view.name: view.true for view in self.selections}
        found: list[SelectionView] = []
        for view in self.selections:
            turned = truth | {view.name: not view.true}
            if condition_holds(self.rule.condition, turned.__getitem__, turned) != self.fires:
                found.append(view)
        return found


def explain(rule: Rule, event: Mapping[str, Any], read: ReadText = read_text) -> Explanation:
    """`rule` on `event`, part by part; a rule for another kind of event is false throughout.

    A correlation is true of an event that counts for it.
    """
    facts = Facts(event, read)
    views = tuple(_selection(rule, name, facts) for name in rule.names)
    truth = {view.name: view.true for view in views}
    of_kind = rule.kind in ("correlation", event.get("kind"))
    return Explanation(rule, of_kind and condition_holds(rule.condition, truth.__getitem__, truth), views)


def _selection(rule: Rule, name: str, facts: Facts) -> SelectionView:
    views = [_alternative(tests, facts) for tests in rule.selection(name).alternatives]
    best = max(views, key=_closeness)
    return SelectionView(name, all(view.state == "true" for view in best), best)


def _closeness(views: tuple[TestView, ...]) -> tuple[bool, float]:
    worth = {"true": 1.0, "nearly": 0.5, "false": 0.0, "unknown": 0.0}
    share = sum(worth[view.state] for view in views) / len(views)
    return all(view.state == "true" for view in views), share


def _alternative(tests: Alternative, facts: Facts) -> tuple[TestView, ...]:
    return tuple(_test(test, facts) for test in tests)


def _test(test: Test, facts: Facts) -> TestView:
    if holds(test, facts):
        why = reason("", test, facts)
        return TestView(test, "true", why.text, why.text_zh)
    actual = facts.event.get(test.field)
    if test.type == "text" and test.modifier != "exists":
        en, zh = _text_found(test, facts)
    else:
        en, zh = (show_actual(test, actual, language) for language in ("en", "zh"))
    state: State = "unknown" if not facts.known(test.field) else "nearly" if _near(test, facts) else "false"
    return TestView(
        test,
        state,
        f"{test.field} is {en}, wanted: {wanted(test, 'en')}",
        f"{ALL_FIELDS[test.field].zh}（{test.field}）为 {zh}，要求：{wanted(test, 'zh')}",
    )


def _text_found(test: Test, facts: Facts) -> tuple[str, str]:
    reading = facts.reading(test.field)
    if reading is None:
        return "not known", "未知"
    if test.modifier in VERDICTS:
        scores = [reading.categories[str(value)] for value in test.values if str(value) in reading.categories]
        best = max(scores, key=lambda score: score.score / score.threshold, default=None)
        if best is not None:
            return f"{best.score:.2f} of {best.threshold:.2f}", f"{best.score:.2f} / {best.threshold:.2f}"
    start = " ".join(str(facts.event[test.field]).split())[:40]
    return f"“{start}…” without it", f"“{start}…”，其中没有"


def _near(test: Test, facts: Facts) -> bool:
    if test.every and test.modifier not in VERDICTS:
        return any(holds(_one(test, value), facts) for value in test.values)
    if test.type == "number" and test.modifier != "exists":
        actual = facts.value(test.field, "number")
        limits = [limit for low, _, high, _ in ranges(test) for limit in (low, high)]
        return actual is not None and any(_near_limit(test.field, actual, limit) for limit in limits)
    if test.modifier in VERDICTS:
        reading = facts.reading(test.field)
        found = [reading.categories.get(str(value)) for value in test.values] if reading else []
        return any(score is not None and score.score >= NEAR_SCORE * score.threshold for score in found)
    return False


def _near_limit(field: str, actual: float, limit: float) -> bool:
    if math.isinf(limit):
        return False
    room = NEAR_DB if field.endswith(("_db", "_dbfs")) else NEAR_SHARE * abs(limit)
    return abs(actual - limit) <= room


def _one(test: Test, value: Any) -> Test:
    return Test(test.field, test.type, test.modifier, (value,), line=test.line)
