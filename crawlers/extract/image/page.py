"""One picture read through: text, codes, hash, and what names a person apart from the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pdqhash

from crawlers.extract.image.codes import find_codes
from crawlers.extract.image.engine import Engine
from crawlers.extract.image.load import Pixels, load
from crawlers.extract.image.ocr import Line, read_lines
from crawlers.extract.image.personal import part
from crawlers.personal import NOBODY, Personal
from crawlers.picture import MAX_BOXES, Picture, TextBox

MIN_PDQ_QUALITY = 50
"""Of 100; below it a picture is too plain for its hash to tell it from others (PDQ reference, 2019)."""
_PDQ_SIDE_PX = 512


@dataclass(frozen=True, slots=True)
class PageReading:
    """What one picture says."""

    lines: tuple[Line, ...] = ()
    """In reading order; names and seats masked."""
    codes: tuple[str, ...] = ()
    pdq: str | None = None
    """64 hex digits; None where a picture is too plain to have one."""
    claimed_at: str | None = None
    """The time EXIF claims, as written: noted, never trusted."""
    personal: Personal = NOBODY
    width_px: int = 0
    """Of the upright picture."""
    height_px: int = 0
    n_quarters: int = 0
    """How many quarters counter-clockwise bring its text upright."""

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def picture(self) -> Picture:
        """Size and boxes, as a document carries them."""
        return Picture(
            width_px=self.width_px,
            height_px=self.height_px,
            n_quarters=self.n_quarters,
            boxes=tuple(self._box(line) for line in self.lines[:MAX_BOXES]),
            n_boxes_dropped=max(0, len(self.lines) - MAX_BOXES),
        )

    def _box(self, line: Line) -> TextBox:
        sides = (self.width_px, self.height_px)
        corners = tuple(
            round(part * side) for corner in line.corners for part, side in zip(corner, sides, strict=True)
        )
        return TextBox(line.text, line.confidence, corners)


def read_page(engine: Engine, data: bytes, where: str = "picture") -> PageReading:
    """Read a picture.

    Raises
    ------
    CrawlError
        ``parse`` or ``too_large``, when it is no picture that can be read.
    """
    picture = load(data, where)
    gray = np.asarray(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    found = read_lines(engine, picture.pixels)
    texts, personal = part([line.text for line in found.lines])
    return PageReading(
        lines=tuple(replace(line, text=text) for line, text in zip(found.lines, texts, strict=True)),
        codes=find_codes(gray),
        pdq=pdq(picture.pixels),
        claimed_at=picture.claimed_at,
        personal=personal,
        width_px=picture.width_px,
        height_px=picture.height_px,
        n_quarters=found.n_quarters,
    )


def pdq(pixels: Pixels) -> str | None:
    """The perceptual hash of a colour picture, by which a repost is known."""
    scale = _PDQ_SIDE_PX / max(pixels.shape[:2])
    small = (
        cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    )
    bits, quality = pdqhash.compute(np.ascontiguousarray(small))
    return np.packbits(bits).tobytes().hex() if quality >= MIN_PDQ_QUALITY else None
