"""The form of a paper in raw text: numbering, options, marks, blanks.

Punctuation carries it, so it is looked for before folding. Each kind of form gives one piece
of evidence for the category ``paper``, stronger the more often it stands there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from rules.text.lexicon import Found, Term

MIN_CHARACTERS: Final = 24

_OPTIONS: Final = re.compile(
    r"[(（]?A[.．、)）:：]\s?[^\n]{0,150}?\s{0,30}[(（]?B[.．、)）:：]\s?[^\n]{0,150}?\s{0,30}[(（]?C[.．、)）:：]"
)
_FOUR_OPTIONS: Final = re.compile(
    r"[(（]?A[.．、)）:：][^\n]{1,150}\s{0,30}[(（]?B[.．、)）:：][^\n]{1,150}\s{0,30}"
    r"[(（]?C[.．、)）:：][^\n]{1,150}\s{0,30}[(（]?D[.．、)）:：]"
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


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    pattern: re.Pattern[str]
    first: float
    """Weight of the first occurrence."""
    most: float
    needs: str
    """One of these stands in every such form: most texts are passed by at a glance."""


FORMS: Final = (
    _Form("options A B C", _OPTIONS, 0.3, 0.7, "A"),
    _Form("options A to D", _FOUR_OPTIONS, 0.3, 0.7, "A"),
    _Form("numbered questions", _NUMBERED, 0.12, 0.5, ".．、题"),
    _Form("number with its marks", _HEADED, 0.3, 0.5, "分"),
    _Form("parts (1) (2)", _PARTS, 0.2, 0.35, "2２二②"),
    _Form("material or passage headings", _MATERIALS, 0.12, 0.35, "材Pp\n"),
    _Form("numbered or typeset blanks", _ITEM_BLANKS, 0.2, 0.6, "_ \\"),
    _Form("typeset formulas", _TEX, 0.1, 0.35, "$"),
    _Form("marks in brackets", _MARKS, 0.35, 0.7, "(（["),
    _Form("blanks", _BLANKS, 0.25, 0.4, "_＿(（﹏"),
    _Form("formulas", _FORMULA, 0.06, 0.35, ""),
    _Form("fields for name and seat", _FIELDS, 0.5, 0.8, "_＿"),
)


def find_layout(text: str) -> list[Found]:
    """Forms found in raw text, as evidence without a place."""
    if len(text) < MIN_CHARACTERS:
        return []
    found: list[Found] = []
    for form in FORMS:
        if form.needs and not any(character in text for character in form.needs):
            continue
        n = sum(1 for _ in form.pattern.finditer(text))
        if n:
            weight = round(min(form.most, 1.0 - (1.0 - form.first) ** n), 3)
            found.append(Found((Term(form.name, "", "paper", "layout", weight),), 0, 0))
    return found
