"""Levels as eight bits: code 1 is -150 dBFS/Hz, a step half a decibel, 0 that nobody listened. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWEST_DB, STEP_DB = -150.0, 0.5
"""Eight bits reach from under any receiver's noise to -23 dBFS/Hz, over a full-scale carrier's -28."""


def encode(density: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Linear density (full scale squared per hertz) to codes 1 .. 255."""
    return codes((10 * np.log10(np.maximum(density, 1e-30))).astype(np.float32))


def codes(db: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Levels in dBFS/Hz to codes 1 .. 255; NaN, where nobody listened, to 0."""
    found = np.clip(np.rint((db - LOWEST_DB) / STEP_DB) + 1, 1, 255)
    return np.where(np.isnan(db), 0, found).astype(np.uint8)
