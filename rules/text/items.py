"""A paper's text into items, at question numbers.

``一、`` opens a part, ``1.`` ``1．`` ``1、`` ``第1题`` ``Question 1`` an item, ``(1)`` stays inside
its item. Numbers must follow each other (a gap of two at most), so that a year or a measure at
the start of a line splits nothing.
"""

from __future__ import annotations

import re
from typing import Final

from rules.text.bank import Item

_NUMBER: Final = re.compile(
    r"(?m)^[ \t　]*(?:第[ ]?(?P<di>[0-9]{1,3})[ ]?题|(?:Question|Q)[ ]?(?P<en>[0-9]{1,3})\b"
    r"|(?P<plain>[0-9]{1,3})[ ]?(?:[.．、](?![0-9])|[)）]))"
)
_PART: Final = re.compile(
    r"(?m)^[ \t　]*(?:[一二三四五六七八九十]{1,3}[、.．]|第[一二三四五ⅠⅡIVX12]+(?:部分|卷)|Section [A-F]\b)"
)
_MAX_SKIP: Final = 2
MIN_CHARACTERS: Final = 4


def split_items(name: str, text: str) -> list[Item]:
    """Items named ``name#number``; a paper without numbers is one item, ``name``.

    A number that starts again (a new part counting from 1) gets the part in front: ``name#2-1``.
    Headings and what stands before the first number go to no item.
    """
    starts: list[tuple[int, str]] = []
    ends: list[int] = []
    part, last = 1, 0
    for match in _NUMBER.finditer(text):
        number = int(match["di"] or match["en"] or match["plain"])
        if number == 1 and last:
            part, last = part + 1, 0
        if last < number <= last + 1 + _MAX_SKIP or (last == 0 and not starts):
            starts.append((match.start(), f"{part}-{number}" if part > 1 else str(number)))
            last = number
    if not starts:
        return [Item(name, text)] if len(text.strip()) >= MIN_CHARACTERS else []
    headings = [match.start() for match in _PART.finditer(text)]
    for index, (start, _) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(text)
        ends.append(min((place for place in headings if start < place < end), default=end))
    return [
        Item(f"{name}#{number}", text[start:end])
        for (start, number), end in zip(starts, ends, strict=True)
        if len(text[start:end].strip()) >= MIN_CHARACTERS
    ]
