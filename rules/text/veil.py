"""Whole texts in a veil: turned upside down, written backwards, rot13, base64, escapes.

    sɹǝʍsuɐ ɯɐxǝ     案答考高售出     rknz nafjref     6auY6ICD562U5qGI     \\u7b54\\u6848     %E7%AD%94

A veil is taken off where its marks show; whether what comes out says anything is for the reader to
judge. Each character keeps its way back to the original.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_TURNED: Final = dict(
    zip("ɐqɔpǝɟƃɥᴉıɾʞlɯuodbɹsʇnʌʍxʎzƖᄅƐㄣϛ9ㄥ6", "abcdefghiijklmnopqrstuvwxyz12345679", strict=True)
)
_TELLS_TURNED: Final = "ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ"
_N_TURNED: Final = 3
"""Turned letters of a text: phonetic script has some, but seldom with a word beside it that says the rest."""
_BACKWARDS: Final = re.compile(
    "案答|题真|题原|题试|卷试|考高|研考|考代|考替|级四|级六|机耳|弊作|过包|过保|款付|售出|信微|系联|发前考"
)
_N_BACKWARDS: Final = 2
"""Of them in a text, one of which stands in no text that is written forwards (考高数 and 考代数 do)."""
_ONLY_BACKWARDS: Final = frozenset(
    ("案答", "题原", "考替", "级四", "级六", "机耳", "弊作", "款付", "信微", "系联", "发前考")
)
_ROT13: Final = re.compile(
    r"(?i)\b(?:frryvat|frry|fryyvat|fryy|nafjre|nafjref|rknz|rknzf|yrnxrq|yrnx|cncref|dhrfgvbaf|gryrtenz|jungfncc)\b"
)
_CODED: Final = re.compile(
    r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16,4096}={0,2}|(?:\\u[0-9a-fA-F]{4}){2,1024}|(?:%[0-9a-fA-F]{2}){3,4096}"
    r"|(?:&#x?[0-9a-fA-F]{2,6};){2,1024}"
)
_SEGMENT: Final = re.compile(r"[^\n,，。!?！？;；]+")


@dataclass(frozen=True, slots=True)
class Unveiled:
    text: str
    lows: list[int]
    highs: list[int]
    """Of each character, the range of the original that it comes from."""


def unveil(text: str) -> Unveiled | None:
    """`text` without its veil; None where there is none."""
    if sum(text.count(letter) for letter in _TELLS_TURNED) >= _N_TURNED:
        return _in_segments(text)
    backwards = set(_BACKWARDS.findall(text))
    if len(backwards) >= _N_BACKWARDS and backwards & _ONLY_BACKWARDS:
        order = [place for low, high in _lines(text) for place in (*range(high - 1, low - 1, -1), high)]
        return _ordered(text, order[:-1])
    if _ROT13.search(text):
        plain = codecs.encode(text, "rot13")
        return Unveiled(plain, list(range(len(text))), list(range(1, len(text) + 1)))
    return _decoded(text)


def _lines(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        found.append((start, start + len(line)))
        start += len(line) + 1
    return found


def _ordered(text: str, order: list[int]) -> Unveiled:
    return Unveiled("".join(text[place] for place in order), order, [place + 1 for place in order])


def _in_segments(text: str) -> Unveiled:
    """Clauses that hold turned letters, from their end to their beginning; the others as they stand."""
    out: list[str] = []
    order: list[int] = []
    position = 0
    for match in _SEGMENT.finditer(text):
        if not any(letter in match.group() for letter in _TELLS_TURNED):
            continue
        low, high = match.span()
        places = [*range(position, low), *range(high - 1, low - 1, -1)]
        out += text[position:low]
        out += (_TURNED.get(text[place], text[place]) for place in range(high - 1, low - 1, -1))
        order += places
        position = high
    out += text[position:]
    order += range(position, len(text))
    return Unveiled("".join(out), order, [place + 1 for place in order])


def _decoded(text: str) -> Unveiled | None:
    out: list[str] = []
    lows: list[int] = []
    highs: list[int] = []
    position = 0
    for match in _CODED.finditer(text):
        plain = _plain(match.group())
        if plain is None:
            continue
        low, high = match.span()
        out += (text[position:low], plain)
        lows += (*range(position, low), *(low for _ in plain))
        highs += (*range(position + 1, low + 1), *(high for _ in plain))
        position = high
    if not position:
        return None
    out.append(text[position:])
    lows += range(position, len(text))
    highs += range(position + 1, len(text) + 1)
    return Unveiled("".join(out), lows, highs)


def _plain(coded: str) -> str | None:
    """What `coded` stands for, where that is text."""
    if coded.startswith("\\u"):
        return "".join(chr(int(part, 16)) for part in coded.split("\\u")[1:])
    if coded.startswith("&#"):
        return html.unescape(coded)
    if coded.startswith("%"):
        plain = unquote(coded, errors="replace")
        return None if "\ufffd" in plain else plain
    try:
        plain = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return plain if plain.replace("\n", "").isprintable() else None
