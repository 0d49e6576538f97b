"""A picture to lines of text in reading order, whichever way up it was taken.

    find lines ──> which way is up ──> level ──> order ──> read, within a budget

Which way is up costs next to nothing: upright boxes tell a sideways page, a few lines tell its
head. Lines are found once; turning the page only turns their corners. Reading costs in proportion
to the width of lines, so a crowded page has its lines narrowed until they fit the budget: half the
width is still read like the whole where print is sharp.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from crawlers.extract.image.engine import LINE_HEIGHT_PX, Engine
from crawlers.extract.image.load import Pixels
from crawlers.extract.image.order import reading_order

FIND_SIDE_PX = 832
"""Long side for finding lines: 0.55 s of one core; 10.5 pt on A4 is then 10 pixels high."""
STRIP_ASPECT = 2.2
"""A picture longer than this is a strip (screenshots put together), searched in pieces."""
MAX_STRIPS = 8
READ_BUDGET_PX = 20_000
"""Total width of lines, at `LINE_HEIGHT_PX`, that one core reads in 1.2 s (60 us a pixel, measured)."""
MIN_SQUEEZE = 0.5
"""Measured on photographed papers: Chinese has no more errors down to 0.5 where print is sharp."""
SAFE_SQUEEZE = 0.8
"""For Latin letters, half as wide, and print that is not sharp: 1 % errors at 0.8, 90 % at 0.6."""
SURE = 0.85
"""Confidence below which a narrowed line is read again."""
MAX_READ_PX = 70_000
"""Readings past it are not made: the densest page of English takes 45,000."""
MIN_CONFIDENCE = 0.5
TALL = 1.8
"""Height over width from which a box says that the page lies on its side, and the reverse."""
UPRIGHT = 3.0
"""Height over width from which a box on an upright page is a line written upwards, not a figure 1."""
N_PROBES = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page, its box as parts of the levelled page's sides."""

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float
    corners: tuple[tuple[float, float], ...] = ()
    """Top left, top right, bottom right, bottom left as the line is read: parts of the picture's sides."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read off a picture, and which way up."""

    lines: tuple[Line, ...] = ()
    """In reading order."""
    n_quarters: int = 0
    """How many quarters counter-clockwise brought the text upright."""


def read_lines(engine: Engine, pixels: Pixels) -> Reading:
    """All lines of an upright or turned picture."""
    height, width = pixels.shape[:2]
    pixels = stretch(pixels)
    quads = _find(engine, pixels)
    if len(quads) == 0:
        return Reading()
    pixels, quads, n_quarters = _upright(engine, pixels, quads)
    boxes, size = level(quads, pixels.shape[1], pixels.shape[0])
    rows = reading_order(boxes)
    order = [one for row in rows for one in row]
    texts = _read(engine, pixels, quads, order)
    lines: list[Line] = []
    for row in rows:
        kept = [one for one in row if one in texts]
        if kept:
            corners = turn_back(_hull(quads[kept]), n_quarters, width, height) / (width, height)
            lines.append(_line(kept, texts, boxes, size, corners))
    return Reading(tuple(lines), n_quarters)


def stretch(pixels: Pixels) -> Pixels:
    """Full contrast for a picture taken in the dark; any other comes back as it is."""
    low, high = np.percentile(pixels[::4, ::4], (1, 99))
    if high - low > 150 or high - low < 8:
        return pixels
    table = np.clip((np.arange(256) - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table), np.uint8)


def _find(engine: Engine, pixels: Pixels) -> NDArray[np.float32]:
    """Lines of the whole picture, or of each piece of a strip; a line on a seam is found in one piece."""
    height, width = pixels.shape[:2]
    if max(height, width) <= STRIP_ASPECT * min(height, width) or max(height, width) < FIND_SIDE_PX:
        return engine.find(pixels, FIND_SIDE_PX)
    if width > height:
        return engine.find(pixels, FIND_SIDE_PX * 2)
    n_strips = min(MAX_STRIPS, round(height / (1.4 * width)))
    edges = np.linspace(0, height, n_strips + 1)
    seam = 0.06 * width
    found: list[NDArray[np.float32]] = []
    for top, bottom in pairwise(edges):
        first, last = int(max(0, top - seam)), int(min(height, bottom + seam))
        quads = engine.find(pixels[first:last], FIND_SIDE_PX)
        quads[..., 1] += first
        middle = quads[..., 1].mean(axis=1)
        found.append(quads[(middle >= top) & (middle < bottom)])
    return np.concatenate(found)


def _sides(quads: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Width and height of each quad."""
    width = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    height = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return width, height


def _upright(
    engine: Engine, pixels: Pixels, quads: NDArray[np.float32]
) -> tuple[Pixels, NDArray[np.float32], int]:
    width, height = _sides(quads)
    is_tall = height > TALL * width
    is_wide = width > TALL * height
    tall_px, wide_px = float(height[is_tall].sum()), float(width[is_wide].sum())
    if tall_px > 1.5 * wide_px:
        # Sideways, or Chinese written from top to bottom: the turn that reads better.
        turns = max((1, 3), key=lambda n: _legible(engine, *turn(pixels, quads, n)))
        return *turn(pixels, quads, turns), turns
    if _is_headlong(engine, pixels, quads):
        return *turn(pixels, quads, 2), 2
    return pixels, quads, 0


def _is_headlong(engine: Engine, pixels: Pixels, quads: NDArray[np.float32]) -> bool:
    chances = [engine.turned(cut(pixels, quad)) for quad in _longest(quads, N_PROBES)]
    if float(np.mean(chances)) < 0.25:
        return False
    return _legible(engine, *turn(pixels, quads, 2)) > _legible(engine, pixels, quads)


def _longest(quads: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    width, _ = _sides(quads)
    return quads[np.argsort(-width, kind="stable")[:n]]


def _legible(engine: Engine, pixels: Pixels, quads: NDArray[np.float32]) -> float:
    """How surely the longest lines read, each by its first eight characters' width."""
    sure: list[float] = []
    for quad in _longest(quads, 3):
        line = cut(pixels, quad)
        piece = line[:, : line.shape[0] * 8]
        sure.append(engine.read(piece, round(piece.shape[1] * LINE_HEIGHT_PX * 0.8 / piece.shape[0]))[1])
    return float(np.mean(sure))


def turn(pixels: Pixels, quads: NDArray[np.float32], n_quarters: int) -> tuple[Pixels, NDArray[np.float32]]:
    """Picture and boxes turned counter-clockwise by quarters; corners keep their meaning."""
    for _ in range(n_quarters % 4):
        width = pixels.shape[1]
        pixels = np.rot90(pixels)
        moved = np.stack([quads[..., 1], width - 1 - quads[..., 0]], axis=-1)
        # What was top right is top left now.
        quads = np.roll(moved, -1, axis=1)
    return np.ascontiguousarray(pixels), quads


def turn_back(points: NDArray[np.floating], n_quarters: int, width: int, height: int) -> NDArray[np.float64]:
    """Points (n x 2) on a picture that `turn` has turned, on that picture as it was, `width` x `height`."""
    points = np.asarray(points, np.float64)
    for done in reversed(range(n_quarters % 4)):
        width_then = width if done % 2 == 0 else height
        points = np.stack([width_then - 1 - points[:, 1], points[:, 0]], axis=1)
    return points


def _hull(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """The quad from the first box of a row to its last."""
    return np.stack([row[0, 0], row[-1, 1], row[-1, 2], row[0, 3]])


def level(
    quads: NDArray[np.float32], width: int, height: int
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Boxes, as `order.Boxes`, on the page turned so that its lines are level, and its size then."""
    across = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
    long = np.hypot(across[:, 0], across[:, 1])
    sides = _sides(quads)
    usable = sides[0] > TALL * sides[1]
    angle = 0.0
    if usable.any():
        angles = np.arctan2(across[usable, 1], across[usable, 0])
        order = np.argsort(angles)
        weight = np.cumsum(long[usable][order])
        angle = float(angles[order][np.searchsorted(weight, weight[-1] / 2)])
    cos, sin = np.cos(-angle), np.sin(-angle)
    matrix = np.array([[cos, -sin], [sin, cos]])
    page = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) @ matrix.T
    corner = page.min(axis=0)
    turned = quads.astype(np.float64) @ matrix.T - corner
    # The mean of opposite edges, not the hull: a slanted box must not reach into the next line.
    left, right = turned[:, (0, 3), 0].mean(axis=1), turned[:, (1, 2), 0].mean(axis=1)
    top, bottom = turned[:, (0, 1), 1].mean(axis=1), turned[:, (2, 3), 1].mean(axis=1)
    size = page.max(axis=0) - corner
    rise = turned[:, (1, 2), 1].mean(axis=1) - turned[:, (0, 3), 1].mean(axis=1)
    return np.stack([left, top, right, bottom, rise], axis=1), (float(size[0]), float(size[1]))


def cut(pixels: Pixels, quad: NDArray[np.float32]) -> Pixels:
    """What is inside `quad`, made straight."""
    width = max(1, round(float(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3])))))
    height = max(1, round(float(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))))
    to = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), to)
    line = cv2.warpPerspective(
        pixels, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(line, np.uint8)


def _laid(line: Pixels) -> Pixels:
    """A line that stands upright, laid down; a single figure or letter is no line."""
    return np.asarray(np.rot90(line), np.uint8) if line.shape[0] > UPRIGHT * line.shape[1] else line


def _read(
    engine: Engine, pixels: Pixels, quads: NDArray[np.float32], order: list[int]
) -> dict[int, tuple[str, float]]:
    lines = {one: _laid(cut(pixels, quads[one])) for one in order}
    natural = {one: line.shape[1] * LINE_HEIGHT_PX / line.shape[0] for one, line in lines.items()}
    total = sum(natural.values())
    squeeze = min(1.0, max(MIN_SQUEEZE, READ_BUDGET_PX / max(1.0, total)))
    left_px = float(MAX_READ_PX)
    texts: dict[int, tuple[str, float]] = {}
    n_refused = 0
    for one in order:
        # A single character or two must not be narrowed, or its strokes run together.
        lowest = squeeze if natural[one] > 3 * LINE_HEIGHT_PX else 1.0
        if n_refused >= 2:
            lowest = max(lowest, SAFE_SQUEEZE)
        text, confidence = "", 0.0
        for factor in sorted({lowest, max(lowest, SAFE_SQUEEZE), 1.0}):
            if left_px < natural[one] * factor:
                return texts
            left_px -= natural[one] * factor
            text, confidence = engine.read(lines[one], round(natural[one] * factor))
            if confidence >= SURE and (factor >= SAFE_SQUEEZE or not _is_latin(text)):
                break
            n_refused += factor == lowest < SAFE_SQUEEZE
        if text.strip() and confidence >= MIN_CONFIDENCE:
            texts[one] = text.strip(), confidence
    return texts


def _is_latin(text: str) -> bool:
    n_letters = sum(char.isalpha() for char in text)
    return n_letters > 0 and sum(char.isascii() and char.isalpha() for char in text) > 0.5 * n_letters


def _line(
    row: list[int],
    texts: dict[int, tuple[str, float]],
    boxes: NDArray[np.float64],
    size: tuple[float, float],
    corners: NDArray[np.float64],
) -> Line:
    """The boxes of one row as a line; a wide blank stays a blank."""
    own = boxes[row]
    width, height = size
    n_chars = sum(len(texts[one][0]) for one in row)
    confidence = sum(texts[one][1] * len(texts[one][0]) for one in row) / n_chars
    return Line(
        text=" ".join(texts[one][0] for one in row),
        confidence=round(confidence, 3),
        left=float(own[:, 0].min() / width),
        top=float(own[:, 1].min() / height),
        right=float(own[:, 2].max() / width),
        bottom=float(own[:, 3].max() / height),
        corners=tuple((float(x), float(y)) for x, y in corners),
    )
