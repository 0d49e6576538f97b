"""Bands to hops, hops to visits, and the odds that follow: how long a round takes, what it may miss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sdr.types import Hop

USABLE_SHARE = 0.8
"""Of a passband: beyond it the receiver's filter falls off (1.92 of 2.4 MHz)."""
RETUNE_S = 0.015
"""Settling and what is in flight, 10 to 50 ms on an RTL-SDR."""
LEAST_OVERLAP_S = 0.005
"""A burst must lie this long inside a visit to be seen."""


@dataclass(frozen=True, slots=True)
class BandOdds:
    """What a plan promises of one band."""

    low_hz: float
    high_hz: float
    revisit_s: float
    """From one visit of a hop to its next; 0 where the receiver stays."""
    dwell_s: float

    def intercept(self, burst_s: float) -> float:
        """Chance that a burst of `burst_s`, begun at any time, overlaps a visit."""
        if self.revisit_s <= 0:
            return 1.0
        return max(0.0, min(1.0, (self.dwell_s + burst_s - 2 * LEAST_OVERLAP_S) / self.revisit_s))


def hops_for(
    bands: Sequence[tuple[float, float]], rate_hz: float, dwell_s: float, gain_db: float | None = None
) -> list[Hop]:
    """Hops that cover `bands` (low and high in Hz), in order, each with its usable part inside."""
    usable = USABLE_SHARE * rate_hz
    hops: list[Hop] = []
    for low, high in sorted(bands):
        n = max(1, math.ceil((high - low) / usable))
        step = (high - low) / n
        hops.extend(Hop(low + (i + 0.5) * step, rate_hz, dwell_s, gain_db) for i in range(n))
    return hops


def odds(
    bands: Sequence[tuple[float, float]], hops: Sequence[Hop], *, retune_s: float = RETUNE_S
) -> list[BandOdds]:
    """What going round `hops` in turn means for each of `bands`."""
    if len(hops) < 2:
        return [BandOdds(low, high, 0.0, 0.0) for low, high in bands]
    round_s = sum(hop.dwell_s + retune_s for hop in hops)
    return [BandOdds(low, high, round_s, hops[0].dwell_s) for low, high in bands]
