"""One passband, watched: blocks of samples in, followed emissions out.

    Block ──psd──> rows ──floor──> search <──hits──> tracker ──> Followed, in samples of the source
             └────────> tape (raw)

Rows are counted without the gaps; `sample_of` turns a row back into the source's own sample number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.detect import FALSE_ALARM, MAX_LEVEL, Search
from sdr.follow import Followed
from sdr.noise import FloorKeeper, cell_means, estimate_floor
from sdr.psd import PowerSpectrum, fft_length
from sdr.track import Tracker
from sdr.types import Block, Hop, SampleFormat

FIRST_FLOOR_S = 0.5
"""What is heard first is held back this long, then searched against a floor that it made itself."""
FLOOR_S = 4.0
FLOOR_CELLS = 36
CLIPPED_SHARE = 1e-3
"""Of samples at the converter's ends, from which the receiver is overloaded."""
STEP_ROWS = 32
"""Followed emissions are looked at this often: 55 ms at 2.4 MS/s, an eighth of the cost of every block."""


class Watch:
    """Watches one hop of one source.

    Parameters
    ----------
    format, rate_hz
        Of the samples.
    dc : bool
        Take out the receiver's DC (the mean of each few seconds).
    visit_s : float
        How long the receiver stays at a time; 0 means that it never leaves.
    """

    def __init__(
        self,
        format: SampleFormat,
        rate_hz: float,
        *,
        dc: bool = True,
        false_alarm: float = FALSE_ALARM,
        visit_s: float = 0.0,
    ) -> None:
        self.format = format
        self.rate_hz = rate_hz
        self.n_fft = fft_length(rate_hz)
        self.row_s = self.n_fft / rate_hz
        self.bin_hz = rate_hz / self.n_fft
        self.psd = PowerSpectrum(format, self.n_fft)
        max_level = MAX_LEVEL
        if visit_s:
            max_level = min(MAX_LEVEL, max(2, int(np.log2(max(4.0, visit_s / self.row_s)))))
        self.search = Search(self.n_fft, false_alarm=false_alarm, max_level=max_level)
        self.tracker = Tracker(self.n_fft, self.row_s, self.bin_hz, search=self.search)
        self._floors = FloorKeeper()
        self._dc = dc
        self._least = _quantisation(format, self.n_fft)
        self._held: list[NDArray[np.float32]] = []
        self._n_held = 0
        self._first_rows = max(8, round(FIRST_FLOOR_S / self.row_s))
        self._per_cell = 16
        self._most_per_cell = max(16, round(FLOOR_S / self.row_s / FLOOR_CELLS))
        self._cell: NDArray[np.float64] = np.zeros(self.n_fft)
        self._n_in_cell = 0
        self._cells: list[NDArray[np.float64]] = []
        self._next_step = 0
        self._rest: NDArray[Any] = np.empty((0, 2), format.dtype)
        self._anchor_rows: deque[int] = deque([0])
        self._anchor_samples: deque[int] = deque([0])
        self._rows_taken = 0
        self._next_sample: int | None = None
        self._needs_dc = dc
        self.gap_rows: deque[int] = deque(maxlen=256)
        """Rows before which samples were lost; where the receiver was elsewhere meanwhile, none were."""
        self.clipped_rows: deque[tuple[int, float]] = deque(maxlen=4096)
        """Row and share of clipped samples, for blocks where there were any."""
        self.overloaded_s = 0.0
        """Time in which more than `CLIPPED_SHARE` of the samples were clipped."""
        self.floor_dbfs_hz: float | None = None
        """Median density of the floor."""
        self.on_rows: Callable[[NDArray[np.float32]], None] | None = None
        """Sees every batch of rows, in a view that the next batch overwrites."""
        self._new: list[Followed] = []
        self._over: list[Followed] = []

    def push(self, block: Block) -> None:
        """Search `block`. What began and what ended is fetched with `take_new` and `take_over`."""
        iq = block.iq
        if self._needs_dc:
            self.psd.remove_dc(iq)
            self._needs_dc = False
        if self.is_gap(block):
            self._gap(block.first_sample, lost=block.n_dropped_before > 0)
        elif self._next_sample is None:
            self._anchor_samples[0] = block.first_sample
        self._next_sample = block.first_sample + iq.shape[0]
        if self._rest.shape[0]:
            need = self.n_fft - self._rest.shape[0]
            if iq.shape[0] < need:
                self._rest = np.concatenate((self._rest, iq))
                return
            self._rows(np.concatenate((self._rest, iq[:need])))
            iq = iq[need:]
        n_whole = iq.shape[0] // self.n_fft * self.n_fft
        for at in range(0, n_whole, self.psd.samples_per_block):
            self._rows(iq[at : min(at + self.psd.samples_per_block, n_whole)])
        self._rest = np.array(iq[n_whole:])

    def is_gap(self, block: Block) -> bool:
        """Whether samples are missing between the last block and `block`."""
        return self._next_sample is not None and block.first_sample != self._next_sample

    def finish(self) -> list[Followed]:
        """Search what is still held back; everything still on the air (`take_over` has what ended)."""
        if self._held:
            self._first_floor()
        self._over.extend(self.tracker.step())
        return self.tracker.finish()

    def take_new(self) -> list[Followed]:
        new, self._new = self._new, []
        return new

    def take_over(self) -> list[Followed]:
        over, self._over = self._over, []
        return over

    def sample_of(self, row: int) -> int:
        """The source's number of the first sample of `row`."""
        at = max(0, bisect_right(self._anchor_rows, row) - 1)
        return self._anchor_samples[at] + (row - self._anchor_rows[at]) * self.n_fft

    def offset_hz(self, edge: float) -> float:
        """The frequency at `edge`, counted in bins from the first one's lower edge; 0 is the centre."""
        return float(edge - 0.5 - self.n_fft / 2) * self.bin_hz

    def density(self, low: float, high: float) -> float | None:
        """Noise power per hertz about bins `low` to `high`, full scale 1; None before there is a floor.

        Under a wide emission the line rises with it, so the passband's median is an upper bound: where the
        passband falls off, at its edges, the noise is less than that.
        """
        floor = self._floors.floor
        if floor is None or self.floor_dbfs_hz is None:
            return None
        first = min(max(0, int(low)), self.n_fft - 1)
        here = float(floor.power[first : max(first + 1, int(np.ceil(high)))].mean()) / self.bin_hz
        return min(here, 10 ** (self.floor_dbfs_hz / 10))

    def clipped_between(self, first_row: int, last_row: int) -> float:
        """Largest share of clipped samples in any block of these rows."""
        return max(
            (share for row, share in self.clipped_rows if first_row - 8 <= row <= last_row), default=0.0
        )

    # --- inside ---

    def _gap(self, first_sample: int, *, lost: bool) -> None:
        if self._held:
            self._first_floor()
        self._rest = self._rest[:0]
        self.search.reset()
        if lost:
            self.gap_rows.append(self._rows_taken)
        self._anchor_rows.append(self._rows_taken)
        self._anchor_samples.append(first_sample)
        if len(self._anchor_rows) > 4096:
            self._anchor_rows.popleft()
            self._anchor_samples.popleft()

    def _rows(self, iq: NDArray[Any]) -> None:
        self._note_clipping(iq)
        power = self.psd.transform(iq)
        self._rows_taken += power.shape[0]
        if self.on_rows is not None:
            self.on_rows(power)
        if self._floors.floor is None:
            self._held.append(power.copy())
            self._n_held += power.shape[0]
            if self._n_held >= self._first_rows:
                self._first_floor()
            return
        self._gather(power)
        self._look(power)

    def _first_floor(self) -> None:
        rows = np.concatenate(self._held)
        self._held, self._n_held = [], 0
        self._use_floor(*cell_means(rows))
        for at in range(0, rows.shape[0], self.psd.rows_per_block):
            self._look(rows[at : at + self.psd.rows_per_block])

    def _gather(self, power: NDArray[np.float32]) -> None:
        """Collect cells for the next estimate of the floor."""
        self._cell += power.sum(axis=0)
        self._n_in_cell += power.shape[0]
        if self._n_in_cell < self._per_cell:
            return
        self._cells.append(self._cell / self._n_in_cell)
        if len(self._cells) >= FLOOR_CELLS:
            self._use_floor(np.array(self._cells), self._n_in_cell)
            self._cells.clear()
            # The first estimates come soon, each from twice as long as the last, until they last FLOOR_S.
            self._per_cell = min(2 * self._per_cell, self._most_per_cell)
            if self._dc:
                self.psd.refine_dc()
        self._cell[:] = 0
        self._n_in_cell = 0

    def _use_floor(self, cells: NDArray[np.float64], per_cell: int) -> None:
        new = estimate_floor(cells, per_cell, least=self._least)
        floor = self._floors.add(new, cells.shape[0] * per_cell)
        self.search.set_floor(floor)
        self.tracker.floor_uncertainty = floor.uncertainty
        self.floor_dbfs_hz = float(10 * np.log10(np.median(floor.power) / self.bin_hz))

    def _look(self, power: NDArray[np.float32]) -> None:
        at = 0
        while at < power.shape[0]:
            at = self.search.push(power, at)
            while self.search.pending:
                hit = self.search.best()
                if hit is None:
                    break
                new = self.tracker.take(hit)
                if new is not None:
                    self._new.append(new)
        if self.search.n_rows >= self._next_step:
            self._over.extend(self.tracker.step())
            self._next_step = self.search.n_rows + STEP_ROWS

    def _note_clipping(self, iq: NDArray[Any]) -> None:
        """Count samples at the converter's ends in an eighth of the block."""
        if self.format is SampleFormat.CF32:
            return
        ends = np.iinfo(self.format.dtype)
        some = iq[: max(1, iq.shape[0] // 8)]
        share = float(np.count_nonzero((some == ends.min) | (some == ends.max))) / max(1, some.size)
        if share > 0:
            self.clipped_rows.append((self._rows_taken, share))
        if share > CLIPPED_SHARE:
            self.overloaded_s += iq.shape[0] / self.rate_hz


def _quantisation(format: SampleFormat, n_fft: int) -> float:
    """Power that rounding to whole steps alone puts into a bin (a twelfth of a step squared, I and Q)."""
    if format is SampleFormat.CF32:
        return 0.0
    return 2 / 12 / format.full_scale**2 / n_fft


def warm_up() -> None:
    """Compile (or load) every kernel by watching a burst in noise: a live source would not wait for it."""
    rng = np.random.default_rng(0)
    for format in (SampleFormat.CU8, SampleFormat.CS8, SampleFormat.CS16, SampleFormat.CF32):
        watch = Watch(format, 48_000.0)
        iq = rng.normal(0, 0.01, size=(48_000, 2))
        iq[20_000:30_000, 0] += 0.3
        raw = (iq * format.full_scale + format.offset).astype(format.dtype)
        hop = Hop(0.0, 48_000.0)
        watch.push(Block(hop, 0, datetime.now(UTC), raw))
        watch.finish()
