"""A file being read: what it is by its first bytes, what it may cost, what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from crawlers.errors import CrawlError
from crawlers.personal import NOBODY, Personal
from crawlers.picture import Picture


@dataclass(frozen=True, slots=True)
class Caps:
    """What one attachment may cost."""

    max_bytes: int = 32 * 2**20
    """Of everything unpacked from it together."""
    max_members: int = 200
    max_depth: int = 3
    max_pages: int = 50
    max_chars: int = 200_000


@dataclass(frozen=True, slots=True)
class ImageText:
    """What a picture says."""

    text: str = ""
    qr: tuple[str, ...] = ()
    pdq: str | None = None
    personal: Personal = NOBODY
    picture: Picture | None = None
    """Its size, and where its lines stand."""


def named(picture: ImageText) -> tuple[Personal, ...]:
    """Whom the picture names, if anybody."""
    return () if picture.personal.is_empty else (picture.personal,)


class ImageReader(Protocol):
    """The door to OCR and codes. It is pickled into the child, so it loads its models when first asked."""

    def read(self, data: bytes) -> ImageText: ...


@dataclass(slots=True)
class Extracted:
    """The text of a file, and of the files in it."""

    media_type: str
    text: str = ""
    qr: tuple[str, ...] = ()
    pdq: str | None = None
    personal: tuple[Personal, ...] = ()
    """Of each picture in it that names somebody."""
    picture: Picture | None = None
    """Of a file that is a picture itself."""
    n_pages: int = 0
    faults: list[str] = field(default_factory=list[str])
    """Parts that could not be read, one line each."""


class ReadPart(Protocol):
    def __call__(self, data: bytes, name: str, reading: Reading, depth: int) -> Extracted: ...


@dataclass(slots=True)
class Reading:
    """One attachment being read: its caps and what they have left."""

    caps: Caps
    images: ImageReader | None
    again: ReadPart
    """Reads a member of the file, one level deeper."""
    n_bytes_left: int
    n_members_left: int
    n_pages_left: int

    def spend(self, n_bytes: int, where: str) -> None:
        """Count unpacked bytes. Raises CrawlError of kind ``too_large`` when none are left."""
        self.n_bytes_left -= n_bytes
        if self.n_bytes_left < 0:
            raise CrawlError("too_large", where, f"over {self.caps.max_bytes} bytes unpacked")


_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)


_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\v\f\r\x1b"))
"""What no charset of a page uses; ESC shifts in ISO-2022."""
MAX_CONTROLS = 0.01
"""Share of them that text may hold: a forum's stray bytes lie far below, any binary format far above."""


def kind_of(data: bytes) -> str:
    """The media type that the bytes show."""
    head = data[:2048]
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"avif"):
        return "image/heif"
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    lowered = head.lower()
    if b"<html" in lowered or b"<!doctype html" in lowered:
        return "text/html"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text/plain"
    n_controls = len(head) - len(head.translate(None, _CONTROLS))
    is_binary = b"\x00" in head or n_controls > MAX_CONTROLS * len(head)
    return "application/octet-stream" if is_binary else "text/plain"
