"""DOCX, PPTX and XLSX to text: what stands in their XML, without a word processor.

    word/document.xml   <w:p> one line, <w:t> text
    ppt/slides/*.xml    <a:p> one line, <a:t> text
    xl/sharedStrings.xml <si> one line, <t> text; xl/worksheets/*.xml inline strings

Read piece by piece with expat, entities refused, so that neither size nor nesting matters.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.parsers import expat

from crawlers.errors import CrawlError
from crawlers.extract.archive import open_zip, read_member
from crawlers.extract.file import Extracted, Reading
from crawlers.extract.html import tidy

_TYPES = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PARTS = re.compile(
    r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"
    r"|ppt/(slides|notesSlides)/[^/]+\.xml|xl/sharedStrings\.xml|xl/worksheets/[^/]+\.xml"
)
_PICTURES = re.compile(r"(word|ppt|xl)/media/[^/]+\.(png|jpe?g|gif|bmp|webp|tiff?)", re.IGNORECASE)
MAX_DIGITS = 9
"""More in a part's name are no number of a slide; thousands would take Python's own `int` down."""
_LINES = frozenset(("p", "si", "row", "br", "tr", "is"))
_CELLS = frozenset(("tab", "tc", "c"))


def office_type(data: bytes, name: str) -> str | None:
    """The media type of an office file; None for any other ZIP."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = set(package.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError) as error:
        raise CrawlError("parse", name, f"ZIP: {error}") from None
    return next((kind for part, kind in _TYPES.items() if part in names), None)


def read_office(data: bytes, name: str, kind: str, reading: Reading) -> Extracted:
    result = Extracted(kind, n_pages=1)
    texts: list[str] = []
    with open_zip(data, name) as package:
        for member in _in_order(package.namelist()):
            if reading.n_members_left <= 0:
                result.faults.append(f"{name}: more parts than {reading.caps.max_members}")
                break
            reading.n_members_left -= 1
            try:
                part = read_member(package, package.getinfo(member), f"{name}/{member}", reading)
                if _PICTURES.fullmatch(member):
                    picture = reading.again(part, f"{name}/{member}", reading, 1)
                    texts.append(picture.text)
                    result.qr += picture.qr
                    result.personal += picture.personal
                else:
                    texts.append(_text(part, f"{name}/{member}", "xl/worksheets" in member))
            except CrawlError as error:
                if error.kind == "too_large":
                    raise
                result.faults.append(str(error))
    result.text = tidy("\n".join(texts))
    return result


def _in_order(names: list[str]) -> list[str]:
    texts = [name for name in names if _PARTS.fullmatch(name)]
    pictures = [name for name in names if _PICTURES.fullmatch(name)]
    return sorted(texts, key=_place) + sorted(pictures, key=_place)


def _place(name: str) -> list[tuple[int, str]]:
    """A key that puts ``slide10`` after ``slide9``."""
    return [_number(piece) for piece in re.split(r"(\d+)", name)]


def _number(piece: str) -> tuple[int, str]:
    is_number = piece.isascii() and piece.isdigit() and len(piece) <= MAX_DIGITS
    return (int(piece), "") if is_number else (0, piece)


def _text(xml: bytes, where: str, inline_only: bool) -> str:
    """The text elements of `xml`; of a worksheet only strings: its numbers are mostly references."""
    out: list[str] = []
    open_names: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        open_names.append(name.rpartition(":")[2])

    def end(name: str) -> None:
        last = open_names.pop()
        if last in _LINES:
            out.append("\n")
        elif last in _CELLS:
            out.append(" ")

    def data(text: str) -> None:
        if open_names and open_names[-1] == "t" and (not inline_only or "is" in open_names[-4:]):
            out.append(text)

    def refuse(*_: object) -> None:
        raise CrawlError("parse", where, "declares XML entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = data
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise CrawlError("parse", where, f"XML: {error}") from None
    return "".join(out)
