"""Where a sender may be, from its levels at several sensors: an area, never a point.

    level_i = power - 10 n log10(distance_i) + shadowing_i

Power, exponent n and the spread of the shadowing are unknown; they are integrated out over priors, and the
sender may be anywhere around the sensors. The area is made of whole blocks, the likeliest first, until they
hold 90 % of the probability. ``benchmarks/locate.py`` measures how often it holds the truth.

With sigma 8 dB, n 3.5 and 200 m between sensors the bound on the error is 105, 86 and 61 m for 4, 6 and 12
sensors (Patwari et al. 2003): a building block can be shown, a room cannot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

BLOCK_M = 100.0
"""Side of the smallest area that is ever shown: a building block."""
CONFIDENCE = 0.9
LEAST_SENSORS = 3
EXPONENTS = np.linspace(2.0, 5.0, 13)
EXPONENT_MEAN, EXPONENT_SPREAD = 3.5, 0.7
"""Free space has 2, dense buildings 4 to 5 (Rappaport 2002, table 4.2)."""
SHADOWING_DB, SHADOWING_WEIGHT = 8.0, 8.0
"""Shadowing is about 8 dB (6 to 10 in cities); known as surely as from so many measurements."""
NEAREST_M = 10.0
"""Antennas stand on roofs and in cars: no distance is shorter."""
LEAST_MARGIN_M = 400.0
"""How far beyond the sensors a sender is looked for; senders were found about 200 m from the hall."""
MAX_SIDE = 160
"""Blocks along a side; larger areas get larger blocks."""
POINTS = 3
"""Points along each side of a block at which the probability is taken."""
VAGUE_SHARE = 0.6
"""An area of more than this share of where was looked says next to nothing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One sensor's level of the emission, its own calibration taken off."""

    sensor: str
    x_m: float
    y_m: float
    level_db: float


@dataclass(frozen=True, slots=True)
class Area:
    """Where the sender is with a probability of `CONFIDENCE`.

    ``blocks``: shape (ny, nx), true inside; block (0, 0) begins at ``x0_m``, ``y0_m``.
    """

    x0_m: float
    y0_m: float
    block_m: float
    blocks: NDArray[np.bool_]
    likeliest_m: tuple[float, float]
    """Centre of the likeliest block."""

    @property
    def area_m2(self) -> float:
        return float(self.blocks.sum()) * self.block_m**2

    @property
    def share(self) -> float:
        """Of all that was looked at."""
        return float(self.blocks.mean())

    @property
    def is_vague(self) -> bool:
        return self.share > VAGUE_SHARE

    def holds(self, x_m: float, y_m: float) -> bool:
        """Whether the point lies inside."""
        column = math.floor((x_m - self.x0_m) / self.block_m)
        row = math.floor((y_m - self.y0_m) / self.block_m)
        ny, nx = self.blocks.shape
        return 0 <= column < nx and 0 <= row < ny and bool(self.blocks[row, column])

    def rings(self) -> list[list[list[tuple[float, float]]]]:
        """Polygons as GeoJSON has them: outer ring (counterclockwise) first, then holes, metres."""
        return _polygons(_outlines(self.blocks), self.x0_m, self.y0_m, self.block_m)


def strongest(heard: Sequence[Heard]) -> Heard | None:
    """The sensor with the highest level."""
    return max(heard, key=lambda one: one.level_db, default=None)


def locate(heard: Sequence[Heard]) -> Area | None:
    """The area of a sender, or None with fewer than `LEAST_SENSORS` sensors at different places."""
    places = {(round(one.x_m), round(one.y_m)) for one in heard}
    if len(places) < LEAST_SENSORS:
        return None
    x = np.array([one.x_m for one in heard])
    y = np.array([one.y_m for one in heard])
    level = np.array([one.level_db for one in heard])
    x0, y0, block, nx, ny = _extent(x, y)

    step = (np.arange(POINTS) + 0.5) / POINTS
    px = x0 + block * (np.arange(nx)[:, None] + step).ravel()
    py = y0 + block * (np.arange(ny)[:, None] + step).ravel()
    density = _posterior(px, py, x, y, level) * _prior(px, py, x, y)
    blocks = density.reshape(ny, POINTS, nx, POINTS).sum(axis=(1, 3))
    blocks /= blocks.sum()

    order = np.argsort(blocks, axis=None)[::-1]
    running = np.cumsum(blocks.ravel()[order])
    n_inside = int(np.searchsorted(running, CONFIDENCE)) + 1
    inside = np.zeros(blocks.size, dtype=bool)
    inside[order[:n_inside]] = True
    best_row, best_column = divmod(int(order[0]), nx)
    return Area(
        x0,
        y0,
        block,
        inside.reshape(ny, nx),
        (x0 + (best_column + 0.5) * block, y0 + (best_row + 0.5) * block),
    )


def _extent(x: F64, y: F64) -> tuple[float, float, float, int, int]:
    """Corner, block side and blocks of where is looked: the sensors and as much again around them."""
    span = max(float(np.ptp(x)), float(np.ptp(y)))
    margin = max(LEAST_MARGIN_M, span)
    block = max(BLOCK_M, (span + 2 * margin) / MAX_SIDE)
    x0 = math.floor((float(x.min()) - margin) / block) * block
    y0 = math.floor((float(y.min()) - margin) / block) * block
    nx = math.ceil((float(x.max()) + margin - x0) / block)
    ny = math.ceil((float(y.max()) + margin - y0) / block)
    return x0, y0, block, nx, ny


def _posterior(px: F64, py: F64, x: F64, y: F64, level: F64) -> F64:
    """Likelihood at every point, shape (py, px), any power and shadowing, exponents by their prior.

    For a flat prior of the power and a scaled inverse chi-squared one of the variance the rest follows
    Student's t (Gelman et al., Bayesian Data Analysis, 3.2).
    """
    distance2 = (px[None, :, None] - x) ** 2 + (py[:, None, None] - y) ** 2
    loss = 5 * np.log10(np.maximum(distance2, NEAREST_M**2))
    a = level - level.mean()
    b = loss - loss.mean(axis=2, keepdims=True)
    aa, ab, bb = float(a @ a), b @ a, (b * b).sum(axis=2)
    freedom = SHADOWING_WEIGHT + level.size - 1
    total = np.zeros(ab.shape)
    for exponent in EXPONENTS:
        squares = np.maximum(aa + 2 * exponent * ab + exponent**2 * bb, 0.0)
        weight = math.exp(-0.5 * ((exponent - EXPONENT_MEAN) / EXPONENT_SPREAD) ** 2)
        total += weight * (1 + squares / (SHADOWING_WEIGHT * SHADOWING_DB**2)) ** (-freedom / 2)
    return total


def _prior(px: F64, py: F64, x: F64, y: F64) -> F64:
    """Even within `LEAST_MARGIN_M` of a sensor, then falling with distance: a sender serves the hall."""
    distance2 = np.min((px[None, :, None] - x) ** 2 + (py[:, None, None] - y) ** 2, axis=2)
    return 1.0 / (1.0 + np.maximum(0.0, np.sqrt(distance2) / LEAST_MARGIN_M - 1.0)) ** 2


def _outlines(blocks: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """Closed rings round the true blocks, inside to the left, corners as (column, row)."""
    ny, nx = blocks.shape
    padded = np.zeros((ny + 2, nx + 2), dtype=bool)
    padded[1:-1, 1:-1] = blocks
    follows: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row, column in zip(*np.nonzero(blocks), strict=True):
        r, c = int(row), int(column)
        sides = (
            (not padded[r, c + 1], (c, r), (c + 1, r)),
            (not padded[r + 1, c + 2], (c + 1, r), (c + 1, r + 1)),
            (not padded[r + 2, c + 1], (c + 1, r + 1), (c, r + 1)),
            (not padded[r + 1, c], (c, r + 1), (c, r)),
        )
        for is_edge, start, stop in sides:
            if is_edge:
                follows.setdefault(start, []).append(stop)
    rings: list[list[tuple[int, int]]] = []
    while follows:
        start = next(iter(follows))
        ring = [start]
        came = (0, 0)
        while len(ring) == 1 or ring[-1] != start:
            here = ring[-1]
            choices = follows[here]
            # Where two blocks touch at a corner, turning left keeps each block's ring its own.
            following = choices[0] if len(choices) == 1 else _leftmost(here, came, choices)
            choices.remove(following)
            if not choices:
                del follows[here]
            came = (following[0] - here[0], following[1] - here[1])
            ring.append(following)
        rings.append(_without_straights(ring))
    return rings


def _leftmost(
    here: tuple[int, int], came: tuple[int, int], choices: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    return max(choices, key=lambda to: came[0] * (to[1] - here[1]) - came[1] * (to[0] - here[0]))


def _without_straights(ring: list[tuple[int, int]]) -> list[tuple[int, int]]:
    corners = ring[:-1]
    n = len(corners)
    kept = [
        corners[i]
        for i in range(n)
        if (corners[i][0] - corners[i - 1][0], corners[i][1] - corners[i - 1][1])
        != (corners[(i + 1) % n][0] - corners[i][0], corners[(i + 1) % n][1] - corners[i][1])
    ]
    return [*kept, kept[0]]


def _polygons(
    rings: list[list[tuple[int, int]]], x0: float, y0: float, block: float
) -> list[list[list[tuple[float, float]]]]:
    """Holes put into the outer ring that surrounds them."""
    outer = [ring for ring in rings if _signed_area(ring) > 0]
    polygons = [[ring] for ring in outer]
    for hole in (ring for ring in rings if _signed_area(ring) < 0):
        around = [i for i, ring in enumerate(outer) if _surrounds(ring, hole)]
        polygons[min(around, key=lambda i: _signed_area(outer[i]))].append(hole)
    return [
        [[(x0 + column * block, y0 + row * block) for column, row in ring] for ring in polygon]
        for polygon in polygons
    ]


def _signed_area(ring: list[tuple[int, int]]) -> float:
    return 0.5 * sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def _surrounds(ring: list[tuple[int, int]], hole: list[tuple[int, int]]) -> bool:
    """Whether a point just inside the hole's first corner lies in `ring`, by counting crossings."""
    (ax, ay), (bx, by) = hole[0], hole[1]
    # Inside is to the left of an edge, so the hole's own blank block lies to the right.
    dx, dy = (bx > ax) - (bx < ax), (by > ay) - (by < ay)
    x, y = ax + 0.5 * dx + 0.5 * dy, ay + 0.5 * dy - 0.5 * dx
    crossings = 0
    for (cx, cy), (ex, ey) in pairwise(ring):
        if cx == ex and cx > x and min(cy, ey) < y < max(cy, ey):
            crossings += 1
    return crossings % 2 == 1
