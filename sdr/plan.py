"""Bands to hops, hops to visits, and the odds that follow. Pure: no clock, no chance, no receiver.

    bands with weights ──cover──> hops ──share out──> cycle of visits ──measure──> odds of each band
                                                          └──driven, turned by hits──> sdr/rounds.py

The odds are not a formula's but those of the very cycle that is driven: of all moments at which a burst may
begin, the share from which it overlaps a visit of its hop.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sdr.types import Hop

USABLE_SHARE = 0.8
"""Of a passband: beyond it the receiver's filter falls off (1.92 of 2.4 MHz)."""
RETUNE_S = 0.015
"""Settling and what is in flight, 10 to 50 ms on an RTL-SDR."""
LEAST_OVERLAP_S = 0.005
"""A burst must lie this long inside a visit to be seen: three rows of the spectrum."""
BURSTS_S = (0.1, 1.0, 5.0)
"""What a plan is made for, each counted alike: a data packet, a short word, an answer read out."""
MAX_STRETCH = 4.0
"""No hop waits longer than this many times the plain round, however light its bands are."""
RECEIVER_HZ = (24e6, 1766e6)
"""What an R820T2 tunes; below and above nothing is heard at all (osmocom.org, rtl-sdr wiki)."""


@dataclass(frozen=True, slots=True)
class Band:
    """What is to be watched, and how much a burst missed in it weighs against one missed elsewhere."""

    low_hz: float
    high_hz: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Visits:
    """When a hop is listened to within a cycle that repeats. Without visits: always."""

    cycle_s: float
    spans_s: tuple[tuple[float, float], ...] = ()

    def intercept(self, burst_s: float) -> float:
        """Share of the cycle in which a burst of `burst_s` may begin and still overlap a visit."""
        if not self.spans_s:
            return 1.0
        heard, reach = 0.0, -math.inf
        overlap = min(LEAST_OVERLAP_S, burst_s)
        # The last visits of the cycle before reach into this one.
        spans = [(a - self.cycle_s, b - self.cycle_s) for a, b in self.spans_s] + list(self.spans_s)
        for start, end in spans:
            first, last = max(start - burst_s + overlap, reach, 0.0), min(end - overlap, self.cycle_s)
            if last > first:
                heard += last - first
            reach = max(reach, end - overlap)
        # A visit early in the next cycle is reached by bursts that begin late in this one.
        for start, _ in self.spans_s:
            first = max(start + self.cycle_s - burst_s + overlap, reach)
            if first < self.cycle_s:
                heard += self.cycle_s - first
                reach = self.cycle_s
        return min(1.0, max(0.0, heard / self.cycle_s))

    @property
    def revisit_s(self) -> float:
        """The longest time from the start of one visit to the start of the next."""
        if not self.spans_s:
            return 0.0
        starts = [a for a, _ in self.spans_s]
        return max(b - a for a, b in zip(starts, [*starts[1:], starts[0] + self.cycle_s], strict=True))


ALWAYS = Visits(0.0)


@dataclass(frozen=True, slots=True)
class BandOdds:
    """What a plan promises of one band."""

    low_hz: float
    high_hz: float
    revisit_s: float
    """The longest wait from one visit of a hop to its next; 0 where the receiver stays."""
    dwell_s: float
    parts: tuple[tuple[float, Visits], ...] = ((1.0, ALWAYS),)
    """The share of the band that lies in each hop, and the visits of that hop."""
    weight: float = 1.0

    def intercept(self, burst_s: float) -> float:
        """Chance that a burst of `burst_s`, begun at any time anywhere in the band, overlaps a visit."""
        return sum(share * visits.intercept(burst_s) for share, visits in self.parts)


@dataclass(frozen=True, slots=True)
class Plan:
    """Hops, and the order in which they are visited over and over. One hop means: stay there."""

    bands: tuple[Band, ...]
    hops: tuple[Hop, ...]
    cycle: tuple[int, ...]
    """Indices into ``hops``; each of them is in it at least once."""
    retune_s: float = RETUNE_S

    @property
    def is_sweep(self) -> bool:
        return len(self.hops) > 1

    @property
    def cycle_s(self) -> float:
        return sum(self.hops[i].dwell_s + self.retune_s for i in self.cycle)

    def visits(self) -> list[Visits]:
        """The visits of each hop in one cycle. Two in a row are one: the receiver is not retuned."""
        if not self.is_sweep:
            return [ALWAYS for _ in self.hops]
        spans: list[list[tuple[float, float]]] = [[] for _ in self.hops]
        at, last = 0.0, self.cycle[-1]
        for i in self.cycle:
            at += 0.0 if i == last and spans[i] else self.retune_s
            end = at + self.hops[i].dwell_s
            if i == last and spans[i]:
                spans[i][-1] = (spans[i][-1][0], end)
            else:
                spans[i].append((at, end))
            at, last = end, i
        return [Visits(at, tuple(one)) for one in spans]

    def odds(self, visits: Sequence[Visits] | None = None) -> list[BandOdds]:
        """Revisit and chance of intercept of each band, in the order of ``bands``.

        Parameters
        ----------
        visits : sequence of Visits, optional
            Those that were made, one entry a hop, in place of those that are planned.
        """
        visits = visits if visits is not None else self.visits()
        found: list[BandOdds] = []
        for band in self.bands:
            shares = _shares(band, self.hops)
            parts = tuple((share, visits[i]) for i, share in enumerate(shares) if share > 0)
            if not parts:
                continue
            found.append(
                BandOdds(
                    band.low_hz,
                    band.high_hz,
                    max(one.revisit_s for _, one in parts),
                    self.hops[0].dwell_s if self.is_sweep else 0.0,
                    parts,
                    band.weight,
                )
            )
        return found


def hops_for(
    bands: Iterable[tuple[float, float]], rate_hz: float, dwell_s: float, gain_db: float | None = None
) -> list[Hop]:
    """The fewest hops whose usable parts cover `bands` (low and high in Hz), from low to high.

    From the left, each hop begins where the last one's cover ends: no set of intervals of one width covers
    a line with fewer. What it has to spare lies evenly on both sides of what it covers.
    """
    usable = USABLE_SHARE * rate_hz
    hops: list[Hop] = []
    for low, high in _merged(bands, usable):
        n = max(1, math.ceil((high - low) / usable - 1e-9))
        step = (high - low) / n
        hops.extend(Hop(low + (i + 0.5) * step, rate_hz, dwell_s, gain_db) for i in range(n))
    return hops


def make_plan(
    bands: Sequence[Band],
    rate_hz: float,
    dwell_s: float,
    gain_db: float | None = None,
    *,
    retune_s: float = RETUNE_S,
) -> Plan:
    """A plan for one receiver that watches all of `bands`."""
    hops = hops_for([(band.low_hz, band.high_hz) for band in bands], rate_hz, dwell_s, gain_db)
    return plan_of(bands, hops, retune_s=retune_s)


def plan_of(bands: Sequence[Band], hops: Sequence[Hop], *, retune_s: float = RETUNE_S) -> Plan:
    """The plan over `hops` that misses least of `bands`."""
    if len(hops) < 2:
        return Plan(tuple(bands), tuple(hops), tuple(range(len(hops))), retune_s)
    counts = _visit_counts(hop_weights(bands, hops), hops[0].dwell_s, retune_s)
    return Plan(tuple(bands), tuple(hops), tuple(_spread(counts)), retune_s)


def split(
    bands: Sequence[Band],
    n_receivers: int,
    rate_hz: float,
    dwell_s: float,
    gain_db: float | None = None,
    *,
    retune_s: float = RETUNE_S,
) -> list[Plan]:
    """One plan a receiver: the heaviest hops are stared at, the others swept, so that least is missed.

    Every number of staring receivers is tried; the sweepers' hops are dealt out by weight, heaviest first,
    each to the receiver with the least so far (Graham 1969). A receiver for which no hop is left has an empty
    plan.
    """
    if n_receivers < 1:
        raise ValueError(f"n_receivers must be at least 1, not {n_receivers}")
    hops = hops_for([(band.low_hz, band.high_hz) for band in bands], rate_hz, dwell_s, gain_db)
    weights = hop_weights(bands, hops)
    heaviest = sorted(range(len(hops)), key=lambda i: (-weights[i], i))
    best: tuple[float, list[list[int]]] | None = None
    for n_staring in range(n_receivers + 1):
        deals = _deal(heaviest, weights, n_staring, n_receivers)
        if deals is None:
            continue
        missed = 0.0
        for deal in deals:
            if len(deal) > 1:
                counts = _visit_counts(weights[deal], dwell_s, retune_s)
                missed += _missed(counts, weights[deal], dwell_s, retune_s)
        if best is None or missed < best[0] - 1e-12:
            best = (missed, deals)
    if best is None:
        raise AssertionError("with no receiver staring, every hop is dealt to one that sweeps")
    plans: list[Plan] = []
    for deal in best[1]:
        mine = [hops[i] for i in sorted(deal)]
        heard = tuple(band for band in bands if any(share > 0 for share in _shares(band, mine)))
        plans.append(plan_of(heard, mine, retune_s=retune_s))
    return plans


def unwatched(
    bands: Iterable[tuple[float, float]], within: tuple[float, float] = RECEIVER_HZ
) -> list[tuple[float, float]]:
    """The ranges of `within` that no band covers, from low to high."""
    low, end = within
    ranges: list[tuple[float, float]] = []
    for a, b in _merged(bands, 0.0):
        if a > low:
            ranges.append((low, min(a, end)))
        low = max(low, b)
        if low >= end:
            break
    if low < end:
        ranges.append((low, end))
    return [(a, b) for a, b in ranges if b > a]


def hop_weights(bands: Sequence[Band], hops: Sequence[Hop]) -> NDArray[np.float64]:
    """What a burst missed in each hop weighs: its bands' weights, by the share of the band that it covers."""
    weights = np.zeros(len(hops))
    for band in bands:
        weights += band.weight * np.array(_shares(band, hops))
    return weights


# --- inside ---


def _merged(bands: Iterable[tuple[float, float]], usable: float) -> list[tuple[float, float]]:
    """Stretches to cover. Neighbours become one where that takes fewer hops than covering them apart."""
    stretches: list[tuple[float, float]] = []
    for low, high in sorted(bands):
        if stretches:
            a, b = stretches[-1]
            end = max(b, high)
            apart = _n_hops(b - a, usable) + _n_hops(high - low, usable)
            if low <= b or (usable and _n_hops(end - a, usable) < apart):
                stretches[-1] = (a, end)
                continue
        stretches.append((low, high))
    return stretches


def _n_hops(width: float, usable: float) -> int:
    return max(1, math.ceil(width / usable - 1e-9)) if usable else 1


def _shares(band: Band, hops: Sequence[Hop]) -> list[float]:
    """The share of `band` that lies in each hop; where two could hear a part, the nearer one has it."""
    edges = [-math.inf, *(0.5 * (a.center_hz + b.center_hz) for a, b in pairwise(hops))]
    edges.append(math.inf)
    width = max(band.high_hz - band.low_hz, 1e-9)
    shares: list[float] = []
    for i, hop in enumerate(hops):
        half = 0.5 * USABLE_SHARE * hop.rate_hz
        low = max(band.low_hz, edges[i], hop.center_hz - half)
        high = min(band.high_hz, edges[i + 1], hop.center_hz + half)
        shares.append(max(0.0, high - low) / width)
    return shares


def _missed(
    counts: NDArray[np.int64], weights: NDArray[np.float64], dwell_s: float, retune_s: float
) -> float:
    """The weighted chance of a miss, over `BURSTS_S`, if each hop's visits lie evenly in the cycle."""
    cycle_s = float(counts.sum()) * (dwell_s + retune_s)
    reach = dwell_s + np.array(BURSTS_S) - 2 * LEAST_OVERLAP_S
    heard = np.minimum(1.0, counts[:, None] * reach / cycle_s)
    return float(weights @ (1.0 - heard).mean(axis=1))


def _visit_counts(weights: NDArray[np.float64], dwell_s: float, retune_s: float) -> NDArray[np.int64]:
    """Visits of each hop in a cycle: one each, and more, one at a time, where one lowers the miss most.

    A step that only pays together with the next is not found, so the search also starts from visits in
    proportion to the weights and from their root, and the best end counts.
    """
    n = weights.size
    most = math.floor(MAX_STRETCH * n)
    best = np.ones(n, np.int64)
    least = _missed(best, weights, dwell_s, retune_s)
    scale = weights / max(float(weights.max()), 1e-12)
    for start in (np.zeros(n), np.sqrt(scale) * (MAX_STRETCH - 1), scale * (MAX_STRETCH - 1)):
        counts = 1 + np.floor(start).astype(np.int64)
        now = _missed(counts, weights, dwell_s, retune_s)
        while int(counts.sum()) < most:
            trials = [
                _missed(counts + step, weights, dwell_s, retune_s) for step in np.eye(n, dtype=np.int64)
            ]
            i = int(np.argmin(trials))
            if trials[i] >= now - 1e-12:
                break
            counts[i] += 1
            now = trials[i]
        if now < least - 1e-12:
            best, least = counts, now
    return best


def _spread(counts: NDArray[np.int64]) -> list[int]:
    """An order in which each hop's visits lie about evenly: every n-th of the cycle, groups interleaved."""
    places: list[tuple[float, int]] = []
    for n in np.unique(counts):
        alike = np.flatnonzero(counts == n)
        for k, hop in enumerate(alike):
            phase = (k + 0.5) / alike.size
            places.extend(((turn + phase) / int(n), int(hop)) for turn in range(int(n)))
    return [hop for _, hop in sorted(places)]


def _deal(
    heaviest: list[int], weights: NDArray[np.float64], n_staring: int, n_receivers: int
) -> list[list[int]] | None:
    """Hops of each receiver, those that stare first; None where some hop would be left to nobody."""
    staring = [[i] for i in heaviest[:n_staring]]
    rest = heaviest[n_staring:]
    sweeping: list[list[int]] = [[] for _ in range(n_receivers - n_staring)]
    if rest and not sweeping:
        return None
    loads = [0.0] * len(sweeping)
    for i in rest:
        # Weights of zero are dealt out as well, by number.
        to = min(range(len(sweeping)), key=lambda r: (loads[r], len(sweeping[r])))
        sweeping[to].append(i)
        loads[to] += float(weights[i])
    return [*staring, *([] for _ in range(n_staring - len(staring))), *sweeping]
