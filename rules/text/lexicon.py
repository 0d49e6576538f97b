"""The lexicon: terms and frames with category, role and weight, found by one automaton.

A frame is words in order with gaps between: its parts are terms of the automaton too, and are
put together while its hits are gone through (``rules.text.scan``).
Files of terms: ``rules.text.lexicon_file``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rules.text.automaton import Automaton, code_points
from rules.text.normalise import Canonical, canonical_term
from rules.text.scan import BLOCKS, I32, LATIN_FIRST, LATIN_LAST, find_terms, inside_words

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


TURNING: Final = frozenset(("news", "warning", "doubt", "negation", "study", "chat", "other"))
"""Roles that lower a score."""
CATEGORY_NUMBER: Final = {category: index for index, category in enumerate((*CATEGORIES, ANY))}
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
class Found:
    """Terms at one canonical range."""

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
        self.entries = (*self.terms, *(frame.term for frame in self.frames))
        """What the first column of `scan` counts."""
        blocking = {canonical_term(word) for word in blockers}
        self.blockers = frozenset(blocking)
        """Ordinary words, inside which no part of a frame is meant."""
        blocking.update(term.canonical for term in self.terms if term.role == "other")
        first_slot = np.cumsum([0, *(len(frame.parts) for frame in self.frames)])
        parts: dict[str, list[int]] = {}
        for index, frame in enumerate(self.frames):
            for place, words in enumerate(frame.parts):
                for word in words:
                    parts.setdefault(word, []).append(int(first_slot[index]) + place)
        number = {id(term): index for index, term in enumerate(self.terms)}
        ordered = list({**dict.fromkeys(surfaces), **dict.fromkeys(parts), **dict.fromkeys(blocking)})
        self._automaton = Automaton(ordered)
        flat = [
            (0 if not place else frame.gaps[place - 1], index, place, place == len(frame.parts) - 1)
            for index, frame in enumerate(self.frames)
            for place in range(len(frame.parts))
        ]
        # Later parts of a frame come first, so that one word does not fill two.
        slots = [sorted(parts.get(surface, ()), reverse=True) for surface in ordered]
        owned = [[number[id(term)] for term in surfaces.get(surface, ())] for surface in ordered]
        self._tables = (
            _column(len(surface) for surface in ordered),
            _column(_bits(surface, blocks=surface in blocking) for surface in ordered),
            *_grouped(owned),
            *_grouped(slots),
            _column(row[0] for row in flat),
            _column(row[1] for row in flat),
            _column(row[2] for row in flat),
            _column(row[3] for row in flat),
        )

    def __len__(self) -> int:
        return len(self.terms) + len(self.frames)

    def scan(self, canonical: Canonical) -> I32:
        """All terms, none across the end of a clause; and frames, which may span two clauses.

        Latin terms must stand between word borders, unless the word had been pulled apart.

        Returns
        -------
        Rows of (index into `entries`, start, end).
        """
        codes = code_points(canonical.text)
        lasts, surfaces = self._automaton.find(codes)
        if not len(lasts):
            return np.empty((0, 3), dtype=np.int32)
        return find_terms(
            lasts,
            surfaces,
            inside_words(codes, np.array(canonical.joined, dtype=np.int32).reshape(-1, 2)),
            _crossings(canonical),
            *self._tables,
            FRAME_GAP,
            FRAME_GAP_LATIN,
            len(self.terms),
        )

    def find(self, canonical: Canonical) -> list[Found]:
        """What `scan` finds, as terms."""
        return [
            Found((self.entries[entry],), start, end) for entry, start, end in self.scan(canonical).tolist()
        ]


def _column(values: Iterable[int]) -> I32:
    return np.array([int(value) for value in values], dtype=np.int32)


def _grouped(groups: Sequence[Sequence[int]]) -> tuple[I32, I32]:
    """Where each group begins, and all groups in a row."""
    return (
        _column(np.cumsum([0, *map(len, groups)]).tolist()),
        _column(value for group in groups for value in group),
    )


def _bits(surface: str, *, blocks: bool) -> int:
    return LATIN_FIRST * _is_latin(surface[0]) + LATIN_LAST * _is_latin(surface[-1]) + BLOCKS * blocks


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _crossings(canonical: Canonical) -> I32:
    """For each character, how many clauses ended before it; empty where the text is one clause."""
    if not canonical.breaks:
        return np.empty(0, dtype=np.int32)
    steps = np.zeros(len(canonical.text) + 1, dtype=np.int32)
    steps[list(canonical.breaks)] = 1
    return np.cumsum(steps, dtype=np.int32)
