"""Raw text to its canonical form, with the way back to the original characters.

    original   出 售 \\u200b 答 * 案 ， 加 Ｖ Ｘ
    canonical  出 售        答   案   加 v x        starts = [0 1 3 5 7 8 9], ends = [1 2 4 6 8 9 10]

Canonical text holds letters, digits and CJK characters only, and one space between two
Latin words. Everything between CJK characters goes; where a clause really ended there
(clauses of three characters or more on both sides) the place is kept in ``breaks``, so
that a term is not found across a sentence's end.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import Final

from rules.text.fold import DROP, FOLD, GAP, STOP

_BETWEEN: Final = re.compile(f"[{GAP}{STOP} ]+")
_LATIN_CLASS: Final = "a-z0-9%$@"
_BETWEEN_WORDS: Final = re.compile(
    f" *[{GAP}{STOP}][{GAP}{STOP} ]*|  +| (?![{_LATIN_CLASS}])|(?<![{_LATIN_CLASS}]) "
)
"""The same without a lone space between two Latin words, which stays: English has little else."""
_LATIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789%$@")
_SPACED_LETTERS: Final = re.compile(
    rf"(?<![a-z0-9$@])[a-z0-9$@](?:[{GAP}{STOP} ]{{1,2}}[a-z0-9$@]){{2,}}(?![a-z0-9$@])"
)
"""Three or more single letters with marks between them: a word pulled apart."""
_INSIDE_WORD: Final = re.compile(rf"(?<=[a-z])[{GAP}]+(?=[a-z])")
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
        for index in range(start, min(end, len(self.starts))):
            low = self.starts[index]
            high = low + 1 if self.ends is None else self.ends[index]
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
    starts: array[int] | range = range(len(text))
    if len(folded) != len(text):  # some character stands for several
        starts = array("i")
        for index, character in enumerate(text):
            starts.extend((index,) * len(FOLD[ord(character)]))
    if DROP in folded:
        starts = array(
            "i", [start for start, character in zip(starts, folded, strict=True) if character != DROP]
        )
        folded = folded.replace(DROP, "")
    apart = [match.span() for match in _SPACED_LETTERS.finditer(folded)]
    pieces: list[str] = []
    kept: array[int] = array("i")
    marks: list[tuple[int, bool]] = []
    joined: list[tuple[int, int]] = []
    n_kept = position = next_apart = 0
    open_join = -1
    for match in (_BETWEEN if apart else _BETWEEN_WORDS).finditer(folded):
        low, high = match.span()
        pieces.append(folded[position:low])
        kept.extend(starts[position:low])
        n_kept += low - position
        while next_apart < len(apart) and apart[next_apart][1] <= low:
            if open_join >= 0:
                joined.append((open_join, n_kept))
                open_join = -1
            next_apart += 1
        position = high
        if low == 0 or high == len(folded):
            continue
        between = match.group()
        if next_apart < len(apart) and apart[next_apart][0] < low < apart[next_apart][1]:
            if open_join < 0:
                open_join = n_kept - 1
            continue
        latin = folded[low - 1] in _LATIN and folded[high] in _LATIN
        if latin and not _dress_inside_word(folded, between, low, high):
            pieces.append(" ")
            kept.append(starts[low])
            n_kept += 1
        marks.append((n_kept, STOP in between))
    pieces.append(folded[position:])
    kept.extend(starts[position:])
    n_kept += len(folded) - position
    if open_join >= 0:
        joined.append((open_join, n_kept))
    return Canonical("".join(pieces), kept, None, _breaks(marks, n_kept), tuple(joined), n_lead)


def _breaks(marks: list[tuple[int, bool]], n_kept: int) -> frozenset[int]:
    """Marks that end a clause: one of a sentence, with enough text before and after it."""
    places = [0, *(place for place, _ in marks), n_kept]
    return frozenset(
        place
        for index, (place, stops) in enumerate(marks, 1)
        if stops
        and place - places[index - 1] >= _NATURAL_CLAUSE
        and places[index + 1] - place >= _NATURAL_CLAUSE
    )


def _dress_inside_word(folded: str, between: str, low: int, high: int) -> bool:
    """A single symbol inside a word (ans*wers) leaves no space."""
    return between == GAP and high - low == 1 and bool(_INSIDE_WORD.match(folded, low))


def canonical_term(term: str) -> str:
    """A term of a lexicon or rule in canonical form (no map is needed)."""
    return normalise(term).text
