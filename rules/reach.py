"""Rules that can never fire, or always do: found by trying every truth of their selections.

A truth that makes the condition true counts only if its selections can be true together:
numbers must leave a range, words a value, flags one side. What cannot be decided (running
text, expressions) is taken as possible, so nothing that could fire is ever refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final

from rules.condition import expand, holds, show_condition
from rules.modifiers import ranges
from rules.rule import Alternative, Rule, Test

MAX_NAMES: Final = 8
"""2^8 truths take a millisecond; rules with more selections are not judged."""
MAX_COMBINATIONS: Final = 64

Span = tuple[float, bool, float, bool]


def unreachable(rule: Rule) -> Iterator[tuple[str, int]]:
    """Faults, with their lines: alternatives and a condition that nothing can make true."""
    dead: set[str] = set()
    for selection in rule.selections:
        clashes = [clash(alternative) for alternative in selection.alternatives]
        for alternative, why in zip(selection.alternatives, clashes, strict=True):
            if why:
                yield f'selection "{selection.name}" can never be true: {why}', alternative[0].line
        if all(clashes):
            dead.add(selection.name)
    if not dead and len(rule.selections) <= MAX_NAMES:
        yield from _condition(rule)


def _condition(rule: Rule) -> Iterator[tuple[str, int]]:
    condition = expand(rule.condition, rule.names)
    n_true = 0
    why = ""
    for values in product((False, True), repeat=len(rule.names)):
        truth = dict(zip(rule.names, values, strict=True))
        if not holds(condition, truth.__getitem__, rule.names):
            continue
        n_true += 1
        found = _together(rule, truth)
        if not found and any(values):
            break
        why = found or why
    else:
        if n_true and not why:
            yield "the condition is true when nothing is found: it would fire on every event", rule.line
            return
        shown = show_condition(rule.condition)
        yield f"the condition can never be true: {why or shown + ' contradicts itself'}", rule.line


def _together(rule: Rule, truth: dict[str, bool]) -> str:
    """Why the selections that `truth` holds true cannot be true at once; empty if they can."""
    wanted = [rule.selection(name).alternatives for name, value in truth.items() if value]
    absent = [frozenset(a) for n, v in truth.items() if not v for a in rule.selection(n).alternatives]
    why = ""
    for number, combination in enumerate(product(*wanted)):
        if number >= MAX_COMBINATIONS:
            return ""
        tests = [test for alternative in combination for test in alternative]
        why = clash(tests)
        if not why and any(denied <= set(tests) for denied in absent):
            why = "a selection is wanted and denied at once"
        if not why:
            return ""
    return why


def clash(tests: Sequence[Test] | Alternative) -> str:
    """Why no event passes all of `tests`; empty where one may."""
    by_field: dict[str, list[Test]] = {}
    for test in tests:
        by_field.setdefault(test.field, []).append(test)
    for name, group in by_field.items():
        absent = [test for test in group if test.modifier == "exists" and test.values == (False,)]
        if absent and len(group) > len(absent):
            return f"{name} is wanted and must not exist"
        shown = " and ".join(_shown(test) for test in group)
        if _disjoint(group):
            return f"{name} cannot be {shown}"
    return ""


def _disjoint(group: list[Test]) -> bool:
    type_ = group[0].type
    if type_ in ("number", "instant"):
        return not _common([ranges(test) for test in group if test.modifier != "exists"])
    equal = [test for test in group if test.modifier == "equals"]
    if type_ == "words":
        return any(test.modifier == "empty" and test.values == (True,) for test in group) and bool(equal)
    if not equal:
        return False
    if type_ == "word" and any(test.every for test in equal):
        return True  # one word cannot equal two
    return not frozenset.intersection(*(frozenset(test.values) for test in equal))


def _common(unions: Iterable[list[Span]]) -> list[Span]:
    common: list[Span] = [(-math.inf, True, math.inf, True)]
    for union in unions:
        both = [_cut(one, other) for one in common for other in union]
        common = [span for span in both if _possible(span)]
    return common


def _cut(one: Span, other: Span) -> Span:
    low, with_low = max((one[0], not one[1]), (other[0], not other[1]))
    high, with_high = min((one[2], one[3]), (other[2], other[3]))
    return low, not with_low, high, with_high


def _possible(span: Span) -> bool:
    low, with_low, high, with_high = span
    return low < high or (low == high and with_low and with_high)


def _shown(test: Test) -> str:
    values = " or ".join(_value(value) for value in test.values)
    return f"{'' if test.modifier == 'equals' else test.modifier + ' '}{values}"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{value[0]:g}, {value[1]:g}]"
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
