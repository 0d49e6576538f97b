"""From an event to the bits of the tests that may be true of it: one index a field.

Each index turns a field's value into an integer of bits with one look-up. What an index
cannot answer exactly it answers with too many bits, never with too few (see `rules.gates`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import ahocorasick
import re2

from rules.event import FieldType
from rules.facts import Facts, TextReading, value_of
from rules.modifiers import VERDICTS, needle, ranges, re2_options, verdict_holds
from rules.rule import Test

Placed = Sequence[tuple[Test, int]]
"""Tests of one field, each with its bits."""


class Index(Protocol):
    def bits(self, facts: Facts) -> int:
        """The bits of all tests that may be true."""
        ...


class PresenceIndex:
    """``exists``: whether anything is known."""

    def __init__(self, field: str, placed: Placed) -> None:
        self._field = field
        self._known = _union(bits for test, bits in placed if test.values[0] is True)
        self._unknown = _union(bits for test, bits in placed if test.values[0] is False)

    def bits(self, facts: Facts) -> int:
        return self._known if facts.known(self._field) else self._unknown


class NumberIndex:
    """Limits cut the line: piece 2i+1 is the point i itself, piece 2i what lies below it.

    ``toggles`` at the borders of each test's ranges are summed up once; a test that shares
    its bits with another keeps them while either holds.
    """

    def __init__(self, field: str, placed: Placed) -> None:
        self._field = field
        self._type: FieldType = placed[0][0].type
        spans = [(span, bits) for test, bits in placed for span in ranges(test)]
        self._points = sorted({limit for span, _ in spans for limit in (span[0], span[2])})
        place = {point: number for number, point in enumerate(self._points)}
        starts: dict[int, list[int]] = {}
        ends: dict[int, list[int]] = {}
        for (low, with_low, high, with_high), bits in spans:
            starts.setdefault(2 * place[low] + (1 if with_low else 2), []).append(bits)
            ends.setdefault(2 * place[high] + (2 if with_high else 1), []).append(bits)
        self._pieces: list[int] = []
        counts: dict[int, int] = {}
        current = 0
        for piece in range(2 * len(self._points) + 1):
            changed = False
            for bits in ends.get(piece, ()):
                counts[bits] -= 1
                changed = True
            for bits in starts.get(piece, ()):
                counts[bits] = counts.get(bits, 0) + 1
                current |= bits
            if changed:
                counts = {bits: count for bits, count in counts.items() if count}
                current = _union(counts)
            self._pieces.append(current)

    def bits(self, facts: Facts) -> int:
        raw = facts.event.get(self._field)
        if raw is None:
            return 0
        value = value_of(raw, self._type)
        if value is None:
            return 0
        number = bisect_left(self._points, value)
        at_point = number < len(self._points) and self._points[number] == value
        return self._pieces[2 * number + at_point]


class WordIndex:
    """Exact words, flags and members of sets."""

    def __init__(self, field: str, placed: Placed) -> None:
        self._field = field
        self._type: FieldType = placed[0][0].type
        self._by_value: dict[Any, int] = {}
        for test, bits in placed:
            for value in test.values:
                self._by_value[value] = self._by_value.get(value, 0) | bits

    def bits(self, facts: Facts) -> int:
        raw = facts.event.get(self._field)
        if raw is None:
            return 0
        value = value_of(raw, self._type)
        if isinstance(value, frozenset):
            return _union(self._by_value.get(word, 0) for word in value)
        return 0 if value is None else self._by_value.get(value, 0)


class EmptyIndex:
    """``empty`` on sets of words; unknown counts as empty."""

    def __init__(self, field: str, placed: Placed) -> None:
        self._field = field
        self._empty = _union(bits for test, bits in placed if test.values[0] is True)
        self._filled = _union(bits for test, bits in placed if test.values[0] is False)

    def bits(self, facts: Facts) -> int:
        return self._filled if facts.value(self._field, "words") else self._empty


class SearchIndex:
    """Words and expressions inside running text or inside a word such as an address."""

    def __init__(self, field: str, placed: Placed) -> None:
        self._field = field
        self._text = placed[0][0].type == "text"
        self._words: Any = ahocorasick.Automaton()
        self._set: Any = re2.Set.SearchSet(re2_options(text=self._text))
        self._set_bits: list[int] = []
        self._by_category: dict[tuple[str, str], int] = {}
        words: dict[str, int] = {}
        for test, bits in placed:
            for value in map(str, test.values):
                if test.modifier in VERDICTS:
                    key = (test.modifier, value)
                    self._by_category[key] = self._by_category.get(key, 0) | bits
                elif test.modifier == "re":
                    self._set.Add(value)
                    self._set_bits.append(bits)
                else:
                    word = needle(value) if self._text else value
                    words[word] = words.get(word, 0) | bits
        for word, bits in words.items():
            self._words.add_word(word, bits)
        if words:
            self._words.make_automaton()
        if self._set_bits:
            self._set.Compile()
        self._has_words = bool(words)

    def bits(self, facts: Facts) -> int:
        reading: TextReading | None = None
        if self._text:
            reading = facts.reading(self._field)
            searched = reading.canonical.text if reading else None
        else:
            searched = facts.value(self._field, "word")
        if searched is None:
            return 0
        found = 0
        if self._has_words:
            for bits in {bits for _, bits in self._words.iter(searched)}:
                found |= bits
        if self._set_bits:
            for number in self._set.Match(searched) or ():
                found |= self._set_bits[number]
        if reading and self._by_category:
            for (modifier, category), bits in self._by_category.items():
                if verdict_holds(modifier, category, reading):
                    found |= bits
        return found


def build(placed: Placed) -> list[Index]:
    """Indices that together answer all tests of all fields."""
    groups: dict[tuple[str, type], list[tuple[Test, int]]] = {}
    for test, bits in placed:
        groups.setdefault((test.field, _index_of(test)), []).append((test, bits))
    return [kind(field, group) for (field, kind), group in groups.items()]


def _index_of(test: Test) -> type:
    if test.modifier == "exists":
        return PresenceIndex
    if test.modifier == "empty":
        return EmptyIndex
    if test.type in ("number", "instant"):
        return NumberIndex
    return WordIndex if test.modifier == "equals" else SearchIndex


def _union(bits: Iterable[int]) -> int:
    found = 0
    for one in bits:
        found |= one
    return found
