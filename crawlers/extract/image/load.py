"""Bytes of a picture to upright pixels, refused by its header before anything large is unpacked.

JPEG is unpacked at a fraction of its size where the whole is not needed. EXIF orientation is
applied; EXIF time is noted, and never trusted: anybody can write it.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from crawlers.errors import CrawlError

Pixels = NDArray[np.uint8]
"""Height x width x 3 (red, green, blue), or height x width (gray)."""

MAX_PIXELS = 128_000_000
"""Of a picture's header; phones take up to 108 million."""
MAX_UNPACKED_PIXELS = 40_000_000
"""Of what is held in memory; only JPEG can be unpacked smaller than it is."""
SHORT_SIDE_PX, AREA_PX = 2400, 9_000_000
"""What is kept: enough for codes of a few millimetres, and for a long strip of screenshots."""
LIGHT_LEVEL = 160
"""Gray level above which what is drawn on a transparent ground is drawn for a dark one."""
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, ZeroDivisionError)
"""What Pillow's readers raise on damaged files (OSError includes UnidentifiedImageError)."""
_EXIF_SUB, _TAKEN, _CHANGED, _ORIENTATION = 0x8769, 0x9003, 0x0132, 0x0112
_ON_ITS_SIDE = frozenset((5, 6, 7, 8))
"""EXIF orientations that swap width and height."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright picture."""

    pixels: Pixels
    """Colour, within `SHORT_SIDE_PX` and `AREA_PX`."""
    claimed_at: str | None
    """The time of day that EXIF claims, as written: no zone, no proof."""
    width_px: int
    """Of the upright picture, as the file has them."""
    height_px: int


def load(data: bytes, where: str = "picture") -> Picture:
    """Unpack a picture.

    Raises
    ------
    CrawlError
        ``parse`` for damaged or unknown files, ``too_large`` for more pixels than the caps.
    """
    try:
        with warnings.catch_warnings():
            # Pillow only warns at this size; our own cap below decides.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                return _unpacked(image, where)
    except Image.DecompressionBombError as error:
        raise CrawlError("too_large", where, str(error)) from None
    except MemoryError:
        raise CrawlError("too_large", where, "does not fit into memory") from None
    except _BROKEN as error:
        raise CrawlError("parse", where, _reason(error)) from None


def _reason(error: BaseException) -> str:
    text = str(error)
    return "no picture that can be read" if text.startswith("cannot identify") else f"damaged picture: {text}"


def _unpacked(image: Image.Image, where: str) -> Picture:
    width, height = image.size
    n_pixels = width * height
    if n_pixels > MAX_PIXELS:
        raise CrawlError("too_large", where, f"{width} x {height} pixels, over {MAX_PIXELS}")
    wanted = _wanted(width, height)
    image.draft("RGB", wanted)
    if image.width * image.height > MAX_UNPACKED_PIXELS:
        raise CrawlError("too_large", where, f"{width} x {height} pixels, over {MAX_UNPACKED_PIXELS}")
    claimed_at = _claimed_at(image)
    is_on_its_side = image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
    image.load()
    upright = ImageOps.exif_transpose(image)
    plain = _on_paper(upright)
    if wanted != (width, height):
        plain = plain.resize(_wanted(*plain.size), Image.Resampling.BOX)
    sides = (height, width) if is_on_its_side else (width, height)
    return Picture(np.asarray(plain), claimed_at, *sides)


def _wanted(width: int, height: int) -> tuple[int, int]:
    """The size to which a picture is brought; never larger than it is."""
    scale = min(1.0, SHORT_SIDE_PX / min(width, height), (AREA_PX / (width * height)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _claimed_at(image: Image.Image) -> str | None:
    exif = image.getexif()
    value = exif.get_ifd(_EXIF_SUB).get(_TAKEN) or exif.get(_CHANGED)
    return str(value).strip("\x00 ")[:40] or None if value else None


def _on_paper(image: Image.Image) -> Image.Image:
    """Colour, without transparency: what is light is put on a dark ground, all else on white."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
        return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    drawn = image.convert("RGBA")
    alpha = np.asarray(drawn.getchannel("A"))
    gray = np.asarray(drawn.convert("L"))
    seen = alpha > 127
    is_light = bool(seen.any()) and not seen.all() and float(gray[seen].mean()) > LIGHT_LEVEL
    ground = Image.new("RGBA", drawn.size, (40, 40, 40, 255) if is_light else (255, 255, 255, 255))
    return Image.alpha_composite(ground, drawn).convert("RGB")
