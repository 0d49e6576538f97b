"""Matchers: ``level=~"critical|high"``, as Alertmanager writes them. Pure.

Names are those of an alert's labels, and ``kind level venue category rule phase exam drill
experimental``. A name that an alert has not is the empty text, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import re2

from monitor.alert.alert import ranked
from monitor.store.merge import Merged

Op = Literal["=", "!=", "=~", "!~"]
OPS: Final[dict[str, Op]] = {"=~": "=~", "!~": "!~", "!=": "!=", "=": "="}
_WRITTEN: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


class MatcherError(ValueError):
    """It is none; the message is one line."""


@dataclass(frozen=True, slots=True)
class Matcher:
    name: str
    op: Op
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        found = labels.get(self.name, "")
        match self.op:
            case "=":
                return found == self.value
            case "!=":
                return found != self.value
            case "=~":
                return re2.fullmatch(self.value, found) is not None
            case "!~":
                return re2.fullmatch(self.value, found) is None

    def __str__(self) -> str:
        return f'{self.name}{self.op}"{self.value}"'


def parse(text: str) -> Matcher:
    """
    Raises
    ------
    MatcherError
        If `text` is no matcher, or its expression cannot be compiled.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise MatcherError(f'{text!r} is no matcher: write name="value", or with !=, =~ or !~')
    value = found[3]
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    op: Op = OPS[found[2]]
    if op in ("=~", "!~"):
        try:
            re2.compile(value)
        except re2.error as error:
            raise MatcherError(f"{text!r}: not an expression that can be run safely: {error}") from None
    return Matcher(found[1], op, value)


def within(venues: Iterable[str]) -> Matcher:
    """Holds for what is of one of `venues`, and not for what has no venue: that is everybody's."""
    return Matcher("venue", "=~", "|".join(re2.escape(one) for one in sorted(venues) if one) or "[^\\s\\S]")


def all_hold(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.holds(labels) for matcher in matchers)


def labels_of(alert: Merged) -> dict[str, str]:
    """What matchers and groups see of an alert."""
    hits = ranked(alert.rules)
    event: Mapping[str, Any] = alert.event
    return {
        **alert.labels,
        "kind": alert.kind,
        "level": alert.level,
        "venue": alert.venue or alert.labels.get("venue", ""),
        "category": hits[0].category if hits else "",
        "rule": hits[0].rule if hits else "",
        "phase": str(event.get("phase") or ""),
        "exam": str(event.get("exam") or ""),
        "drill": "true" if alert.drill else "false",
        "experimental": "true" if alert.experimental else "false",
    }


def group_labels(labels: Mapping[str, str], by: Sequence[str]) -> dict[str, str]:
    return {name: labels.get(name, "") for name in by}
