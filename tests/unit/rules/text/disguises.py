"""Twelve ways in which offers are written to be missed, each a function of text and chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import opencc
from pypinyin import lazy_pinyin

Disguise = Callable[[str, random.Random], str]

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
COMBINING = "\u0301\u0336\u20dd\u0489"
SYMBOLS = "*·~-_|/+.`'^&#★丶"
CIRCLED = dict(zip("0123456789", "⓪①②③④⑤⑥⑦⑧⑨", strict=True))
MATHS = dict(zip("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", strict=True))
HAN = dict(zip("0123456789", "〇一二三四五六七八九", strict=True))
FORMAL = dict(zip("0123456789", "零壹贰叁肆伍陆柒捌玖", strict=True))
LOOKALIKE_LATIN = dict(zip("aceopxyAEKMHOPCTX", "асеорхуАЕКМНОРСТХ", strict=True))
GREEK = dict(zip("aovnAEKMHOPTXZ", "αονηΑΕΚΜΗΟΡΤΧΖ", strict=True))
SPLIT = {
    "答": "竹合",
    "案": "安木",
    "代": "亻弋",
    "信": "亻言",
    "题": "是页",
    "隐": "阝急",
    "机": "木几",
    "试": "讠式",
    "替": "夫夫日",
}
HOMOPHONE = {
    "答案": "答按",
    "真题": "真提",
    "原题": "元题",
    "代考": "带考",
    "替考": "替烤",
    "考前答案": "考钱答案",
    "隐形耳机": "隐型耳机",
}
LEET = dict(zip("aeoist", "430157", strict=True))


def zero_width(text: str, chance: random.Random) -> str:
    return "".join(c + (chance.choice(ZERO_WIDTH) if chance.random() < 0.5 else "") for c in text)


def combining(text: str, chance: random.Random) -> str:
    return "".join(c + (chance.choice(COMBINING) if c.isalnum() else "") for c in text)


def full_width(text: str, chance: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def spaces(text: str, chance: random.Random) -> str:
    return "".join(c + (" " if ord(c) > 0x2E80 and chance.random() < 0.8 else "") for c in text)


def symbols(text: str, chance: random.Random) -> str:
    return "".join(
        c + (chance.choice(SYMBOLS) if ord(c) > 0x2E80 and chance.random() < 0.6 else "") for c in text
    )


@cache
def _traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def traditional(text: str, chance: random.Random) -> str:
    return _traditional().convert(text)


def digits(text: str, chance: random.Random) -> str:
    table = chance.choice((CIRCLED, MATHS, HAN, FORMAL))
    return "".join(table.get(c, c) for c in text)


def emoji(text: str, chance: random.Random) -> str:
    keycapped = "".join(c + "\ufe0f\u20e3" if c.isdigit() and c.isascii() else c for c in text)
    return keycapped.replace("QQ", "🐧").replace("加", "➕").replace("100%", "💯")


def split_characters(text: str, chance: random.Random) -> str:
    return (
        text.replace("答案", chance.choice(("竹合安木", "竹合案", "答安木")))
        .replace("代考", "亻弋考")
        .replace("信", "亻言")
    )


def lookalikes(text: str, chance: random.Random) -> str:
    table = chance.choice((LOOKALIKE_LATIN, GREEK))
    return "".join(table.get(c, c) for c in text).replace("考", "侤").replace("费", "镄")


def homophones(text: str, chance: random.Random) -> str:
    for word, sound in HOMOPHONE.items():
        text = text.replace(word, sound)
    return text


def pinyin(text: str, chance: random.Random) -> str:
    for word in ("答案", "代考", "耳机", "真题", "试题"):
        if word in text:
            spelled = lazy_pinyin(word)
            text = text.replace(
                word, chance.choice(("".join(spelled), spelled[0] + word[1], word[0] + spelled[1]))
            )
    return text


def leet(text: str, chance: random.Random) -> str:
    """Only inside words of five letters or more, one letter in three."""
    words = text.split(" ")
    for index, word in enumerate(words):
        if word.isascii() and word.isalpha() and len(word) >= 5:
            words[index] = "".join(LEET.get(c, c) if chance.random() < 0.5 else c for c in word)
    return " ".join(words)


def contacts(text: str, chance: random.Random) -> str:
    for plain, odd in (("微信", "薇❤"), ("QQ", "扣扣"), ("加V", "╋Ⓥ"), ("telegram", "te1egram")):
        text = text.replace(plain, odd)
    return text


DISGUISES: dict[str, Disguise] = {
    "zero width": zero_width,
    "combining": combining,
    "full width": full_width,
    "spaces": spaces,
    "symbols": symbols,
    "traditional": traditional,
    "digits": digits,
    "emoji": emoji,
    "split": split_characters,
    "look-alikes": lookalikes,
    "homophones": homophones,
    "pinyin": pinyin,
    "leet": leet,
    "contacts": contacts,
}
