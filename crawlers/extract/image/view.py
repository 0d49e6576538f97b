"""A picture of a stranger made fit to be shown: read by our own decoder, drawn anew, nothing else of it left.

What is answered holds pixels alone: no EXIF (place, time, camera), no colour profile, no second picture
behind the first, and whatever a file was crafted to do to a browser it does to the process that reads it.
"""

from __future__ import annotations

import io

from PIL import Image

from crawlers.extract.image.load import load

MAX_SIDE_PX = 2400
"""Print of 8 pt on a photographed A4 page is read at that."""
QUALITY = 85


def as_shown(data: bytes, side_px: int = MAX_SIDE_PX) -> bytes:
    """A JPEG of the upright picture, its longer side at most `side_px`; runs in a child of the workshop.

    Raises
    ------
    CrawlError
        ``parse`` or ``too_large``, when it is no picture that can be read.
    """
    image = Image.fromarray(load(data).pixels)
    image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
