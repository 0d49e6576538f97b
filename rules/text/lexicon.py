"""The lexicon: terms and frames with category, role and weight, found by one automaton.

A frame is words in order with gaps between: its parts are terms of the automaton too, and are
put together while its hits come in. Files of terms: ``rules.text.lexicon_file``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ahocorasick
import numpy as np

from rules.text.normalise import Canonical, canonical_term

CATEGORIES: Final = ("sell", "scam", "proxy", "device", "paper", "help", "rumour")
ANY: Final = "any"
ROLES: Final = (
    "deal",  # an offer whole in itself: 出售答案, proxy test taker
    "offer",
    "object",
    "exam",
    "contact",
    "price",
    "time",
    "guarantee",
    "ask",
    "hall",  # being in the examination room
    "claim",  # it has leaked, they say
    "layout",  # what is printed on a paper
    "news",
    "warning",
    "doubt",
    "negation",
    "study",  # past papers, courses, homework, books
    "chat",  # jokes, feelings, wishes
    "other",  # another world: games, travel, meals
)


FRAME_GAP: Final = 9
"""Canonical characters between two parts of a frame in Chinese: about one short clause (judgement)."""
FRAME_GAP_LATIN: Final = 26
"""The same after a Latin part: about four English words."""


@dataclass(frozen=True, slots=True)
class Term:
    term: str
    """As written in the file."""
    canonical: str
    category: str
    role: str
    weight: float
    ambiguous: bool = False
    is_form: bool = False
    """A frame, number or other form: what it matched says more than its name."""


class LexiconError(ValueError):
    """Every fault of a lexicon, each as ``file:line: message``."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Frame:
    """Parts that must follow each other; found as one term."""

    term: Term
    parts: tuple[tuple[str, ...], ...]
    """Canonical alternatives of each part."""
    gaps: tuple[int, ...]
    """Most characters between a part and the next; 0 for the usual."""


@dataclass(frozen=True, slots=True)
class _Surface:
    """What the automaton yields: one spelling, with all that it may stand for."""

    length: int
    latin_first: bool
    latin_last: bool
    terms: tuple[Term, ...]
    parts: tuple[tuple[int, int], ...]
    """(index of frame, index of part), later parts first so that one word does not fill two."""
    frames: int
    """Bit set of the frames it is a part of."""
    blocks: bool
    """A longer word that is no part of any frame, though one stands inside (考虑, 参考)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Terms with one surface, at one canonical range."""

    terms: tuple[Term, ...]
    start: int
    end: int


class Lexicon:
    """Terms and frames, findable in a canonical text in one pass."""

    def __init__(
        self, terms: Iterable[Term], frames: Iterable[Frame] = (), blockers: Iterable[str] = ()
    ) -> None:
        surfaces: dict[str, list[Term]] = {}
        for term in terms:
            surfaces.setdefault(term.canonical, []).append(term)
        self.terms = tuple(term for group in surfaces.values() for term in group)
        self.frames = tuple(frames)
        parts: dict[str, list[tuple[int, int]]] = {}
        for index, frame in enumerate(self.frames):
            for place, words in enumerate(frame.parts):
                for word in words:
                    parts.setdefault(word, []).append((index, place))
        blocking = {canonical_term(word) for word in blockers}
        blocking.update(term.canonical for term in self.terms if term.role == "other")
        self._needs: list[int] = [
            sum(1 << index for index, frame in enumerate(self.frames) if len(frame.parts) > place)
            for place in range(max((len(frame.parts) for frame in self.frames), default=0))
        ]
        self._automaton: Any = ahocorasick.Automaton()
        for surface in {*surfaces, *parts, *blocking}:
            entry = _Surface(
                len(surface),
                _is_latin(surface[0]),
                _is_latin(surface[-1]),
                tuple(surfaces.get(surface, ())),
                tuple(sorted(parts.get(surface, ()), key=lambda part: -part[1])),
                sum(1 << frame for frame in {frame for frame, _ in parts.get(surface, ())}),
                surface in blocking,
            )
            self._automaton.add_word(surface, entry)
        if len(self._automaton):
            self._automaton.make_automaton()

    def __len__(self) -> int:
        return len(self.terms) + len(self.frames)

    def find(self, canonical: Canonical) -> list[Found]:
        """All terms, none across the end of a clause; and frames, which may span two clauses.

        Latin terms must stand between word borders, unless the word had been pulled apart.
        """
        if not len(self._automaton):
            return []
        text = canonical.text
        inside = _inside_words(text, canonical.joined)
        crossed = _crossings(canonical)
        found: list[Found] = []
        parts: list[tuple[int, int, _Surface]] = []
        blocked: list[tuple[int, int]] = []
        surface: _Surface
        for last, surface in self._automaton.iter(text):
            start, end = last - surface.length + 1, last + 1
            if (surface.latin_first and inside[start]) or (surface.latin_last and inside[end]):
                continue
            if crossed and crossed[last] != crossed[start]:
                continue
            if surface.blocks:
                blocked.append((start, end))
            if surface.parts:
                parts.append((start, end, surface))
            if surface.terms:
                found.append(Found(surface.terms, start, end))
        if parts:
            found.extend(self._find_frames(text, parts, blocked))
        return found

    def _find_frames(
        self, text: str, parts: Sequence[tuple[int, int, _Surface]], blocked: Sequence[tuple[int, int]]
    ) -> Iterator[Found]:
        longest = {
            place: (low, high) for low, high in sorted(blocked, key=_length) for place in range(low, high)
        }
        free = [
            (start, end, surface)
            for start, end, surface in parts
            if not (start in longest and longest[start][1] >= end and _length(longest[start]) > end - start)
        ]
        possible = self._possible(free)
        reached: dict[tuple[int, int], tuple[int, int]] = {}
        for start, end, surface in free:
            if not surface.frames & possible:
                continue
            gap = FRAME_GAP_LATIN if _is_latin(text[start]) else FRAME_GAP
            for frame, place in surface.parts:
                if not possible >> frame & 1:
                    continue
                first = start
                if place:
                    before = reached.get((frame, place - 1))
                    allowed = self.frames[frame].gaps[place - 1] or gap
                    if before is None or not 0 <= start - before[1] <= allowed:
                        continue
                    first = before[0]
                if place == len(self.frames[frame].parts) - 1:
                    yield Found((self.frames[frame].term,), first, end)
                else:
                    reached[frame, place] = (first, end)

    def _possible(self, parts: Sequence[tuple[int, int, _Surface]]) -> int:
        """Bit set of the frames of which every part stands somewhere."""
        present = [0] * len(self._needs)
        for surface in {id(surface): surface for _, _, surface in parts}.values():
            for frame, place in surface.parts:
                present[place] |= 1 << frame
        possible = self._needs[0] if self._needs else 0
        for needed, there in zip(self._needs, present, strict=True):
            possible &= there | ~needed
        return possible


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _inside_words(text: str, joined: Sequence[tuple[int, int]]) -> bytes:
    """For each place between characters, 1 inside a Latin word or number.

    Not inside a word that had been pulled apart: its own borders are lost.
    """
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    kinds = ((codes >= 97) & (codes <= 122)).astype(np.uint8) + 2 * ((codes >= 48) & (codes <= 57)).astype(
        np.uint8
    )
    inside = np.zeros(len(codes) + 1, dtype=np.uint8)
    inside[1:-1] = (kinds[1:] == kinds[:-1]) & (kinds[1:] > 0)
    for low, high in joined:
        inside[low : high + 1] = 0
    return inside.tobytes()


def _crossings(canonical: Canonical) -> list[int]:
    """For each character, how many clauses ended before it; empty where the text is one clause."""
    if not canonical.breaks:
        return []
    steps = np.zeros(len(canonical.text) + 1, dtype=np.int32)
    steps[list(canonical.breaks)] = 1
    return np.cumsum(steps).tolist()
