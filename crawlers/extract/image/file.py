"""Any file read through, with each of its pictures kept as a reading of its own.

`crawlers.extract.read` gives a file's whole text; who judges pages also wants their lines, what
names a person, and the codes drawn on pages of text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pypdfium2 as pdfium

from crawlers.errors import CrawlError
from crawlers.extract.file import Caps, Extracted, ImageText, Reading
from crawlers.extract.image.codes import find_codes
from crawlers.extract.image.page import PageReading
from crawlers.extract.image.reader import OcrReader
from crawlers.extract.read import read_part

CODES_DPI = 150
"""A QR code of 1 cm with 29 modules has two pixels a module then."""
_ARCHIVES = frozenset(("application/zip", "application/x-7z-compressed"))
MAX_PAGE_PIXELS = 8_000_000


@dataclass(frozen=True, slots=True)
class FileReading:
    """A file's text and its pictures, in the order they were read."""

    extracted: Extracted
    pictures: tuple[PageReading, ...]
    parts: tuple[str, ...]
    """The text of each file inside an archive, or of the only one."""


@dataclass(slots=True)
class _Keeping:
    """An `ImageReader` that keeps what it read; a picture out of time does not fail its document."""

    reader: OcrReader
    pages: list[PageReading] = field(default_factory=list[PageReading])
    faults: list[CrawlError] = field(default_factory=list[CrawlError])

    def read(self, data: bytes) -> ImageText:
        try:
            page = self.reader.read_page(data)
        except CrawlError as error:
            if error.kind != "timeout":
                raise
            self.faults.append(error)
            return ImageText()
        self.pages.append(page)
        return ImageText(page.text, page.codes, page.pdq, page.personal, page.picture)


def read_file(data: bytes, name: str, caps: Caps, reader: OcrReader) -> FileReading:
    """Read a file called `name`; runs in a child of `crawlers.workshop`.

    Raises
    ------
    CrawlError
        When the file as a whole cannot be read; parts that cannot are in ``extracted.faults``.
    """
    keeping = _Keeping(reader)
    parts: list[str] = []

    def again(data: bytes, name: str, reading: Reading, depth: int) -> Extracted:
        try:
            extracted = read_part(data, name, reading, depth)
        except CrawlError as error:
            # A picture does not know its name.
            raise CrawlError(
                error.kind, name if error.where == "picture" else error.where, error.detail
            ) from None
        if extracted.media_type not in _ARCHIVES:
            parts.append(extracted.text[: caps.max_chars])
        return extracted

    reading = Reading(caps, keeping, again, caps.max_bytes, caps.max_members, caps.max_pages)
    extracted = again(data, name, reading, 0)
    if keeping.faults and extracted.media_type.startswith("image/"):
        raise keeping.faults[0]
    codes = _codes_on_pages(data, caps) if extracted.media_type == "application/pdf" else ()
    extracted = replace(
        extracted,
        text=extracted.text[: caps.max_chars],
        qr=tuple(dict.fromkeys(extracted.qr + codes)),
        faults=extracted.faults + [f"{name}: {error}" for error in keeping.faults],
    )
    return FileReading(extracted, tuple(keeping.pages), tuple(parts))


def _codes_on_pages(data: bytes, caps: Caps) -> tuple[str, ...]:
    """Codes printed on a PDF's pages, of text or not."""
    document: Any = pdfium.PdfDocument(data)
    found: list[str] = []
    try:
        for number in range(min(len(document), caps.max_pages)):
            try:
                found += _codes_on(document[number])
            except pdfium.PdfiumError:
                # A page that cannot be drawn is told by who reads its text.
                continue
    finally:
        document.close()
    return tuple(found)


def _codes_on(page: Any) -> tuple[str, ...]:
    width, height = page.get_size()
    scale = min(CODES_DPI / 72, (MAX_PAGE_PIXELS / max(1.0, width * height)) ** 0.5)
    drawn = page.render(scale=scale, grayscale=True).to_numpy()
    return find_codes(np.ascontiguousarray(drawn.reshape(drawn.shape[:2])))
