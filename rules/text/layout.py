"""The form of a paper in raw text: numbering, options, marks, blanks.

Punctuation carries it, so it is looked for before folding. Each kind of form gives one piece
of evidence for the category ``paper``, stronger the more often it stands there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
import re2

from rules.text.automaton import CODES
from rules.text.lexicon import Found, Term

MIN_CHARACTERS: Final = 24

_SPACE: Final = r"[\s\x0b\x1c-\x1f\x85\pZ]"
"""What ``\\s`` is to `re`; RE2's own is ASCII."""
_NO_WORD: Final = "(?:^|[^A-Za-z])"
"""RE2 looks behind nothing: the character before belongs to what is found."""
# RE2: a post made of "A. x B. x C. x D" took `re` 23 s for the 200,000 characters that are read; this, 0.
_OPTIONS: Final = re2.compile(
    rf"{_NO_WORD}[(（]?A[.．、)）:：]{_SPACE}?[^\n]{{0,150}}?{_SPACE}{{0,30}}[(（]?B[.．、)）:：]{_SPACE}?"
    rf"[^\n]{{0,150}}?{_SPACE}{{0,30}}[(（]?C[.．、)）:：]"
)
_FOUR_OPTIONS: Final = re2.compile(
    rf"{_NO_WORD}[(（]?A[.．、)）:：][^\n]{{1,150}}{_SPACE}{{0,30}}[(（]?B[.．、)）:：][^\n]{{1,150}}{_SPACE}{{0,30}}"
    rf"[(（]?C[.．、)）:：][^\n]{{1,150}}{_SPACE}{{0,30}}[(（]?D[.．、)）:：]"
)
_NUMBERED: Final = re.compile(
    r"(?m)^[ \t　]{0,8}(?:第\s?)?([0-9]{1,2}|[一二三四五六七八九十]{1,2})\s?[.．、题](?![0-9])"
)
_MARKS: Final = re.compile(
    r"[(（\[]\s?(?:本小?题)?(?:满分|共|计|每小?题)?\s?[0-9]{1,3}\s?(?:分|marks?|points?|pts)\s?[)）\]]",
    re.IGNORECASE,
)
_BLANKS: Final = re.compile(r"_{3,}|＿{2,}|[(（][\s　]{1,8}[)）]|﹏{2,}")
_FORMULA: Final = re.compile(r"[=≤≥≠∈∠△√π⊥∥∩∪⊆→∞∑∫°]|\\(?:frac|sqrt|left|mathrm|angle)|[a-z]\^|mol/L|m/s|kg")
_HEADED: Final = re.compile(
    r"(?m)^[ \t　]{0,8}(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})\s?[.．、]\s?[(（]\s?[0-9]{1,3}\s?分\s?[)）]"
)
_PARTS: Final = re.compile(r"[(（][1１一①][)）][^\n]{2,300}?\n?[^\n]{0,200}?[(（][2２二②][)）]")
_MATERIALS: Final = re.compile(r"材料[一二三]|[Pp]assage [A-C1-3]\b|(?m:^\s{0,4}[A-E]\s?\n)")
_ITEM_BLANKS: Final = re.compile(
    r"(?<![0-9])_{0,4} ?[0-9]{2} ?_{1,4}|[a-z] {1,}[0-9]{2} {2,}[(（]?[a-z]|\\q?quad"
)
_TEX: Final = re.compile(r"\$[^$\n]{1,80}\$")
_FIELDS: Final = re.compile(
    r"(?:姓名|准考证号|考号|考场号?|座位号|班级|学校|得分|Name|Candidate No)\s?[:：]?\s?[_＿]{2,}"
)


_DIGITS: Final = "0123456789"
_NUMERALS: Final = f"{_DIGITS}一二三四五六七八九十"
_SIGNS: Final = "=≤≥≠∈∠△√π⊥∥∩∪⊆→∞∑∫°^/k\\"


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    pattern: Any
    """Of `re` or RE2."""
    first: float
    """Weight of the first occurrence."""
    most: float
    needs: tuple[str, ...]
    """A character of each stands in every such form: most texts are passed by at a glance."""


FORMS: Final = (
    _Form("options A B C", _OPTIONS, 0.3, 0.7, ("A", "B", "C", ".．、)）:：")),
    _Form("options A to D", _FOUR_OPTIONS, 0.3, 0.7, ("A", "B", "C", "D", ".．、)）:：")),
    _Form("numbered questions", _NUMBERED, 0.12, 0.5, (_NUMERALS, ".．、题")),
    _Form("number with its marks", _HEADED, 0.3, 0.5, (_NUMERALS, ".．、", "(（", "分")),
    _Form("parts (1) (2)", _PARTS, 0.2, 0.35, ("(（", "1１一①", "2２二②")),
    _Form("material or passage headings", _MATERIALS, 0.12, 0.35, ("材Pp\n", "料gABCDE")),
    _Form("numbered or typeset blanks", _ITEM_BLANKS, 0.2, 0.6, ("_ \\", f"{_DIGITS}q")),
    _Form("typeset formulas", _TEX, 0.1, 0.35, ("$",)),
    _Form("marks in brackets", _MARKS, 0.35, 0.7, ("(（[", _DIGITS, "分mMpP")),
    _Form("blanks", _BLANKS, 0.25, 0.4, ("_＿(（﹏",)),
    _Form("formulas", _FORMULA, 0.06, 0.35, (_SIGNS,)),
    _Form("fields for name and seat", _FIELDS, 0.5, 0.8, ("_＿", "名号位级校分eo")),
)


def _bits() -> tuple[CODES, tuple[int, ...]]:
    """By code point, a bit for each set of characters that it is in; and of each form, the bits it needs."""
    sets = list(dict.fromkeys(needed for form in FORMS for needed in form.needs))
    table = np.zeros(0x10000, dtype=np.uint32)
    for bit, characters in enumerate(sets):
        table[list(map(ord, characters))] |= np.uint32(1 << bit)
    return table, tuple(sum(1 << sets.index(needed) for needed in form.needs) for form in FORMS)


_TABLE, _NEEDED = _bits()


def find_layout(text: str) -> list[Found]:
    """Forms found in raw text, as evidence without a place."""
    if len(text) < MIN_CHARACTERS:
        return []
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    present = _present(codes, _TABLE)
    found: list[Found] = []
    for form, needed in zip(FORMS, _NEEDED, strict=True):
        if present & needed != needed:
            continue
        n = sum(1 for _ in form.pattern.finditer(text))
        if n:
            weight = round(min(form.most, 1.0 - (1.0 - form.first) ** n), 3)
            found.append(Found((Term(form.name, "", "paper", "layout", weight),), 0, 0))
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _present(codes: Any, table: Any) -> Any:
    found = 0
    for code in codes:
        if code < len(table):
            found |= table[code]
    return found
