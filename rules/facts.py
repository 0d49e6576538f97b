"""An event as tests see it: a value of the type that the field has, or None for unknown.

Running text is read once, however many tests look at it. What reads it is passed in:
`rules.text.reading.read_text` in earnest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from rules.event import FieldType


class Canonical(Protocol):
    """Text in canonical form, with the way back to the original."""

    @property
    def text(self) -> str: ...
    @property
    def breaks(self) -> frozenset[int]: ...
    def spans(self, start: int, end: int) -> list[tuple[int, int]]: ...


class TermHit(Protocol):
    @property
    def term(self) -> str: ...
    @property
    def spans(self) -> Iterable[tuple[int, int]]: ...


class CategoryScore(Protocol):
    @property
    def score(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def fires(self) -> bool: ...
    @property
    def why(self) -> tuple[str, ...]: ...
    @property
    def terms(self) -> Iterable[TermHit]: ...


class TextReading(Protocol):
    """What the leak reader makes of a text."""

    @property
    def canonical(self) -> Canonical: ...
    @property
    def categories(self) -> Mapping[str, CategoryScore]: ...


ReadText = Callable[[str], TextReading]


def value_of(raw: object, type_: FieldType) -> Any:
    """`raw` as a field of `type_` has it; None where it is missing or of another type.

    Numbers are floats, instants are seconds since 1970, words are sets.
    """
    if type_ == "number":
        if type(raw) is float:  # nearly always, and asked for in every event
            return None if raw != raw else raw
        return _number(raw)
    if type_ == "instant":
        return _instant(raw)
    if type_ == "flag":
        return raw if isinstance(raw, bool) else None
    if type_ == "words":
        if isinstance(raw, list | tuple | set | frozenset):
            return frozenset(item for item in raw if isinstance(item, str))
        return None
    return raw if isinstance(raw, str) else None


def _number(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or math.isnan(raw):
        return None
    return float(raw)


def _instant(raw: object) -> float | None:
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            return None
    if isinstance(raw, datetime) and raw.tzinfo is not None:
        return raw.timestamp()
    return None


class Facts:
    """One event while rules look at it."""

    __slots__ = ("_read", "_readings", "event")

    def __init__(self, event: Mapping[str, Any], read: ReadText) -> None:
        self.event = event
        self._read = read
        self._readings: dict[str, TextReading | None] = {}

    def known(self, field: str) -> bool:
        """Whether the event says anything; a number that is none (NaN) says nothing."""
        raw = self.event.get(field)
        return raw is not None and not (isinstance(raw, float) and math.isnan(raw))

    def value(self, field: str, type_: FieldType) -> Any:
        return value_of(self.event.get(field), type_)

    def reading(self, field: str) -> TextReading | None:
        if field not in self._readings:
            raw = self.event.get(field)
            self._readings[field] = self._read(raw) if isinstance(raw, str) else None
        return self._readings[field]
