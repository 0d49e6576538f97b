"""A list of answers: what is passed on from hand to hand while an exam runs.

    1-5 ABCDA 6-10 CCBAD      1.A2.B3.C      ①A②B③C      一A二B三C      √×√√×

Looked for in folded text, where digits and letters of all dresses are plain. A list tells nothing of
whose answers it holds: homework and past papers have them too, and say so.
"""

from __future__ import annotations

import re
from typing import Final

from rules.text.fold import DROP, FOLD, GAP, STOP
from rules.text.lexicon import Found, Term

ANSWERS: Final = "list of answers"
"""What a reason calls it."""
MIN_ANSWERS: Final = 5
"""Fewer are no list (judgement)."""
_FIRST, _EACH, _MOST = 0.3, 0.02, 0.75
"""Weight of a list, and of each answer; eight answers alone are enough for `paper` to fire."""

_MARK: Final = f"[{GAP}{STOP} ]"
_HINT: Final = re.compile("[a-e]{4}|[a-e] [a-e] |[0-9十] ?[a-e](?![f-z])")
"""In the canonical form of every list of letters: most texts are passed by at a glance."""
_BLOCKS: Final = re.compile(
    rf"(?<![a-z])[a-e]{{4,10}}(?![a-z])(?:(?:{_MARK}|[0-9]){{0,8}}[^a-z0-9{GAP}{STOP} ]{{0,4}}"
    rf"(?:{_MARK}|[0-9]){{0,8}}(?<![a-z])[a-e]{{4,10}}(?![a-z]))+"
)
"""Blocks of letters, with numbers or a word such as 阅读 between them."""
_RANGE: Final = re.compile(
    rf"(?<![0-9])([0-9]{{1,2}}){_MARK}{{1,2}}([0-9]{{1,2}}){_MARK}{{0,2}}([a-e]{{3,10}})(?![a-z])"
)
_PAIR: Final = re.compile(rf"(?<![0-9])([0-9]{{0,2}}十?[0-9]?){_MARK}{{0,2}}([a-e])(?![a-z])")
_ALONE: Final = re.compile(rf"(?<![a-z])[a-e](?:{_MARK}{{1,2}}[a-e]){{5,}}(?![a-z])")
_TICKED: Final = frozenset("√✓✔")
_CROSSED: Final = frozenset("×✗✘")
_JUDGED: Final = re.compile("[√✓✔×✗✘]{5,}")
_LETTER: Final = re.compile("[a-e]")


def find_answers(text: str, canonical_text: str) -> list[Found]:
    """A list of answers in raw text, as evidence without a place."""
    n = sum(
        len(row)
        for row in _JUDGED.findall(text)
        if not _TICKED.isdisjoint(row) and not _CROSSED.isdisjoint(row)
    )
    if _HINT.search(canonical_text):
        folded = text.translate(FOLD).replace(DROP, "")
        n += max(_in_blocks(folded), _in_pairs(folded), _alone(folded))
    if n < MIN_ANSWERS:
        return []
    weight = round(min(_MOST, _FIRST + _EACH * n), 3)
    return [Found((Term(ANSWERS, "", "paper", "layout", weight),), 0, 0)]


def _in_blocks(folded: str) -> int:
    """Answers in blocks that follow each other, or that fill the range named before them."""
    blocks = sum(len(_LETTER.findall(match.group())) for match in _BLOCKS.finditer(folded))
    ranges = sum(
        len(letters)
        for first, last, letters in _RANGE.findall(folded)
        if int(last) - int(first) + 1 == len(letters)
    )
    return max(blocks, ranges)


def _in_pairs(folded: str) -> int:
    """Longest row of a number and its letter, in which the numbers go up by one."""
    best = row = before = 0
    end = -1
    for match in _PAIR.finditer(folded):
        number = _number(match.group(1))
        if number is None:
            continue
        follows = number == before + 1 and match.start() - end <= 3
        row = row + 1 if follows and row else 1
        before, end = number, match.end()
        best = max(best, row)
    return best


def _alone(folded: str) -> int:
    """Letters one by one; the alphabet itself is no answer."""
    rows = ["".join(_LETTER.findall(match.group())) for match in _ALONE.finditer(folded)]
    return sum(len(row) for row in rows if "abcd" not in row or len(row) > 10)


def _number(written: str) -> int | None:
    """``10``, ``十``, ``十2``, ``2十3``; digits of Chinese numerals are Arabic in folded text."""
    tens, ten, ones = written.partition("十")
    if not ten:
        return int(written) if written else None
    return 10 * int(tens or 1) + int(ones or 0)
