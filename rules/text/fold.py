"""One code point to its plain form: the table under every other step of reading.

A code point becomes exactly one character where that is possible (so that positions
keep), several where it stands for several (``⑩``, ``㈠``, a penguin for QQ), or ``DROP``
where it is nothing but dress (zero width, combining, variation selector).

Sources: Unicode NFKC and general categories (``unicodedata``), OpenCC's traditional to
simplified characters, and the two short tables below.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import opencc

DROP: Final = "\x00"
"""Stands for a character that leaves no trace."""
GAP: Final = "·"
"""Any symbol that is no letter, digit, CJK character or mark of a sentence."""
STOP: Final = "。"
"""Any mark that ends a clause, and a line's end."""

_CLAUSE_MARKS = "。，！？；：、,!?;:…\n\r\u2028\u2029"
_KEPT_SYMBOLS = "%$@"
"""Symbols that act as letters: 100%, an$wers, @handle."""

# Look-alikes of Latin letters that survive NFKC (a subset of Unicode's confusables.txt: the
# letters that look the same in common fonts, not those that merely resemble).
_GREEK = dict(zip("αβγδεζηικμνοπρστυχω", "abydezniкmvonpotuxw", strict=True)) | {"к": "k"}
_LATIN_TWINS: Final = {
    **{key: value for key, value in _GREEK.items() if value.isascii()},
    "κ": "k",
    **dict(zip("авекмнорстухіјѕԁԛԝһѵгпь", "abekmhopctyxijsdqwhvrnb", strict=True)),
    **dict(zip("ıȷɑɡɩʟɴʀᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ", "ijagilnracdejkmoptuvwz", strict=True)),
    "ø": "o",
    "đ": "d",
    "ł": "l",
    "ħ": "h",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
}

# CJK shapes taken for another character or letter, formal numerals, and the circle used as zero.
# Chinese numerals become Arabic in texts and terms alike, so that 1手 and 一手, 46级 and 四六级 agree.
_CJK_TWINS: Final = {
    **dict(zip("〇零一二三四五六七八九", "00123456789", strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖弌弍弎两", "1234567891232", strict=True)),
    **dict.fromkeys("丶丿乀乁丨亅乚", GAP),
    "氺": "水",
    "囗": "口",
    "㕛": "友",
    "敎": "教",
    "妳": "你",
    "祂": "他",
    "侤": "考",
    "攷": "考",
    "栲": "考",
    "菝": "拔",
    "箹": "约",
    "荅": "答",
    "桉": "案",
    "銮": "案",
    "査": "查",
    "冋": "回",
    "囙": "因",
    "亊": "事",
    "徴": "微",
    "溦": "微",
    "亱": "夜",
    "収": "收",
    "枱": "台",
    "値": "值",
    "宻": "密",
    "朮": "术",
    "菿": "到",
    "恠": "在",
    "嘚": "得",
    "镄": "费",
    "曊": "费",
    "岀": "出",
    "訁": "讠",
    # Written Cantonese
    **dict(zip("嗰𠮶嘅喺冇唔佢咗嚟畀搵", "那那的在没不他了来给找", strict=True)),
}

_EMOJI: Final = {
    "🐧": "qq",
    "✈": "tg",
    "🛩": "tg",
    "➕": "加",
    "🈶": "有",
    "🈚": "无",
    "🉐": "得",
    "💰": "钱",
    "💵": "钱",
    "🛰": "卫星",
    "🎧": "耳机",
    "💯": "100%",
    "🔟": "10",
    "¥": "$",
    "￥": "$",
    "€": "$",
    "£": "$",
    "🅰": "a",
    "🅱": "b",
    "🅾": "o",
    "🅿": "p",
    "🆎": "ab",
    "🆕": "新",
    "🈲": "禁",
    "㊙": "秘",
    "㊗": "祝",
    "㊣": "正",
    "🈵": "满",
    "🈴": "合",
    "📝": GAP,
}


def _simplified() -> dict[str, str]:
    """OpenCC's one-to-one part, asked for character by character so that no phrase interferes."""
    code_points = [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]
    characters = [chr(code) for code in code_points]
    plain = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {a: b for a, b in zip(characters, plain, strict=True) if a != b and len(b) == 1}


class FoldTable(dict[int, str]):
    """For ``str.translate``: fills itself as code points are met (at most all of Unicode)."""

    def __init__(self) -> None:
        super().__init__()
        self._simplified = _simplified()

    def __missing__(self, code: int) -> str:
        folded = self._fold(chr(code))
        self[code] = folded
        return folded

    def _fold(self, character: str) -> str:
        if character in _EMOJI:
            return _EMOJI[character]
        if 0x1F1E6 <= ord(character) <= 0x1F1FF:  # regional indicators spell letters
            return chr(ord(character) - 0x1F1E6 + ord("a"))
        if 0x2F00 <= ord(character) <= 0x2FD5 or 0x2E80 <= ord(character) <= 0x2EFF:
            plain = unicodedata.normalize("NFKC", character)
            return self._simplified.get(plain, plain)
        if character == "\u20e3" or unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc", "Cn", "Co"):
            return STOP if character in _CLAUSE_MARKS else " " if character == "\t" else DROP
        decomposed = unicodedata.normalize("NFKD", character)
        pieces = [self._piece(part) for part in decomposed]
        kept = "".join(part for part in pieces if part != DROP)
        return kept or DROP

    def _piece(self, character: str) -> str:
        if unicodedata.category(character) in ("Mn", "Me", "Cf"):
            return DROP
        character = self._simplified.get(character, character)
        character = _CJK_TWINS.get(character, character)
        if character == GAP:
            return GAP
        character = character.casefold()
        character = "".join(_LATIN_TWINS.get(part, part) for part in character)
        if character.isalnum() or character in _KEPT_SYMBOLS:
            return character
        if character in _CLAUSE_MARKS:
            return STOP
        if character.isspace():
            return " "
        return GAP


FOLD: Final = FoldTable()
