"""Exceptions: signals, sites and words that people know, as data that ends by itself.

    exceptions:
      - id: meters-east-gate
        kind: radio
        reason: Water meters at the east gate, checked with the utility on 3 June
        author: Wang Li
        expires: 2026-07-01T00:00+08:00
        scope: {rules: [radio-repeated-bursts], venues: [no1]}
        when: {center_hz|within: [486.2M, 486.4M], modulation: fsk2}

An exception hides what a rule found, never the finding: what was hidden is told with the
reason, the author and the end. Whether it has ended is judged by the event's own time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from rules.facts import Facts, value_of
from rules.fault import Fault, Faults, PartError, RuleErrors, did_you_mean
from rules.modifiers import holds
from rules.parts import one_of, rule_id, word, words
from rules.reach import clash
from rules.rule import Alternative, Kind, Match, Rule
from rules.testline import read_test
from rules.yamltree import ListNode, MapNode, Node, Scalar, kind_of, parse, read_text

REQUIRED: Final = ("id", "kind", "reason", "author", "expires", "when")
OPTIONAL: Final = ("scope",)
KINDS: Final[tuple[Kind, ...]] = ("radio", "web", "correlation")
SCOPES: Final = ("rules", "venues")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Exemption:
    """One exception: what it is about, who answers for it, and until when."""

    id: str
    kind: Kind
    reason: str
    author: str
    expires_at: datetime
    when: tuple[Alternative, ...]
    """True when every test of one of them is."""
    rules: frozenset[str] = frozenset()
    """Empty for all of its kind."""
    venues: frozenset[str] = frozenset()
    """Empty for everywhere."""

    def covers(self, rule: Rule, facts: Facts) -> bool:
        """Whether it hides what `rule` found in an event; one without a time is never hidden."""
        if rule.kind != self.kind or (self.rules and rule.id not in self.rules):
            return False
        if self.venues and facts.event.get("venue") not in self.venues:
            return False
        at = value_of(facts.event.get("at"), "instant")
        if at is None or at >= self.expires_at.timestamp():
            return False
        return any(all(holds(test, facts) for test in tests) for tests in self.when)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A match that an exception hides."""

    match: Match
    by: Exemption

    def to_record(self) -> dict[str, Any]:
        return {
            "rule": self.match.rule.id,
            "exception": self.by.id,
            "reason": self.by.reason,
            "author": self.by.author,
            "expires_at": self.by.expires_at.isoformat(),
        }


def sift(
    matches: Iterable[Match], exemptions: Sequence[Exemption], facts: Facts
) -> tuple[list[Match], list[Hidden]]:
    """Matches that stand, and those that an exception hides, each with the first that does."""
    kept: list[Match] = []
    hidden: list[Hidden] = []
    for match in matches:
        by = next((each for each in exemptions if each.covers(match.rule, facts)), None)
        if by is None:
            kept.append(match)
        else:
            hidden.append(Hidden(match, by))
    return kept, hidden


def load_exemptions(file: Path, rules: Iterable[Rule] = ()) -> list[Exemption]:
    """The exceptions of a file, in its order.

    Parameters
    ----------
    rules
        Rules in force: a scope may name no other. Without any, names are not checked.

    Raises
    ------
    RuleErrors
        With every fault and its line.
    """
    try:
        text = read_text(file)
    except PartError as error:
        raise RuleErrors([Fault(str(file), error.line, error.message)]) from None
    return read_exemptions(text, str(file), rules)


def read_exemptions(text: str, file: str, rules: Iterable[Rule] = ()) -> list[Exemption]:
    """As `load_exemptions`, with the text at hand; `file` is what faults name."""
    faults = Faults(file)
    found: list[Exemption] = []
    try:
        tree = parse(text, faults)
        listed = tree.get("exceptions") if isinstance(tree, MapNode) else None
        if not isinstance(tree, MapNode) or not isinstance(listed, ListNode):
            raise PartError("exceptions: a list expected", 1)
        for key, _ in tree.pairs:
            if key.text != "exceptions":
                faults.add(key.line, f'unknown key "{key.text}"; there is only "exceptions"')
        known: dict[str, Kind] = {rule.id: rule.kind for rule in rules}
        for item in listed.items:
            read = _Reader(item, faults, known).exemption()
            if read is not None and any(read.id == other.id for other in found):
                faults.add(item.line, f'the id "{read.id}" stands twice')
            elif read is not None:
                found.append(read)
    except PartError as error:
        faults.add(error.line, error.message)
    if faults.found:
        raise RuleErrors(faults.found)
    return found


class _Reader:
    def __init__(self, node: Node, faults: Faults, known: Mapping[str, Kind]) -> None:
        if not isinstance(node, MapNode):
            raise PartError(f"an exception is a mapping, not {kind_of(node)}", node.line)
        self._node, self._faults, self._known = node, faults, known

    def exemption(self) -> Exemption | None:
        node, before = self._node, len(self._faults.found)
        keys = (*REQUIRED, *OPTIONAL)
        for key, _ in node.pairs:
            if key.text not in keys:
                self._faults.add(key.line, f'unknown key "{key.text}"{did_you_mean(key.text, keys)}')
        for name in REQUIRED:
            if node.get(name) is None:
                self._faults.add(node.line, f"{name} is missing")
        kind_node = node.get("kind")
        try:
            kind: Kind | None = one_of(kind_node, KINDS, "kind") if kind_node else None
            if kind is None or len(self._faults.found) > before:
                return None
            scope = self._scope(kind)
            found = Exemption(
                id=rule_id(self._must("id")),
                kind=kind,
                reason=word(self._must("reason")),
                author=word(self._must("author")),
                expires_at=self._expires(self._must("expires")),
                when=self._when(self._must("when"), kind),
                rules=scope.get("rules", frozenset()),
                venues=scope.get("venues", frozenset()),
            )
        except PartError as error:
            self._faults.add(error.line, error.message)
            return None
        return found if len(self._faults.found) == before else None

    def _must(self, name: str) -> Node:
        return cast("Node", self._node.get(name))

    def _expires(self, node: Node) -> datetime:
        text = node.text if isinstance(node, Scalar) else ""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise PartError(f'expires: a time like 2026-07-01T00:00+08:00 expected, not "{text}"', node.line)
        return at.astimezone(UTC)

    def _scope(self, kind: Kind) -> dict[str, frozenset[str]]:
        node = self._node.get("scope")
        if node is None:
            return {}
        if not isinstance(node, MapNode):
            raise PartError(f"scope is a mapping of rules and venues, not {kind_of(node)}", node.line)
        found: dict[str, frozenset[str]] = {}
        for key, value in node.pairs:
            if key.text not in SCOPES:
                raise PartError(f'scope has no "{key.text}"{did_you_mean(key.text, SCOPES)}', key.line)
            found[key.text] = frozenset(words(value))
        for name in sorted(found.get("rules", ())):
            if self._known and self._known.get(name) != kind:
                raise PartError(
                    f'scope: no {kind} rule "{name}"{did_you_mean(name, list(self._known))}', node.line
                )
        return found

    def _when(self, node: Node, kind: Kind) -> tuple[Alternative, ...]:
        items = node.items if isinstance(node, ListNode) else (node,)
        found: list[Alternative] = []
        for item in items:
            if not isinstance(item, MapNode) or not item.pairs:
                raise PartError(f"when: a mapping of tests expected, not {kind_of(item)}", item.line)
            tests = tuple(read_test(key, value, kind) for key, value in item.pairs)
            why = clash(tests)
            if why:
                raise PartError(f"when can never be true: {why}", item.line)
            found.append(tests)
        if not found:
            raise PartError("when: an empty list is never true", node.line)
        return tuple(found)
