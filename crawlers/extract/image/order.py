"""From boxes of text anywhere on a page to lines in reading order. Pure geometry.

    heading heading heading        rows first: boxes side by side are one line
    left column | right column     a gutter: an upright strip that next to nothing crosses
    left column | right column     what crosses it (headings) parts the page into bands
    footer                         band by band: the left column, then the right

Options set side by side (A ... B ... C ... D ...) also leave upright strips; they are told from
columns by how little of their place they fill.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""n x 5: left, top, right, bottom, upright, and by how much the right end lies below the left one.

Seen at an angle, the lines of one page do not slope alike, and the ends of a long one stray by more
than a line's height: neighbours are compared where they face each other.
"""

MIN_COLUMN_HEIGHTS = 9.0
"""A column is at least this many line heights wide: nine characters."""
MIN_COLUMN_LINES = 4
MAX_CROSSING = 0.2
"""Share of boxes that may cross a gutter."""
MIN_FILL = 0.6
"""A column's lines fill it; measured on set papers: columns 0.85 and more, grids of options under 0.5."""
SAME_ROW = 0.5
"""How far apart, in heights of the lower one, two boxes on one line may be where they face each other."""


def reading_order(boxes: Boxes) -> list[list[int]]:
    """Indices of `boxes`, line by line, each from left to right."""
    if len(boxes) == 0:
        return []
    return _ordered(boxes, np.arange(len(boxes)))


def _ordered(boxes: Boxes, ids: NDArray[np.int64]) -> list[list[int]]:
    gutter = _gutter(boxes[ids])
    if gutter is None:
        return _rows(boxes, ids)
    own = boxes[ids]
    crosses = (own[:, 0] < gutter) & (own[:, 2] > gutter)
    middle = (own[:, 1] + own[:, 3]) / 2
    cuts = np.sort(middle[crosses])
    bands = np.searchsorted(cuts, middle, side="right")
    lines: list[list[int]] = []
    for band in range(len(cuts) + 1):
        if band:
            lines += [[int(one)] for one in ids[crosses & (middle == cuts[band - 1])]]
        inside = (bands == band) & ~crosses
        for side in (own[:, 2] <= gutter, own[:, 0] >= gutter):
            column = ids[inside & side]
            if len(column):
                # A band of a few lines says too little to be parted again.
                lines += _ordered(boxes, column) if len(column) < len(ids) else _rows(boxes, column)
    return _together(boxes, lines)


def _together(boxes: Boxes, lines: list[list[int]]) -> list[list[int]]:
    """Lines of headings that stand side by side and were parted because each crosses the gutter."""
    joined: list[list[int]] = []
    for line in lines:
        if (
            joined
            and len(line) == 1
            and len(joined[-1]) == 1
            and _beside(boxes[joined[-1][0]], boxes[line[0]])
        ):
            pair = sorted((joined[-1][0], line[0]), key=lambda one: boxes[one][0])
            joined[-1] = pair
        else:
            joined.append(line)
    return joined


def _beside(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    apart = first[2] <= second[0] or second[2] <= first[0]
    return bool(apart and _facing(first, second) and abs(first[0] - second[0]) < first[2] - first[0])


def _gutter(boxes: Boxes) -> float | None:
    """The place of an upright strip that parts two columns; None on a page of one."""
    if len(boxes) < 2 * MIN_COLUMN_LINES:
        return None
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    left, right = float(boxes[:, 0].min()), float(boxes[:, 2].max())
    if right - left < 2 * MIN_COLUMN_HEIGHTS * height:
        return None
    step = max(height / 2, (right - left) / 400)
    places = np.arange(left + MIN_COLUMN_HEIGHTS * height, right - MIN_COLUMN_HEIGHTS * height, step)
    if len(places) == 0:
        return None
    crossed = np.sum((boxes[:, 0, None] < places) & (boxes[:, 2, None] > places), axis=0)
    # The middle of the longest strip among those crossed least.
    least = np.flatnonzero(crossed == crossed.min())
    runs = np.split(least, np.flatnonzero(np.diff(least) > 1) + 1)
    run = max(runs, key=len)
    place = float(places[run[len(run) // 2]])
    return place if _are_columns(boxes, place, height) else None


def _are_columns(boxes: Boxes, place: float, height: float) -> bool:
    crossing = (boxes[:, 0] < place) & (boxes[:, 2] > place)
    if crossing.sum() > MAX_CROSSING * len(boxes):
        return False
    for side in (boxes[boxes[:, 2] <= place], boxes[boxes[:, 0] >= place]):
        if len(side) < MIN_COLUMN_LINES:
            return False
        span = float(side[:, 2].max() - side[:, 0].min())
        rows = _rows(side, np.arange(len(side)))
        covered = [sum(side[one, 2] - side[one, 0] for one in row) / span for row in rows]
        # The best half of the lines: paragraphs end in short ones.
        full = np.sort(covered)[len(covered) // 2 :]
        if span < MIN_COLUMN_HEIGHTS * height or float(full.mean()) < MIN_FILL:
            return False
    return True


def _rows(boxes: Boxes, ids: NDArray[np.int64]) -> list[list[int]]:
    """Lines of one column: each box joins the line whose nearest box it stands beside."""
    rows: list[list[int]] = []
    for one in sorted(ids.tolist(), key=lambda i: float(boxes[i, 1] + boxes[i, 3])):
        for row in reversed(rows[-6:]):
            near = min(row, key=lambda other: _gap(boxes[other], boxes[one]))
            if _gap(boxes[near], boxes[one]) > -1.0 * _height(boxes[one]) and _facing(
                boxes[near], boxes[one]
            ):
                row.append(one)
                break
        else:
            rows.append([one])
    rows = [sorted(row, key=lambda one: float(boxes[one, 0])) for row in rows]
    return sorted(rows, key=lambda row: _start(boxes[row[0]]))


def _height(box: NDArray[np.float64]) -> float:
    return float(box[3] - box[1])


def _gap(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Blank between two boxes from left to right; negative where they cover the same places."""
    return float(max(first[0], second[0]) - min(first[2], second[2]))


def _start(box: NDArray[np.float64]) -> float:
    """The height at which a box begins, on its left."""
    return float((box[1] + box[3] - box[4]) / 2)


def _end(box: NDArray[np.float64]) -> float:
    return float((box[1] + box[3] + box[4]) / 2)


def _facing(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether one box goes on where the other ends."""
    left, right = (first, second) if first[0] <= second[0] else (second, first)
    return abs(_end(left) - _start(right)) < SAME_ROW * min(_height(left), _height(right))
