"""Bytes to text: what the answer says of itself first, what it looks like second.

Order: byte order mark, HTTP header, ``<meta>`` or XML declaration, strict UTF-8,
GB18030, and a statistical detector last. A declaration is believed only if the bytes
bear it out.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

MAX_DAMAGE = 0.01
"""Share of replaced characters up to which a declaration is believed: pages cut in the middle of a
character, or with one forum signature in another encoding, stay far below."""
MIN_COMMON = 0.8
"""Share of ideographs from the first level of GB 2312 (3,755 characters that cover 99.7 % of modern
running text, GB 2312-80) below which text is not what GB18030 says it is. Measured on the chardet
collection's feeds: GB text 0.994 and more, Big5 read as GB18030 0.58 and less."""
SNIFF_BYTES = 4096
DETECT_BYTES = 64 * 1024

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_:.-]+)["']""", re.IGNORECASE)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.IGNORECASE)

# The supersets that browsers read when a page names the smaller set (WHATWG Encoding Standard).
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
# What the same standard lets a page be in. Python knows more: some hide markup (utf-7), some are
# no charsets at all (hex, zlib).
_NAMES = """
    utf-8 gb18030 big5hkscs euc_jp iso2022_jp cp932 cp949 cp866 cp874 koi8-r koi8-u mac-roman mac-cyrillic
    iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-13 iso8859-14
    iso8859-15 iso8859-16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 utf-16-le utf-16-be
"""
_KNOWN = frozenset(_NAMES.split())


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    charset: str
    how: str
    """``bom``, ``header``, ``declaration``, ``utf-8``, ``gb18030``, ``detector`` or ``damaged``."""


def decode(body: bytes, content_type: str = "") -> Decoded:
    """`body` as text; never raises, whatever the bytes are."""
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return Decoded(body[len(mark) :].decode(charset, "replace"), charset, "bom")
    head = body[:SNIFF_BYTES]
    header = _HEADER.search(content_type)
    inside = _XML.search(head) or _META.search(head)
    declared = [("header", header.group(1))] if header else []
    if inside:
        declared.append(("declaration", inside.group(1).decode("ascii")))
    for how, label in declared:
        charset = _codec(label)
        if charset is None:
            continue
        text = body.decode(charset, "replace")
        if damage(text) <= MAX_DAMAGE:
            return Decoded(text, charset, how)
    try:
        # final=False: a last character that the size cap or a broken server cut is not a counterexample
        return Decoded(codecs.getincrementaldecoder("utf-8")().decode(body, final=False), "utf-8", "utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(body, final=False)
        if looks_chinese(text):
            return Decoded(text, "gb18030", "gb18030")
    except UnicodeDecodeError:
        pass
    best = from_bytes(body[:DETECT_BYTES]).best()
    if best is not None and best.encoding:
        return Decoded(body.decode(best.encoding, "replace"), best.encoding, "detector")
    return Decoded(body.decode("utf-8", "replace"), "utf-8", "damaged")


def _codec(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    name = _WIDER.get(name, name)
    return name if name in _KNOWN else None


def damage(text: str) -> float:
    """Share of characters that stand for bytes which could not be read."""
    return text.count("\ufffd") / max(1, len(text))


def looks_chinese(text: str) -> bool:
    """True when most ideographs of `text` are of GB 2312's first level; text without any is not Chinese."""
    ideographs = re.findall(r"[\u4e00-\u9fff]", text[:DETECT_BYTES])
    if not ideographs:
        return False
    n_common = sum(_is_common(character) for character in ideographs)
    return n_common / len(ideographs) >= MIN_COMMON


def _is_common(character: str) -> bool:
    encoded = character.encode("gb2312", "ignore")
    return bool(encoded) and 0xB0 <= encoded[0] <= 0xD7
