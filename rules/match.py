"""Events against rules: a set compiled once, and the obvious way that proves it right.

`RuleSet` asks the index which rules can fire at all (`rules.gates`) and judges only those;
`match_slowly` walks every rule's tree. Both give the same matches in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from rules.condition import deciding
from rules.condition import holds as condition_holds
from rules.facts import Facts, ReadText
from rules.gates import Layout, gates, passing, place
from rules.index import build
from rules.modifiers import holds
from rules.reasons import reason
from rules.rule import Alternative, Match, Reason, Rule, Test
from rules.text.reading import read_text

NOTHING_FORCED: Mapping[Test, bool] = MappingProxyType({})


class RuleSet:
    """Rules in force, immutable: a change makes a new set. Correlations are for `rules.correlate`.

    Parameters
    ----------
    rules
        In any order; their ids differ.
    read
        Reads running text; the shipped leak reader unless a test brings its own.
    """

    def __init__(self, rules: Iterable[Rule], read: ReadText = read_text) -> None:
        self.rules = tuple(sorted(rules, key=_order))
        self._read = read
        self._kinds: dict[str, Compiled] = {}
        for kind in {rule.kind for rule in self.rules} - {"correlation"}:
            self._kinds[kind] = Compiled([rule for rule in self.rules if rule.kind == kind])

    def match(self, event: Mapping[str, Any]) -> list[Match]:
        """The rules that fire on `event`, gravest first; an event of a kind without rules fires none.

        `event` holds values by the names of `rules.event`; None and missing mean unknown.
        """
        compiled = self._kinds.get(str(event.get("kind")))
        if compiled is None:
            return []
        facts = Facts(event, self._read)
        matches = (judge(rule, facts) for rule in compiled.candidates(facts))
        return [match for match in matches if match]

    def fired(self, facts: Facts) -> list[Rule]:
        """As `match`, without the reasons: for whoever only counts."""
        compiled = self._kinds.get(str(facts.event.get("kind")))
        return [rule for rule in compiled.candidates(facts) if fires(rule, facts)] if compiled else []

    def __len__(self) -> int:
        return len(self.rules)

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


class Compiled:
    """The rules of one kind and their index."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._layout = Layout(len(rules))
        placed, self._always = place([gates(rule) for rule in rules], self._layout)
        self._indices = build(placed)

    def candidates(self, facts: Facts) -> list[Rule]:
        found = self._always
        for index in self._indices:
            found |= index.bits(facts)
        return [self._rules[number] for number in passing(found, self._layout)]


def match_slowly(rules: Iterable[Rule], event: Mapping[str, Any], read: ReadText = read_text) -> list[Match]:
    """What `RuleSet.match` must give, by asking every rule."""
    facts = Facts(event, read)
    matches = (judge(rule, facts) for rule in sorted(rules, key=_order) if rule.kind == event.get("kind"))
    return [match for match in matches if match]


def judge(rule: Rule, facts: Facts) -> Match | None:
    """`rule` on one event, whole: its condition over its selections over their tests."""
    known: dict[str, Alternative | None] = {}

    def truth(name: str) -> bool:
        if name not in known:
            known[name] = true_alternative(rule, name, facts)
        return known[name] is not None

    if not condition_holds(rule.condition, truth, rule.names):
        return None
    everything = {name: truth(name) for name in rule.names}
    return Match(rule, tuple(_why(deciding(rule.condition, everything), known, facts)))


def fires(rule: Rule, facts: Facts, forced: Mapping[Test, bool] = NOTHING_FORCED) -> bool:
    """Whether `rule` fires, with the outcome of some of its tests `forced`."""

    def truth(name: str) -> bool:
        return any(
            all(forced[test] if test in forced else holds(test, facts) for test in alternative)
            for alternative in rule.selection(name).alternatives
        )

    return condition_holds(rule.condition, truth, rule.names)


def true_alternative(rule: Rule, name: str, facts: Facts) -> Alternative | None:
    """The first alternative of a selection whose tests all hold."""
    for alternative in rule.selection(name).alternatives:
        if all(holds(test, facts) for test in alternative):
            return alternative
    return None


def _why(names: Iterable[str], known: Mapping[str, Alternative | None], facts: Facts) -> Iterable[Reason]:
    for name in names:
        for test in known[name] or ():
            yield reason(name, test, facts)


def _order(rule: Rule) -> tuple[int, str]:
    return -rule.gravity, rule.id
