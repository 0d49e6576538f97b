"""Numbers as people write them: ``433.92M``, ``12.5 kHz``, ``90s``, ``10m``, and back with their unit."""

from __future__ import annotations

import math
import re
from typing import Final

_SCALES: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_QUANTITY: Final = re.compile(
    r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*([kKMG]?)\s*(?:Hz|hz)?\s*"
)
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|d)\s*")
_SECONDS: Final = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
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


def parse_duration(text: str) -> float | None:
    """Seconds in ``90s``, ``10m``, ``1.5 h``, ``2d``; None where it is no duration above zero."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    return float(match[1]) * _SECONDS[match[2]] or None


def show_duration(seconds: float) -> str:
    """In the largest unit that leaves a whole number: ``10m``, ``90s``."""
    for unit in ("d", "h", "m"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{_digits(seconds / _SECONDS[unit])}{unit}"
    return f"{_digits(seconds)}s"


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
