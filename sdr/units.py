"""Frequencies, rates and bands as people write them: ``433.92M``, ``250k``, ``1M6``, ``433M:435M``.

Decimal arithmetic, so that ``433.92M`` is 433920000 and nothing beside it.
"""

from __future__ import annotations

import re
from decimal import Decimal

_MULTIPLIER = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_NUMBER = re.compile(
    r"(?P<whole>[0-9]+(?:\.[0-9]+)?(?:e[0-9]+)?)(?P<unit>[kmg]?)(?:hz|sps|s/s)?", re.IGNORECASE
)
_SPLIT = re.compile(r"(?P<whole>[0-9]+)(?P<unit>[kmg])(?P<rest>[0-9]+)(?:hz|sps|s/s)?", re.IGNORECASE)
_HIGHEST_HZ = Decimal(10**12)


def parse_frequency(text: str) -> float:
    """Hertz (or samples a second) from ``433.92M``, ``250k``, ``409750000``, ``1M6``, ``2.4Msps``.

    Raises
    ------
    ValueError
        With one line for a person, if `text` is not a positive number of that kind.
    """
    bare = text.strip()
    if number := _NUMBER.fullmatch(bare):
        value = Decimal(number["whole"]) * _MULTIPLIER[number["unit"].lower()]
    elif number := _SPLIT.fullmatch(bare):
        value = Decimal(f"{number['whole']}.{number['rest']}") * _MULTIPLIER[number["unit"].lower()]
    else:
        raise ValueError(f"{text!r} is not a frequency: write 433.92M, 250k or 409750000")
    if not 0 < value <= _HIGHEST_HZ:
        raise ValueError(f"{text!r} is not a frequency: it must be above 0 and at most 1000G")
    return float(value)


def parse_band(text: str) -> tuple[float, float]:
    """The two edges in hertz from ``433M:435M``, the lower first.

    Raises
    ------
    ValueError
        With one line for a person.
    """
    low, colon, high = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} is not a band: write LOW:HIGH, such as 433M:435M")
    low_hz, high_hz = parse_frequency(low), parse_frequency(high)
    if low_hz >= high_hz:
        raise ValueError(f"{text!r} is not a band: its lower edge must come first")
    return low_hz, high_hz
