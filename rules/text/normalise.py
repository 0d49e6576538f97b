"""Raw text to its canonical form, with the way back to the original characters.

    original   出 售 \\u200b 答 * 案 ， 加 Ｖ Ｘ
    canonical  出 售        答   案   加 v x        starts = [0 1 3 5 7 8 9], ends = [1 2 4 6 8 9 10]

Canonical text holds letters, digits and CJK characters only, and one space between two
Latin words. Everything between CJK characters goes; where a clause really ended there
(clauses of three characters or more on both sides) the place is kept in ``breaks``, so
that a term is not found across a sentence's end.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any, Final

import numba
import numpy as np

from rules.text.automaton import code_points
from rules.text.fold import DROP, FOLD, GAP, STOP

_LETTER: Final = np.zeros(128, dtype=np.uint8)
"""Of ASCII: 1 for a letter, digit or sign that acts as one; 2 for `%`, which never stands alone."""
_LETTER[[ord(character) for character in "abcdefghijklmnopqrstuvwxyz0123456789$@"]] = 1
_LETTER[ord("%")] = 2
_DROP, _GAP, _STOP, _SPACE = ord(DROP), ord(GAP), ord(STOP), ord(" ")
_A, _Z = ord("a"), ord("z")
_APART: Final = 3
"""Single letters in a row, with one or two marks between, that are a word pulled apart."""
_NATURAL_CLAUSE: Final = 3
"""Characters on both sides that make a mark the end of a clause, not a disguise (judgement)."""


@dataclass(frozen=True, slots=True)
class Canonical:
    """Canonical text and, for each of its characters, the original code points it came from."""

    text: str
    starts: array[int]
    ends: array[int] | None = None
    """Original index after each character; None where each stands for one code point."""
    breaks: frozenset[int] = field(default=frozenset())
    """Canonical indices before which a clause ended."""
    joined: tuple[tuple[int, int], ...] = ()
    """Canonical ranges of words that had been pulled apart, whose own word borders are lost."""
    n_lead: int = 0
    """Original code points in front (a title) that positions do not count and spans leave out."""

    @property
    def origin(self) -> array[int]:
        """Original code-point index of each canonical character."""
        return self.starts

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """Original ranges behind ``text[start:end]``, adjoining ones merged."""
        merged: list[tuple[int, int]] = []
        places = range(start, min(end, len(self.starts)))
        pairs = [(self.starts[i], self.starts[i] + 1 if self.ends is None else self.ends[i]) for i in places]
        for low, high in sorted(pairs):  # a text written backwards is read from its end
            if high <= self.n_lead:
                continue
            low, high = low - self.n_lead, high - self.n_lead
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        return merged


def normalise(text: str, *, n_lead: int = 0) -> Canonical:
    """Fold every character, then close what was pulled apart. Pure; no lexicon is consulted."""
    folded = text.translate(FOLD)
    if len(folded) == len(text):
        starts = np.arange(len(text), dtype=np.int32)
    else:  # some character stands for several
        lengths = [len(FOLD[ord(character)]) for character in text]
        starts = np.repeat(np.arange(len(text), dtype=np.int32), lengths)
    codes, kept, breaks, joined = _closed(code_points(folded), starts)
    places = array("i")
    places.frombytes(kept.tobytes())
    return Canonical(
        codes.tobytes().decode("utf-32-le"),
        places,
        None,
        frozenset(breaks.tolist()),
        tuple((low, high) for low, high in joined.tolist()),
        n_lead,
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _closed(folded: Any, starts: Any) -> Any:
    """What stands between characters taken out; a space stays where it parts two Latin words.

    Returns
    -------
    The characters and their places in the original; where clauses ended; ranges of words that had been
    pulled apart, whose single letters are put together.
    """
    n = 0
    codes = np.empty(len(folded), dtype=np.uint32)
    origin = np.empty(len(folded), dtype=np.int32)
    for place in range(len(folded)):
        if folded[place] != _DROP:
            codes[n], origin[n] = folded[place], starts[place]
            n += 1
    apart = _pulled_apart(codes[:n])
    out = np.empty(n, dtype=np.uint32)
    kept = np.empty(n, dtype=np.int32)
    marks = np.zeros(n + 2, dtype=np.int32)
    stops = np.zeros(n + 2, dtype=np.uint8)
    joined = np.empty((len(apart), 2), dtype=np.int32)
    n_kept, n_marks, n_joined, next_apart, open_join = 0, 1, 0, 0, -1
    place = 0
    while place < n:
        if not _is_mark(codes[place]):
            out[n_kept], kept[n_kept] = codes[place], origin[place]
            n_kept += 1
            place += 1
            continue
        low, is_stop = place, False
        while place < n and _is_mark(codes[place]):
            is_stop |= codes[place] == _STOP
            place += 1
        while next_apart < len(apart) and apart[next_apart, 1] <= low:
            if open_join >= 0:
                joined[n_joined, 0], joined[n_joined, 1] = open_join, n_kept
                n_joined += 1
                open_join = -1
            next_apart += 1
        if low == 0 or place == n:
            continue
        if next_apart < len(apart) and apart[next_apart, 0] < low < apart[next_apart, 1]:
            if open_join < 0:
                open_join = n_kept - 1
            continue
        before, after = codes[low - 1], codes[place]
        if _letter(before) and _letter(after):
            alone = place == low + 1
            dress = alone and codes[low] == _GAP and _A <= before <= _Z and _A <= after <= _Z
            if not dress:
                out[n_kept], kept[n_kept] = _SPACE, origin[low]
                n_kept += 1
            # A lone space between Latin words says nothing, unless words there are pulled apart.
            if alone and codes[low] == _SPACE and not len(apart):
                continue
        marks[n_marks], stops[n_marks] = n_kept, is_stop
        n_marks += 1
    if open_join >= 0:
        joined[n_joined, 0], joined[n_joined, 1] = open_join, n_kept
        n_joined += 1
    marks[n_marks] = n_kept
    breaks = np.empty(n_marks, dtype=np.int32)
    n_breaks = 0
    for mark in range(1, n_marks):
        room = min(marks[mark] - marks[mark - 1], marks[mark + 1] - marks[mark])
        if stops[mark] and room >= _NATURAL_CLAUSE:
            breaks[n_breaks] = marks[mark]
            n_breaks += 1
    return out[:n_kept], kept[:n_kept], breaks[:n_breaks], joined[:n_joined]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _pulled_apart(codes: Any) -> Any:
    """Ranges of single Latin letters with one or two marks between each and the next."""
    n = len(codes)
    found = np.empty((n // (2 * _APART - 1) + 1, 2), dtype=np.int32)
    n_found, n_letters, first, last = 0, 0, 0, -1 - _APART
    for place in range(n + 1):
        lone = (
            place < n
            and _letter(codes[place]) == 1
            and not (place and _letter(codes[place - 1]) == 1)
            and not (place + 1 < n and _letter(codes[place + 1]) == 1)
        )
        follows = lone and 2 <= place - last <= 3 and _is_mark(codes[place - 1]) and _is_mark(codes[last + 1])
        if follows:
            n_letters += 1
            last = place
        elif lone or place == n:
            if n_letters >= _APART:
                found[n_found, 0], found[n_found, 1] = first, last + 1
                n_found += 1
            n_letters, first, last = 1, place, place
    return found[:n_found]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _is_mark(code: Any) -> Any:
    return code in (_GAP, _STOP, _SPACE)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _letter(code: Any) -> Any:
    return _LETTER[code] if code < len(_LETTER) else 0


def canonical_term(term: str) -> str:
    """A term of a lexicon or rule in canonical form (no map is needed)."""
    return normalise(term).text
