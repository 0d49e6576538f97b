"""The small parts of a rule file: texts, lists of words, both languages, one of several words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from rules.fault import PartError, did_you_mean
from rules.quantity import parse_duration
from rules.rule import Both, Budget
from rules.yamltree import ListNode, MapNode, Node, Scalar, kind_of

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SAMPLE_EPOCH: Final = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
"""When the events of a sample begin that say only how long after: 09:00 in Beijing on an exam day."""
_T = TypeVar("_T")


def word(node: Node) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.strip():
        return node.value
    raise PartError(f"a text expected, not {kind_of(node)}", node.line)


def words(node: Node) -> tuple[str, ...]:
    if not isinstance(node, ListNode):
        raise PartError(f"a list expected, not {kind_of(node)}", node.line)
    found = tuple(word(item) for item in node.items)
    if len(set(found)) < len(found):
        raise PartError("a word stands twice in the list", node.line)
    return found


def boths(node: Node) -> tuple[Both, ...]:
    if not isinstance(node, ListNode):
        raise PartError(f"a list expected, not {kind_of(node)}", node.line)
    return tuple(both(item) for item in node.items)


def both(node: Node) -> Both:
    if not isinstance(node, MapNode):
        raise PartError(f"both languages expected, {{en: ..., zh: ...}}, not {kind_of(node)}", node.line)
    for key, _ in node.pairs:
        if key.text not in ("en", "zh"):
            raise PartError(f'the languages are en and zh, not "{key.text}"', key.line)
    texts: list[str] = []
    for language in ("en", "zh"):
        text = node.get(language)
        if text is None:
            raise PartError(f"the text in {language} is missing", node.line)
        texts.append(word(text))
    return Both(texts[0], texts[1])


def one_of(node: Node, known: tuple[_T, ...], what: str) -> _T:
    for value in known:
        if isinstance(node, Scalar) and node.value == value:
            return value
    shown = node.text if isinstance(node, Scalar) else kind_of(node)
    choice = tuple(map(str, known))
    raise PartError(f'{what} cannot be "{shown}"{did_you_mean(shown, choice)}', node.line)


def rule_id(node: Node) -> str:
    name = word(node)
    if not _ID.fullmatch(name):
        raise PartError(f'id "{name}": small letters, digits and single hyphens only', node.line)
    return name


def version(node: Node) -> int:
    if isinstance(node, Scalar) and type(node.value) is int and node.value >= 1:
        return node.value
    raise PartError(f"version: a whole number from 1 expected, not {kind_of(node)}", node.line)


def sample_time(node: Node) -> str:
    """An instant with its zone, or ``0s``, ``90s``, ``10m`` after the sample begins."""
    text = node.text if isinstance(node, Scalar) else ""
    seconds = 0.0 if text == "0s" else parse_duration(text)
    if seconds is not None:
        return (SAMPLE_EPOCH + timedelta(seconds=seconds)).isoformat()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise PartError(
            f"at: 0s, 90s or 10m after the first expected, or a time with its zone, not {kind_of(node)}",
            node.line,
        )
    return at.isoformat()


def budget(node: Node) -> Budget:
    if not isinstance(node, MapNode):
        raise PartError(
            f"budget: {{limit: ..., measured: ..., baseline: ...}} expected, not {kind_of(node)}", node.line
        )
    for key, _ in node.pairs:
        if key.text not in ("limit", "measured", "baseline"):
            raise PartError(
                f'budget has no "{key.text}"{did_you_mean(key.text, ("limit", "measured", "baseline"))}',
                key.line,
            )
    limit, measured, baseline = (node.get(name) for name in ("limit", "measured", "baseline"))
    if limit is None:
        raise PartError("budget: limit is missing", node.line)
    if (measured is None) != (baseline is None):
        raise PartError("budget: measured and baseline go together: a figure says on what", node.line)
    return Budget(
        _rate(limit), _rate(measured) if measured is not None else None, word(baseline) if baseline else ""
    )


def _rate(node: Node) -> float:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6:
        return float(value)
    raise PartError(f"budget: a number of false alarms from 0 expected, not {kind_of(node)}", node.line)
