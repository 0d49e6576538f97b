"""Numbers as people write them: ``433.92M``, ``25k``, ``12.5 kHz``, and back with their unit."""

from __future__ import annotations

import math
import re
from typing import Final

_SCALES: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_QUANTITY: Final = re.compile(
    r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*([kKMG]?)\s*(?:Hz|hz)?\s*"
)
_PREFIXED: Final = frozenset(("Hz", "Bd"))
_PREFIXES: Final = (("G", 1e9), ("M", 1e6), ("k", 1e3))


def parse_quantity(text: str) -> float | None:
    """The number in `text`, or None where it is none (a word, not finite)."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, scale = match.groups()
    value = float(number) * _SCALES[scale]
    if abs(value) < 1e15 and value != int(value) and abs(value - round(value)) < 1e-6 * _SCALES[scale] / 1e3:
        value = float(round(value))  # 433.92M is 433920000 exactly
    return value if math.isfinite(value) else None


def show_quantity(value: float, unit: str = "") -> str:
    """For people: ``433.92 MHz``, ``18.2 dB``, ``0.25``."""
    if unit in _PREFIXED:
        for prefix, scale in _PREFIXES:
            if abs(value) >= scale:
                return f"{_digits(value / scale)} {prefix}{unit}"
    return f"{_digits(value)} {unit}".rstrip()


def _digits(value: float) -> str:
    if abs(value) < 1e15 and value.is_integer():
        return str(int(value))
    return f"{value:.7g}"
