"""Any file to text: told by its first bytes, not by its name, and read inside caps.

    bytes ──kind_of──> html | pdf | docx xlsx pptx | zip 7z | image | text
                                      archives: each member again, one level deeper

Runs in a child of `crawlers.workshop`, which holds the cap on time.
"""

from __future__ import annotations

from crawlers.charset import damage, decode
from crawlers.errors import CrawlError
from crawlers.extract.archive import read_7z, read_zip
from crawlers.extract.file import Caps, Extracted, ImageReader, Reading, kind_of, named
from crawlers.extract.html import html_to_text, parse_html, text_of, tidy
from crawlers.extract.office import office_type, read_office
from crawlers.extract.pdf import read_pdf

LIMIT_S = 30.0
"""For one attachment with all that is in it."""
MAX_DAMAGED = 0.1
"""Share of characters that could not be read above which bytes are no text."""


def read_bytes(
    data: bytes, name: str, caps: Caps | None = None, images: ImageReader | None = None
) -> Extracted:
    """The text of a file called `name`.

    Raises
    ------
    CrawlError
        When the file as a whole cannot be read; members that cannot are told in ``faults``.
    """
    caps = caps or Caps()
    reading = Reading(caps, images, read_part, caps.max_bytes, caps.max_members, caps.max_pages)
    result = read_part(data, name, reading, depth=0)
    result.text = result.text[: caps.max_chars]
    return result


def read_part(data: bytes, name: str, reading: Reading, depth: int) -> Extracted:
    """A file, or a member of one at `depth`."""
    kind = kind_of(data)
    if kind.startswith("image/"):
        return _image(data, kind, reading)
    if kind == "application/pdf":
        return read_pdf(data, name, reading)
    if kind == "application/zip":
        office = office_type(data, name)
        return read_office(data, name, office, reading) if office else read_zip(data, name, reading, depth)
    if kind == "application/x-7z-compressed":
        return read_7z(data, name, reading, depth)
    if kind == "text/html":
        return Extracted(kind, html_page_text(decode(data).text))
    if kind == "text/plain":
        decoded = decode(data)
        if decoded.how == "damaged" and damage(decoded.text) > MAX_DAMAGED:
            raise CrawlError("parse", name, "neither text in any charset nor a kind that is read")
        return Extracted(kind, tidy(decoded.text[: reading.caps.max_chars]))
    raise CrawlError("parse", name, f"{kind} is not read")


def _image(data: bytes, kind: str, reading: Reading) -> Extracted:
    if reading.images is None:
        return Extracted(kind)
    seen = reading.images.read(data)
    return Extracted(kind, seen.text, seen.qr, seen.pdq, named(seen), seen.picture, n_pages=1)


def html_page_text(html: str) -> str:
    """Title and visible text of a whole page."""
    tree = parse_html(html)
    title = tree.css_first("title")
    body = text_of(tree.body) if tree.body is not None else html_to_text(html)
    return tidy((text_of(title) + "\n" if title is not None else "") + body)
