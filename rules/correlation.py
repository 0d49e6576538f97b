"""The ``correlation`` part of a rule file: which events together make the rule fire.

    type          asks for
    count         at least `at_least` events
    values        `at_least` different values of `field`
    sequence      one event a step, in the order of the steps
    coincidence   one event a step, in any order
    period        `at_least` bursts at even distances

all of them `within` a time, in agreement on the labels `by` and alike in the fields `near`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, TypeVar, cast

from rules.condition import Condition, ConditionError, Name, Or, mentions, parse_condition, selected
from rules.event import ALL_FIELDS
from rules.fault import Faults, PartError, did_you_mean
from rules.parts import one_of, word, words
from rules.quantity import parse_duration, parse_quantity
from rules.rule import Correlation, CorrelationType, Near, label_names
from rules.yamltree import ListNode, MapNode, Node, Scalar, kind_of

TYPES: Final[tuple[CorrelationType, ...]] = ("count", "values", "sequence", "coincidence", "period")
STEPPED: Final = frozenset(("sequence", "coincidence"))
KEYS: Final = ("type", "of", "steps", "within", "by", "near", "field", "at_least", "period", "jitter")
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    "count": frozenset(("of", "at_least")),
    "values": frozenset(("of", "at_least", "field")),
    "sequence": frozenset(("steps",)),
    "coincidence": frozenset(("steps",)),
    "period": frozenset(("of", "at_least", "period", "jitter")),
}
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "count": ("of", "at_least"),
    "values": ("of", "at_least", "field"),
    "sequence": ("steps",),
    "coincidence": ("steps",),
    "period": ("of", "at_least", "period"),
}
MAX_WITHIN_S: Final = 86_400.0
"""What is remembered must stay bounded; an exam day is one day."""
MAX_AT_LEAST: Final = 64
MAX_STEPS: Final = 6
JITTER: Final = 0.05
"""A pager of 30 s heard up to 1.5 s off (judgement)."""
DURATION_EXAMPLE: Final = "a time such as 90s, 10m or 1h"

_T = TypeVar("_T")


def condition_of(correlation: Correlation) -> Condition:
    """What is true of each event that counts."""
    distinct = tuple(dict.fromkeys(correlation.steps))
    return distinct[0] if len(distinct) == 1 else Or(distinct)


def read_correlation(node: Node, names: Collection[str], faults: Faults) -> Correlation:
    """The part, all of its faults collected; `names` are the rule's selections.

    Raises
    ------
    PartError
        When there is nothing to read on.
    """
    if not isinstance(node, MapNode):
        raise PartError(f"correlation is a mapping, not {kind_of(node)}", node.line)
    kind_node = node.get("type")
    if kind_node is None:
        raise PartError(f"correlation: type is missing, one of {', '.join(TYPES)}", node.line)
    kind = cast("CorrelationType", one_of(kind_node, TYPES, "type"))
    for key, _ in node.pairs:
        if key.text not in KEYS:
            faults.add(key.line, f'unknown key "{key.text}"{did_you_mean(key.text, KEYS)}')
        elif key.text not in _ALLOWED[kind] and key.text not in ("type", "within", "by", "near"):
            faults.add(key.line, f"{kind} takes no {key.text}")
    for name in (*_NEEDED[kind], "within"):
        if node.get(name) is None:
            faults.add(node.line, f"correlation: {name} is missing")

    def part(name: str, read: Callable[[Node], _T], default: _T) -> _T:
        given = node.get(name)
        if given is None:
            return default
        try:
            return read(given)
        except PartError as error:
            faults.add(error.line, error.message)
            return default

    steps_key, reader = ("steps", _steps) if kind in STEPPED else ("of", _one_step)
    steps = part(steps_key, lambda given: reader(given, names, faults), (Name(""),))
    return Correlation(
        type=kind,
        steps=steps,
        within_s=part("within", _within, 1.0),
        by=part("by", _by, ()),
        near=part("near", _near, ()),
        at_least=part("at_least", _at_least, 0),
        field=part("field", _field, ""),
        period_s=part("period", _period, (0.0, 0.0)),
        jitter=part("jitter", _jitter, JITTER if kind == "period" else 0.0),
    )


def unused(correlation: Correlation, names: Collection[str]) -> list[str]:
    """Selections that no step speaks of."""
    used = {name for step in correlation.steps for name in _spoken(step, names)}
    return [name for name in names if name not in used]


def _spoken(condition: Condition, names: Collection[str]) -> list[str]:
    found: list[str] = []
    for leaf in mentions(condition):
        found.extend([leaf.name] if isinstance(leaf, Name) else selected(leaf, names))
    return found


def _one_step(node: Node, names: Collection[str], faults: Faults) -> tuple[Condition, ...]:
    return (_step(node, names, faults),)


def _steps(node: Node, names: Collection[str], faults: Faults) -> tuple[Condition, ...]:
    if not isinstance(node, ListNode) or not 2 <= len(node.items) <= MAX_STEPS:
        raise PartError(
            f"steps: a list of 2 to {MAX_STEPS} conditions expected, not {kind_of(node)}", node.line
        )
    return tuple(_step(item, names, faults) for item in node.items)


def _step(node: Node, names: Collection[str], faults: Faults) -> Condition:
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value.strip():
        raise PartError(f"a condition over the selections expected, not {kind_of(node)}", node.line)
    try:
        condition = parse_condition(node.value)
    except ConditionError as error:
        raise PartError(str(error), node.line) from None
    for leaf in mentions(condition):
        if isinstance(leaf, Name):
            if leaf.name not in names:
                faults.add(node.line, f'no selection "{leaf.name}"{did_you_mean(leaf.name, names)}')
        elif not selected(leaf, names):
            faults.add(node.line, f'no selection fits "{leaf.pattern}"{did_you_mean(leaf.pattern, names)}')
    return condition


def _duration(node: Node, what: str) -> float:
    seconds = parse_duration(node.text) if isinstance(node, Scalar) else None
    if seconds is None:
        raise PartError(f"{what}: {DURATION_EXAMPLE} expected, not {kind_of(node)}", node.line)
    return seconds


def _within(node: Node) -> float:
    seconds = _duration(node, "within")
    if seconds > MAX_WITHIN_S:
        raise PartError("within: more than one day is not remembered", node.line)
    return seconds


def _by(node: Node) -> tuple[str, ...]:
    found = words(node)
    known = label_names("correlation")
    for label in found:
        if label not in known:
            raise PartError(f'by: "{label}" is no label{did_you_mean(label, known)}', node.line)
    return found


def _near(node: Node) -> tuple[Near, ...]:
    if not isinstance(node, MapNode):
        raise PartError(f"near: a mapping of fields expected, not {kind_of(node)}", node.line)
    found: list[Near] = []
    for key, value in node.pairs:
        field = ALL_FIELDS.get(key.text)
        if field is None or field.type not in ("number", "text"):
            near = tuple(name for name, each in ALL_FIELDS.items() if each.type in ("number", "text"))
            raise PartError(
                f'near: "{key.text}" is no number and no running text{did_you_mean(key.text, near)}', key.line
            )
        amount = _number(value, f"near: {key.text}")
        if field.type == "text" and not 0 < amount <= 1:
            raise PartError(f"near: the likeness of {key.text} is above 0 and at most 1", value.line)
        found.append(Near(field.name, field.type, amount))
    return tuple(found)


def _number(node: Node, what: str) -> float:
    raw: Any = node.value if isinstance(node, Scalar) else None
    number = parse_quantity(raw) if isinstance(raw, str) else raw
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 1e12:
        raise PartError(f"{what}: a number from 0 expected, not {kind_of(node)}", node.line)
    return float(number)


def _at_least(node: Node) -> int:
    if isinstance(node, Scalar) and type(node.value) is int and 2 <= node.value <= MAX_AT_LEAST:
        return node.value
    raise PartError(
        f"at_least: a whole number from 2 to {MAX_AT_LEAST} expected, not {kind_of(node)}", node.line
    )


def _field(node: Node) -> str:
    name = word(node)
    known = label_names("correlation")
    if name not in known:
        raise PartError(f'field: "{name}" has no values to tell apart{did_you_mean(name, known)}', node.line)
    return name


def _period(node: Node) -> tuple[float, float]:
    if not isinstance(node, ListNode) or len(node.items) != 2:
        raise PartError("period: [shortest, longest] expected, such as [10s, 15m]", node.line)
    low, high = (_duration(item, "period") for item in node.items)
    if low >= high:
        raise PartError("period: the shortest is not below the longest", node.line)
    return low, high


def _jitter(node: Node) -> float:
    share = _number(node, "jitter")
    if not 0 < share <= 0.25:
        raise PartError("jitter: a share of the period, above 0 and at most 0.25", node.line)
    return share
