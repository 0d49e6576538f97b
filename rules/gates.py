"""What must be true of an event before a rule can fire, found for all rules at once.

A rule's column is one bit. Planes of columns, side by side in one big integer, hold what
was found in the event; a field's value sets its bits in all planes with a single OR:

    plane   0 .. P-1           "gate g of the rule holds"       needed: all of them
            P + j*T + t        "test t of denied selection j"   all T of one j: the rule is out

Numbers: the limits of all rules cut the line into pieces, and each piece knows its bits.
Words: a dictionary. Running text: one Aho-Corasick automaton and one RE2 set a field.
Gates are necessary, not sufficient: what passes is judged in full by `rules.match`. So a
gate may be looser than its test, but a denied test must be exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rules.condition import And, Condition, Name, Not, Or, expand
from rules.modifiers import VERDICTS
from rules.rule import Alternative, Rule, Test

MAX_GATES: Final = 10
MAX_DENIED: Final = 3
"""Selections that put a rule out; and how many tests each may have."""
MAX_DENIED_TESTS: Final = 3

Gate = frozenset[Test]
"""At least one of these tests must be true."""

_SELECTIVE: Final = (
    "is",
    "mainly",
    "contains",
    "re",
    "startswith",
    "endswith",
    "within",
    "equals",
    "between",
)
"""Which test of an alternative stands for it, the most telling first (judgement: it costs time only)."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Of one rule: all of `needed`; none of `denied` (each true when all of its tests are)."""

    needed: tuple[Gate, ...]
    denied: tuple[Alternative, ...]


def gates(rule: Rule) -> Gates:
    """What the condition of `rule` needs and what it denies."""
    condition = _inward(expand(rule.condition, rule.names), negated=False)
    needed = sorted(set(_needed(condition, rule)), key=_cost)
    denied = [a for a in _denied(condition, rule) if len(a) <= MAX_DENIED_TESTS and all(map(exact, a))]
    return Gates(tuple(needed[:MAX_GATES]), tuple(denied[:MAX_DENIED]))


def exact(test: Test) -> bool:
    """Whether the index answers `test` itself, and not something looser."""
    if test.every and len(test.values) > 1:
        return False
    if test.type in ("number", "instant", "flag"):
        return True
    if test.modifier in ("exists", "empty", *VERDICTS):
        return True
    return test.modifier == "equals"


def _inward(condition: Condition, *, negated: bool) -> Condition:
    """The same with every `not` before a name (De Morgan)."""
    match condition:
        case Not(item):
            return _inward(item, negated=not negated)
        case And(items) | Or(items):
            inner = tuple(_inward(item, negated=negated) for item in items)
            return And(inner) if isinstance(condition, And) != negated else Or(inner)
        case _:
            return Not(condition) if negated else condition


def _needed(condition: Condition, rule: Rule) -> list[Gate]:
    match condition:
        case Name(name):
            alternatives = rule.selection(name).alternatives
            if len(alternatives) == 1:
                return [frozenset((test,)) for test in alternatives[0]]
            return [frozenset(min(tests, key=_rank) for tests in alternatives)]
        case And(items):
            return [gate for item in items for gate in _needed(item, rule)]
        case Or(items):
            each = [_needed(item, rule) for item in items]
            if not all(each):
                return []
            return [frozenset[Test]().union(*(min(found, key=_cost) for found in each))]
        case _:
            return []


def _denied(condition: Condition, rule: Rule) -> Iterator[Alternative]:
    match condition:
        case Not(Name(name)):
            yield from rule.selection(name).alternatives
        case And(items):
            for item in items:
                yield from _denied(item, rule)
        case _:
            return


def _rank(test: Test) -> int:
    return _SELECTIVE.index(test.modifier) if test.modifier in _SELECTIVE else len(_SELECTIVE)


def _cost(gate: Gate) -> tuple[int, int]:
    return max(map(_rank, gate)), len(gate)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which bit of the big integer stands for which plane and rule."""

    n_rules: int

    def gate_bit(self, gate: int, rule: int) -> int:
        return 1 << (gate * self.n_rules + rule)

    def denied_bit(self, denied: int, test: int, rule: int) -> int:
        return 1 << ((MAX_GATES + denied * MAX_DENIED_TESTS + test) * self.n_rules + rule)


def place(all_gates: Sequence[Gates], layout: Layout) -> tuple[list[tuple[Test, int]], int]:
    """Each test with the bits that it sets, and the bits that are set whatever the event says."""
    bits: dict[Test, int] = {}
    always = 0
    for rule, own in enumerate(all_gates):
        for number in range(MAX_GATES):
            bit = layout.gate_bit(number, rule)
            if number >= len(own.needed):
                always |= bit
                continue
            for test in own.needed[number]:
                bits[test] = bits.get(test, 0) | bit
        for number, tests in enumerate(own.denied):
            for position in range(MAX_DENIED_TESTS):
                bit = layout.denied_bit(number, position, rule)
                if position >= len(tests):
                    always |= bit
                else:
                    bits[tests[position]] = bits.get(tests[position], 0) | bit
    return list(bits.items()), always


def passing(found: int, layout: Layout) -> Iterator[int]:
    """Numbers of the rules whose gates all hold and that nothing denies."""
    plane = (1 << layout.n_rules) - 1
    through = plane
    for number in range(MAX_GATES):
        through &= found >> (number * layout.n_rules)
        if not through:
            return
    for denied in range(MAX_DENIED):
        out = plane
        for position in range(MAX_DENIED_TESTS):
            out &= found >> ((MAX_GATES + denied * MAX_DENIED_TESTS + position) * layout.n_rules)
        through &= ~out
    while through:
        lowest = through & -through
        yield lowest.bit_length() - 1
        through ^= lowest
