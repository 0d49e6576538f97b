"""A picture that hangs on a document: its size, and where each line that was read off it stands.

Everything is told in the upright picture: as EXIF says that it is to be held, in its own pixels.
Its text may still lie on its side there; `n_quarters` says how to turn it to read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

MAX_BOXES: Final = 400
"""Of one picture; the densest page of print measured has 110 lines."""
MAX_BYTES: Final = 12 * 2**20
"""Of one picture that is kept; a phone's 50 million pixels make 10 MB."""
MAX_DOCUMENT_BYTES: Final = 48 * 2**20
"""Of all pictures of one document."""
MAX_PICTURES: Final = 8
"""Of one document."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """A line that was read off a picture."""

    text: str
    """Names and seats masked."""
    confidence: float
    """0 to 1."""
    corners_px: tuple[int, ...]
    """x and y of its top left, top right, bottom right and bottom left, as the line is read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture beside its text."""

    n_bytes: int = 0
    width_px: int | None = None
    """Of the upright picture; None where it could not be read."""
    height_px: int | None = None
    n_quarters: int = 0
    """How many quarters counter-clockwise bring its text upright."""
    boxes: tuple[TextBox, ...] = ()
    """In the order of the text's lines: the n-th is its n-th line."""
    n_boxes_dropped: int = 0
    """Lines past `MAX_BOXES`."""
    dropped: str | None = None
    """Why the file itself is not kept: ``too large``, ``too many``, ``elsewhere`` (read by somebody else)."""
    content: bytes = b""
    """The file as it came, on its way to who may keep it; in no record."""


class Allowance:
    """How much of one document's pictures may be kept; what is over it is said, never lost in silence."""

    def __init__(self) -> None:
        self._n_left, self._n_bytes_left = MAX_PICTURES, MAX_DOCUMENT_BYTES

    def kept(self, picture: Picture, data: bytes) -> Picture:
        """`picture` with its file, or with the reason why not."""
        picture = replace(picture, n_bytes=len(data))
        if self._n_left <= 0:
            return replace(picture, dropped="too many")
        if len(data) > MAX_BYTES or len(data) > self._n_bytes_left:
            return replace(picture, dropped="too large")
        self._n_left -= 1
        self._n_bytes_left -= len(data)
        return replace(picture, content=data)
