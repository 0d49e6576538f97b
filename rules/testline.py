"""One line of a selection, ``field|modifier: values``, checked against the fields that events have.

Each fault is raised where it is found; `rules.load` collects them.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, cast

from rules.event import FIELDS, Field
from rules.fault import PartError, did_you_mean
from rules.modifiers import LISTED, MODIFIERS, VERDICTS, ExpressionError, expression, needle
from rules.quantity import parse_quantity
from rules.rule import CATEGORIES, Kind, Test, Value
from rules.yamltree import ListNode, Node, Scalar, kind_of

_PAIRS = frozenset(("between", "within"))
_TYPE_NAMES = {
    "number": "a number",
    "text": "running text",
    "word": "a word",
    "words": "a set of words",
    "flag": "a flag",
    "instant": "a time",
}


def read_test(key: Scalar, node: Node, kind: Kind) -> Test:
    """The test that a pair of a selection's mapping says.

    Raises
    ------
    PartError
        Unknown field or modifier, one that does not fit the other, or a value of the wrong type.
    """
    name, *modifiers = key.text.split("|")
    field = find_field(name, kind, key.line)
    every = "all" in modifiers
    named = [modifier for modifier in modifiers if modifier not in LISTED]
    if len(named) > 1 or len(modifiers) - len(named) > 1:
        raise PartError(f'"{key.text}": one modifier, and any or all after it', key.line)
    modifier = _modifier(field, named[0] if named else "equals", key)
    values = _values(node, field, modifier)
    if every and (len(values) < 2 or modifier in ("exists", "empty", *_PAIRS)):
        raise PartError(f'"{key.text}": all needs a list of at least two values', key.line)
    return Test(field.name, field.type, modifier, values, every, key.line)


def find_field(name: str, kind: Kind, line: int) -> Field:
    """The field called `name`, or the fault that names what it may have been."""
    fields = FIELDS[kind]
    if name in fields:
        return fields[name]
    other = next((each for each, table in FIELDS.items() if name in table), None)
    if other:
        raise PartError(f'"{name}" is a field of {other} events, and this rule is for {kind}', line)
    raise PartError(f'unknown field "{name}"{did_you_mean(name, fields)}', line)


def _modifier(field: Field, modifier: str, key: Scalar) -> str:
    fitting = MODIFIERS[field.type]
    if modifier in fitting:
        return modifier
    about = f'"{field.name}" is {_TYPE_NAMES[field.type]}'
    if modifier == "equals":
        raise PartError(f"{about}: say how to test it, one of {', '.join(fitting)}", key.line)
    if any(modifier in names for names in MODIFIERS.values()):
        raise PartError(
            f'modifier "{modifier}" does not fit: {about}, which takes {", ".join(fitting)}', key.line
        )
    raise PartError(f'unknown modifier "{modifier}"{did_you_mean(modifier, fitting)}', key.line)


def _values(node: Node, field: Field, modifier: str) -> tuple[Value, ...]:
    if modifier in _PAIRS:
        return _ranges(node, field, modifier)
    if modifier in ("exists", "empty"):
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return (node.value,)
        raise PartError(f"{modifier} takes true or false, not {kind_of(node)}", node.line)
    items = node.items if isinstance(node, ListNode) else (node,)
    if not items:
        raise PartError("an empty list is never true", node.line)
    values = tuple(read_value(item, field, modifier) for item in items)
    for value, item in zip(values, items, strict=True):
        if values.count(value) > 1:
            raise PartError(f'"{value}" stands twice in the list', item.line)
    if len(values) > 1 and field.type in ("number", "instant") and modifier != "equals":
        raise PartError(
            f"{modifier} takes one value: a list of limits says no more than its loosest", node.line
        )
    return values


def _ranges(node: Node, field: Field, modifier: str) -> tuple[Value, ...]:
    if not isinstance(node, ListNode) or not node.items:
        raise PartError(
            f"{modifier} takes [low, high] or a list of such pairs, not {kind_of(node)}", node.line
        )
    pairs = node.items if isinstance(node.items[0], ListNode) else (node,)
    found: list[Value] = []
    for pair in pairs:
        if not isinstance(pair, ListNode) or len(pair.items) != 2:
            raise PartError(f"{modifier} takes [low, high] or a list of such pairs", pair.line)
        low, high = (cast("float", read_value(item, field, modifier)) for item in pair.items)
        if low > high or (low == high and modifier == "within"):
            raise PartError(f"{modifier}: {low:g} is not below {high:g}", pair.line)
        found.append((low, high))
    return tuple(found)


def read_value(node: Node, field: Field, modifier: str = "equals") -> str | float | bool:
    """One value of `field`, of the type it has."""
    if not isinstance(node, Scalar) or node.value is None:
        raise PartError(f"{field.name}: {_TYPE_NAMES[field.type]} expected, not {kind_of(node)}", node.line)
    if field.type == "flag":
        if not isinstance(node.value, bool):
            raise PartError(f"{field.name} is a flag: true or false, not {kind_of(node)}", node.line)
        return node.value
    if field.type == "number":
        return _number(node, field)
    if field.type == "instant":
        return _instant(node, field)
    if isinstance(node.value, bool):
        raise PartError(f'{field.name} takes words: write "{node.text}" in quotes', node.line)
    return _word(node, field, modifier)


def _number(node: Scalar, field: Field) -> float:
    number = node.value if not isinstance(node.value, str) else parse_quantity(node.value)
    if number is None or isinstance(number, bool) or not math.isfinite(number):
        raise PartError(f"{field.name} is a number: {kind_of(node)} is none", node.line)
    if not field.low <= number <= field.high:
        high = f" to {field.high:g}" if math.isfinite(field.high) else " or more"
        raise PartError(f"{field.name} is {field.low:g}{high}: {node.text} is never crossed", node.line)
    return float(number)


def _instant(node: Scalar, field: Field) -> float:
    try:
        at = datetime.fromisoformat(node.text)
    except ValueError:
        raise PartError(
            f'{field.name} is a time like 2026-06-07T09:00+08:00, not "{node.text}"', node.line
        ) from None
    if at.tzinfo is None:
        raise PartError(f'{field.name}: "{node.text}" has no time zone; add +08:00 or Z', node.line)
    return at.timestamp()


def _word(node: Scalar, field: Field, modifier: str) -> str:
    text = node.text
    if modifier == "re":
        try:
            expression(text, text=field.type == "text")
        except ExpressionError as error:
            raise PartError(f'"{text}" is no expression that RE2 takes: {error}', node.line) from None
        if expression(text, text=field.type == "text").fullmatch("") is not None:
            raise PartError(f'"{text}" matches the empty text, so it is always true', node.line)
    elif modifier in VERDICTS:
        if text not in CATEGORIES["web"]:
            raise PartError(f'unknown category "{text}"{did_you_mean(text, CATEGORIES["web"])}', node.line)
    elif field.type == "text":
        if not needle(text):
            raise PartError(f'"{text}" has no letter, digit or Chinese character to search for', node.line)
    elif not text:
        raise PartError(f"{field.name}: an empty word is never found", node.line)
    elif field.values and modifier == "equals" and text not in field.values:
        raise PartError(f'{field.name} is never "{text}"{did_you_mean(text, field.values)}', node.line)
    return text


def read_field_value(node: Node, field: Field) -> Any:
    """The value of a sample's field: like an event's, so words are a list and running text anything."""
    if isinstance(node, Scalar) and node.value is None:
        return None
    if field.type == "words":
        if not isinstance(node, ListNode):
            raise PartError(f"{field.name} is a list of words, not {kind_of(node)}", node.line)
        return [read_value(item, field) for item in node.items]
    if field.type in ("text", "instant") and isinstance(node, Scalar):
        if field.type == "instant":
            _instant(node, field)
        return node.text
    return read_value(node, field)
