"""Hits to emissions: where one began, which bins it holds, when it pauses, when it is over.

    hit ──grow──> band ──look back──> first row ──follow, row by row──> bursts ──silent for HOLD_S──> closed

A followed emission's bins are closed to the search, so a steady carrier costs a few bins a row and is
never absorbed by anything: the floor does not know it. A hit that touches a followed emission's skirt
widens it; a hit that stands apart is an emission of its own, 15 kHz away or less.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdr.books import Books
from sdr.detect import MAX_KNOWN, Hit, Search
from sdr.follow import MAX_BURSTS, Followed, begin
from sdr.kin import CHANNEL_HZ, SKIRT_RATIO, WIDE_HZ, alike, grow, humps, shows_again, wandered
from sdr.shape import Shape, occupied

F32 = NDArray[np.float32]

HOLD_S = 0.3
"""Silence that ends an emission: longer than pauses between packets of remotes, shorter than in speech."""
BURST_GAP_S = 0.012
"""A shorter pause is keying (OOK at 100 baud and up), a longer one separates bursts."""
TOUCH_HZ = 1_500.0
REVIEW_ROWS = 8
LINE_HZ = 5_000.0
"""A band no wider than this may wander: the oscillators of cheap senders do, by kilohertz a minute."""
WANDER_BINS = 3
WANDER_S = 0.5
"""How often it is looked whether it has: a bin at a time, and 1 kHz a second are followed."""


class Tracker:
    """Follows the emissions of one hop. Rows and bins only; the scanner knows hertz and seconds.

    Parameters
    ----------
    n_bins : int
    row_s : float
        Duration of a row.
    bin_hz : float
    """

    def __init__(self, n_bins: int, row_s: float, bin_hz: float, *, search: Search) -> None:
        self.search = search
        self.n_bins = n_bins
        self.row_s = row_s
        self.bin_hz = bin_hz
        self.followed: list[Followed] = []
        self.floor_uncertainty = 0.0
        """How far the floor may be off, as a share of it: bins no further above it count as noise."""
        self.n_dropped = 0
        """Emissions that were not followed because too many were already."""
        self._lift: F32 = np.zeros(n_bins, np.float32)
        self._hold_rows = max(4, round(HOLD_S / row_s))
        self._books = Books(search, n_bins, max(2, round(BURST_GAP_S / row_s)))
        self._touch_bins = max(2, round(TOUCH_HZ / bin_hz))

    def take(self, hit: Hit) -> Followed | None:
        """Explain `hit`: a new emission (returned), or part of one that is followed already (None)."""
        spectrum = self.search.spectrum(hit.n_rows)
        low, high = grow(spectrum, hit, self._touch_bins, self.bin_hz)
        first, last, level = self._books.extent(hit, low, high)
        host, is_skirt = self._host(low, high, spectrum)
        host = host or self._contains(low, high, first)
        if host is not None:
            if host.lift is not None and host.low <= low and high <= host.high:
                host.lift[low:high] = np.maximum(
                    host.lift[low:high], 1.5 * (self._unlifted(spectrum, low, high) - 1)
                )
            elif is_skirt:
                host.skirt = (min(host.skirt[0], low), max(host.skirt[1], high))
            else:
                width = host.high - host.low
                host.low, host.high = min(host.low, low), max(host.high, high)
                host.level *= width / (host.high - host.low)
                host.peak = max(host.peak, float(spectrum[low:high].max()))
                self._merge_into(host)
                host.set_look()
            self._tell_search()
            self.search.clear(low, high)
            return None
        if len(self.followed) >= MAX_KNOWN:
            self.n_dropped += 1
            self.search.clear(low, high)
            return None
        new = begin(
            self.n_bins,
            low=low,
            high=high,
            level=level,
            peak=max(float(spectrum[low:high].max()), 1.0) * hit.n_rows / (last - first + 1),
            next_row=last + 1,
            hit=hit,
            at_start=first <= self.search.reset_at + 1,
        )
        new.set_look()
        self._books.count_on(new, first, last)
        self.followed.append(new)
        self._books.advance(new)
        self._tell_search()
        self.search.clear(low, high)
        excess = max(float(spectrum[low:high].sum()) - (high - low), 0.0)
        self.search.note_amplitude(len(self.followed) - 1, math.sqrt(excess))
        self._clear_splash(new, excess * hit.n_rows)
        return new

    def step(self) -> list[Followed]:
        """Follow every emission to the newest row; those that are over, in order of their end."""
        over: list[Followed] = []
        keep: list[int] = []
        for one in list(self.followed):
            self._books.advance(one)
            self._review(one)
            self._wander(one)
        for position, one in enumerate(self.followed):
            silent = self.search.n_rows - 1 - one.last_row
            if silent > max(self._hold_rows, 3 * one.look):
                over.append(one)
            else:
                keep.append(position)
        if over:
            self.search.forget_known(keep)
            self.followed = [self.followed[i] for i in keep]
            self._tell_search()
        return self.without_doubles(sorted(over, key=lambda o: o.last_row))

    def finish(self) -> list[Followed]:
        """Follow to the newest row and give up all that is still on the air."""
        for one in self.followed:
            self._books.advance(one)
        still, self.followed = self.followed, []
        self.search.forget_known([])
        self._tell_search()
        return self.without_doubles(still)

    def join(self, parts: list[Followed]) -> Followed:
        """One emission out of `parts`, which were found to be one sender's; followed on if they were."""
        first = max(min(o.first_row for o in parts), self.search.n_rows - self.search.history.shape[0])
        last = max(o.last_row for o in parts)
        low, high = min(o.low for o in parts), max(o.high for o in parts)
        strongest = max(parts, key=lambda o: o.level * (o.high - o.low))
        joined = begin(
            self.n_bins,
            low=low,
            high=high,
            level=sum(o.level * (o.high - o.low) for o in parts) / (high - low),
            peak=max(o.peak for o in parts),
            next_row=first,
            hit=strongest.hit,
            at_start=any(o.at_start for o in parts),
        )
        joined.skirt = (min(o.skirt[0] for o in parts), max(o.skirt[1] for o in parts))
        joined.set_look()
        self._books.advance(joined)
        if not joined.n_rows_on:
            self._books.count_on(joined, first, last)
        if (high - low) * self.bin_hz > WIDE_HZ:
            # Between its lines others may be heard: only what it was seen to hold counts as its own.
            seen = joined.spectrum / np.float32(max(1, joined.n_rows_on)) - 1.0
            joined.lift = np.zeros(self.n_bins, np.float32)
            joined.lift[low:high] = np.maximum(2.0 * seen[low:high], 0.0)
        if any(o in self.followed for o in parts):
            keep = [i for i, o in enumerate(self.followed) if o not in parts]
            self.search.forget_known(keep)
            self.followed = [*(self.followed[i] for i in keep), joined]
            self._tell_search()
        return joined

    def shape(self, one: Followed) -> Shape:
        """Occupied band of the rows on."""
        return occupied(one, self._books.padded(one), self._touch_bins, self.floor_uncertainty)

    def without_doubles(self, done: list[Followed]) -> list[Followed]:
        """`done` without those that another one, done or still followed, shows as well.

        The tones of FSK are found one by one where each is weak; what they hold together is seen from
        either, once its spectrum has been added up.
        """
        kept = sorted(done, key=lambda o: o.level * (o.high - o.low))
        for one in list(kept):
            others = (*(o for o in kept if o is not one), *self.followed)
            if any(self._shows_again(one, other) for other in others if other is not one):
                kept.remove(one)
        return sorted(kept, key=lambda o: o.last_row)

    def _shows_again(self, one: Followed, other: Followed) -> bool:
        if one.last_row < other.first_row or other.last_row < one.first_row:
            return False
        return shows_again(one, other, self.shape(one), self.shape(other), self.bin_hz, self.row_s)

    # --- where a hit reaches ---

    def _host(self, low: int, high: int, spectrum: F32) -> tuple[Followed | None, bool]:
        """The followed emission that bins `low`..`high` belong to, and whether they are only its skirt."""
        best: Followed | None = None
        is_skirt = False
        power = self._unlifted(spectrum, low, high)
        peak = float(power.max())
        level = float(power.mean()) - 1.0
        for one in self.followed:
            gap = max(low - one.high, one.low - high, 0)
            union = max(high, one.high) - min(low, one.low)
            width = one.high - one.low
            grown = gap <= self._touch_bins and union * self.bin_hz <= CHANNEL_HZ
            wide = width * self.bin_hz > CHANNEL_HZ and gap <= 0.25 * width
            grown = grown or (wide and level < 10 * one.level)
            skirt = peak < one.peak * SKIRT_RATIO and gap <= max(2 * self._books.guard(one), width)
            if (grown or skirt) and (best is None or one.peak > best.peak):
                best, is_skirt = one, skirt
        return best, is_skirt

    def _review(self, one: Followed) -> None:
        """Part what was one band at first and has turned out to be several senders that began together.

        The row in which senders begin is splashed by their beginning; rows after it show the valleys between
        them. What turns out to be tones of one sender is put together again when it is reported.
        """
        if one.reviewed or one.n_rows_on < REVIEW_ROWS * one.look:
            return
        one.reviewed = True
        if one.lift is not None or (one.high - one.low) * self.bin_hz <= CHANNEL_HZ:
            return
        kept = humps(one, self._touch_bins, self.floor_uncertainty)
        if len(kept) < 2:
            return
        parts = [self._part(one, one.low + a, one.low + b) for a, b in kept]
        at = self.followed.index(one)
        self.search.forget_known([i for i in range(len(self.followed)) if i != at])
        self.followed = [o for o in self.followed if o is not one]
        room = MAX_KNOWN - len(self.followed)
        self.n_dropped += max(0, len(parts) - room)
        self.followed.extend(parts[:room])
        self._tell_search()

    def _wander(self, one: Followed) -> None:
        """Move the band of a line after it, where its power of late lies off the middle.

        A band that only grew would dilute it until it was lost, and found again as another.
        """
        rows = max(one.look, round(WANDER_S / self.row_s))
        now = self.search.n_rows
        if now - one.wandered < rows or now - one.first_row < 2 * rows or one.last_row < now - rows:
            return
        one.wandered = now
        width = one.high - one.low
        if width * self.bin_hz > LINE_HZ or one.lift is not None:
            return
        begin = max(one.low - WANDER_BINS, 0)
        end = min(one.high + WANDER_BINS, self.n_bins)
        excess = self._books.lately(rows, begin, end)
        shift = wandered(excess, begin, one.low, one.high, rows)
        low, high = one.low + shift, one.high + shift
        free = all(o is one or o.high < low or high < o.low for o in self.followed)
        if not shift or low < 0 or high > self.n_bins or not free:
            return
        one.low, one.high = low, high
        one.skirt = (one.skirt[0] + shift, one.skirt[1] + shift)
        one.level = max(float(excess[low - begin : high - begin].mean()), 1e-3)
        one.peak = max(float(excess.max()) + 1.0, 1.0)
        one.set_look()
        self._tell_search()

    def _part(self, one: Followed, low: int, high: int) -> Followed:
        """Bins `low` to `high` of `one` as an emission of their own, followed anew from its first row."""
        spectrum = one.spectrum[low:high] / np.float32(one.n_rows_on)
        part = begin(
            self.n_bins,
            low=low,
            high=high,
            level=max(float(spectrum.mean()) - 1.0, 1e-3),
            peak=max(float(spectrum.max()), 1.0),
            next_row=max(one.first_row, self.search.n_rows - self.search.history.shape[0]),
            hit=replace(one.hit, low_bin=low, high_bin=high),
            at_start=one.at_start,
        )
        part.reviewed = True
        part.set_look()
        self._books.advance(part)
        if not part.n_rows_on:
            self._books.count_on(part, one.first_row, one.last_row)
        return part

    def _contains(self, low: int, high: int, first_row: int) -> Followed | None:
        """A wide emission around these bins one of whose bursts began with them: they are lines of it."""
        for one in self.followed:
            if one.lift is None or low < one.low or high > one.high:
                continue
            starts = one.bursts[: min(one.n_bursts, MAX_BURSTS), 0]
            if (
                np.any(np.abs(starts - first_row) <= 2)
                or first_row <= self.search.reset_at + 2 >= one.first_row
            ):
                return one
        return None

    def _merge_into(self, host: Followed) -> None:
        """Lines that a followed emission has grown over were parts of it: they are given up to it."""
        parts = [
            o
            for o in self.followed
            if o is not host and o.low < host.high and host.low < o.high and alike(o.level, host.level)
        ]
        if not parts:
            return
        first = min(o.first_row for o in (host, *parts))
        last = max(o.last_row for o in (host, *parts))
        power = max(o.level * (o.high - o.low) for o in (host, *parts))
        for part in parts:
            host.low, host.high = min(host.low, part.low), max(host.high, part.high)
            host.peak = max(host.peak, part.peak)
            host.at_start = host.at_start or part.at_start
        host.level = power / (host.high - host.low)
        keep = [i for i, o in enumerate(self.followed) if o not in parts]
        self.search.forget_known(keep)
        self.followed = [self.followed[i] for i in keep]
        # What was kept of the narrower band does not hold for the wider one: look again from the start.
        host.spectrum[:] = 0
        host.bursts[:] = 0
        self._books.count_on(host, max(first, self.search.n_rows - self.search.history.shape[0]), last)
        host.next_row = last + 1

    # --- what the search must leave alone ---

    def _tell_search(self) -> None:
        closed = np.zeros(self.n_bins, np.bool_)
        self._lift = np.zeros(self.n_bins, np.float32)
        for one in self.followed:
            guard = self._books.guard(one)
            low, high = max(0, min(one.low - guard, one.skirt[0])), max(one.high + guard, one.skirt[1])
            if (one.high - one.low) * self.bin_hz <= WIDE_HZ:
                closed[low:high] = True
                continue
            if one.lift is None:
                one.lift = np.zeros(self.n_bins, np.float32)
                one.lift[one.low : one.high] = one.level
            closed[low : one.low] = True
            closed[one.high : high] = True
            self._lift = np.maximum(self._lift, one.lift)
        self.search.set_known([(o.low, o.high) for o in self.followed], closed, self._lift)

    def _unlifted(self, spectrum: F32, low: int, high: int) -> F32:
        """`spectrum` over the floor, where the search had it over the lifted one."""
        return spectrum[low:high] * (1 + self._lift[low:high])

    def _clear_splash(self, one: Followed, energy: float) -> None:
        """Take what the start itself scattered over the band out of the sums: it is no sender of its own."""
        reach = int(min(self.n_bins, math.sqrt(0.8 * energy / 0.5)))
        if reach > self._books.guard(one):
            self.search.soften(one.low, one.high, 0.8 * energy, reach)
