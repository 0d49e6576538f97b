"""PDF to text with pypdfium2; pages without text (scans) go to the reader of pictures."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2 as pdfium

from crawlers.errors import CrawlError
from crawlers.extract.file import Extracted, Reading, named
from crawlers.extract.html import tidy

SCAN_DPI = 150
"""Enough for OCR of a printed paper: body text of 10.5 pt is then 22 pixels high."""
MAX_PIXELS = 12_000_000
"""Of one rendered page; A4 at 150 dpi has 2.2 million."""
MIN_CHARS = 20
"""Fewer on a page mean a scan with at most a page number."""


def read_pdf(data: bytes, name: str, reading: Reading) -> Extracted:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise CrawlError("parse", name, f"PDF: {error}") from None
    try:
        return _pages(document, name, reading)
    finally:
        document.close()


def _pages(document: Any, name: str, reading: Reading) -> Extracted:
    result = Extracted("application/pdf", n_pages=len(document))
    texts: list[str] = []
    n_chars = 0
    for number in range(len(document)):
        if reading.n_pages_left <= 0 or n_chars > reading.caps.max_chars:
            result.faults.append(f"{name}: {len(document) - number} pages not read")
            break
        reading.n_pages_left -= 1
        try:
            text = _page(document[number], reading, result)
        except pdfium.PdfiumError as error:
            result.faults.append(f"{name}: page {number + 1}: {error}")
            continue
        texts.append(text)
        n_chars += len(text)
    result.text = tidy("\n".join(texts))
    return result


def _page(page: Any, reading: Reading, result: Extracted) -> str:
    text = page.get_textpage().get_text_range().replace("\r", "")
    if len(text.strip()) >= MIN_CHARS or reading.images is None:
        return text
    width, height = page.get_size()
    scale = min(SCAN_DPI / 72, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    rendered = io.BytesIO()
    page.render(scale=scale, grayscale=True).to_pil().save(rendered, "PNG")
    seen = reading.images.read(rendered.getvalue())
    result.qr += seen.qr
    result.personal += named(seen)
    return text + "\n" + seen.text
