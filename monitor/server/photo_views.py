"""What is told of the photos of a post."""

from __future__ import annotations

from typing import Literal

import msgspec

from monitor.server.views import View

PhotoState = Literal["kept", "gone", "dropped"]


class BoxView(View, frozen=True, kw_only=True):
    """A line that was read off a photo. Names and seats are masked in it."""

    text: str
    confidence: float
    corners_px: list[int]
    """x and y of top left, top right, bottom right, bottom left as the line is read, in the upright photo."""
    start: int | None
    """Where it stands in the ``text`` of the alert's newest event, in code points; None: only before."""
    end: int | None


class PhotoView(View, frozen=True, kw_only=True):
    digest: str
    role: str
    """``photo``, or ``screenshot`` of the page."""
    state: PhotoState
    """``gone``: past its time, or still on its way from an edge; ``dropped``: the file was never kept."""
    why_dropped: str | None = None
    """``too large``, ``too many``, ``elsewhere`` (read by another, who has the file)."""
    media_type: str
    n_bytes: int | None = None
    width_px: int | None = None
    """Of the upright photo; None where it could not be read."""
    height_px: int | None = None
    n_quarters: int = 0
    """Quarters counter-clockwise that bring its text upright."""
    version: int | None = None
    """Of the post, the newest that it hung on; None for a screenshot."""
    is_newest: bool = True
    """Whether it hangs on the newest version."""
    boxes: list[BoxView] = msgspec.field(default_factory=list[BoxView])
    n_boxes_dropped: int = 0


class PhotosView(View, frozen=True, kw_only=True):
    photos: list[PhotoView]
