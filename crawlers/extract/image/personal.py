"""Names, seats and numbers of candidates in what was read off a picture: taken out of the text.

A photo of a paper may show who took it. That names a room, and a person: it is kept apart from the
text, for those alone who may see it, and the text shows that something stood there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawlers.personal import Personal

MASK = "＊＊"
_NUMBER_LABELS = (
    r"准考证号码?|准考证|考生号|考籍号|学籍号|学号|考号"
    r"|candidate\s*(?:no\.?|number)|exam(?:ination)?\s*number"
)
_SEAT_LABELS = (
    r"考场座位号|座位号|座位|座号|考场号|考场|试室号|seat\s*(?:no\.?|number)|room\s*(?:no\.?|number)"
)
_NAME_LABELS = r"考生姓名|姓\s{0,4}名|candidate(?:['’]s)?\s*name|full\s*name|(?<![a-z])name"
_BLANKS = r"[\s_＿:：.。\-—]{0,12}"
_NO_NAME = (
    "班级|学校|准考|考号|考场|座位|座号|科目|性别|学号|年级|填写|清楚|考生|得分|总分|成绩|日期|时间|电话"
    "|单位|地址|部门|年龄|民族|和|与|及|栏|等"
)
_NAME = re.compile(
    rf"(?:{_NAME_LABELS}){_BLANKS}"
    rf"(?P<value>(?!{_NO_NAME})[\u4e00-\u9fff]{{1,3}}(?:·[\u4e00-\u9fff]{{2,8}})?(?:(?!{_NO_NAME})[\u4e00-\u9fff])?"
    r"(?=$|[^\u4e00-\u9fff]|班|学校|准考|考号|考场|座位|座号|科目|性别|学号|年级|考生)"
    r"|(?-i:[A-Z][A-Za-z'’\-]+(?:\s[A-Z][A-Za-z'’\-]+){1,3}))",
    re.IGNORECASE | re.MULTILINE,
)
_LATIN_LABEL = re.compile(
    r"name|number|seat|room|candidate|class|school|date|signature|centre|center", re.IGNORECASE
)
_SEAT = re.compile(rf"(?:{_SEAT_LABELS}){_BLANKS}第?(?P<value>\d{{1,4}})(?!\d)", re.IGNORECASE)
_DIGITS = re.compile(rf"(?:{_NUMBER_LABELS}){_BLANKS}(?P<value>\d[\d\s\-]{{3,24}}\d)", re.IGNORECASE)
MIN_NAME_CHARS = 2


def part(lines: Sequence[str]) -> tuple[list[str], Personal]:
    """The lines without what names a person, and what did, from the first place it stands in."""
    names: list[str] = []
    seats: list[str] = []
    numbers: list[str] = []
    masked: list[str] = []
    for line in lines:
        line = _take(_DIGITS, line, numbers)
        line = _take(_SEAT, line, seats)
        masked.append(_take(_NAME, line, names))
    seat = " / ".join(dict.fromkeys(seats))
    return masked, Personal(
        names[0] if names else None, seat or None, "".join(numbers[0].split()) if numbers else None
    )


def _take(pattern: re.Pattern[str], line: str, taken: list[str]) -> str:
    def mask(match: re.Match[str]) -> str:
        value = match["value"].strip()
        if len(value) < MIN_NAME_CHARS and pattern is _NAME:
            return match[0]
        if value[0].isascii() and not value[0].isdigit() and _LATIN_LABEL.search(value):
            return match[0]
        taken.append(value)
        return match[0][: match.start("value") - match.start()] + MASK

    return pattern.sub(mask, line)
