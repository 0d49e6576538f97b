"""One passband heard for occupancy: rows become samples, counted where they pass the floor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.noise import FloorKeeper, cell_means, estimate_floor, freedom
from sdr.psd import PowerSpectrum
from sdr.types import Block, Hop, SampleFormat

F64 = NDArray[np.float64]

LEAST_FREEDOM = 16.0
"""Independent powers in a sample: noise then passes 5 dB about once in 10^8, and 3 dB once in 10^3."""
FLOOR_S = 0.5
"""The first floor is made from this much; the same samples are then judged by it."""
REFLOOR_S = 4.0
MAX_BATCHES = 256


class Cells:
    """Counts of samples above the threshold for neighbouring slices of a passband."""

    def __init__(self, edges: F64, center_hz: float, rate_hz: float, n_fft: int) -> None:
        bin_hz = rate_hz / n_fft
        at = np.round((edges - center_hz) / bin_hz + n_fft / 2).astype(np.intp)
        self.first, self.last = at[:-1], at[1:]
        n = self.first.size
        self.n_occupied = np.zeros(n, dtype=np.int64)
        self.n_changes = np.zeros(n, dtype=np.int64)
        self.total = np.zeros(n)
        self.peak = np.zeros(n)
        self.noise = np.zeros(n)
        self.n_samples = 0
        self._before: NDArray[np.bool_] | None = None

    def sums(self, rows: NDArray[Any]) -> F64:
        """Power in each slice, shape (n_rows, n_slices)."""
        running = np.concatenate(
            (np.zeros((rows.shape[0], 1)), np.cumsum(rows, axis=1, dtype=np.float64)), axis=1
        )
        return running[:, self.last] - running[:, self.first]

    def count(self, samples: NDArray[Any], floor: F64, threshold: float) -> NDArray[np.bool_]:
        """Judge `samples`, shape (n, n_fft); which of the slices are occupied, shape (n, n_slices)."""
        power = self.sums(samples)
        noise = self.sums(floor[None])[0]
        occupied = power >= threshold * noise
        chain = occupied if self._before is None else np.concatenate((self._before[None], occupied))
        self.n_changes += np.count_nonzero(chain[1:] != chain[:-1], axis=0)
        self._before = occupied[-1].copy()
        self.n_occupied += occupied.sum(axis=0)
        self.total += power.sum(axis=0)
        np.maximum(self.peak, power.max(axis=0), out=self.peak)
        self.noise += noise * samples.shape[0]
        self.n_samples += samples.shape[0]
        return occupied


class Hearing:
    """One hop: its rows become samples, its floor follows, its channels are counted."""

    def __init__(
        self, hop: Hop, format: SampleFormat, n_fft: int, edges: F64, threshold_db: float, visit: bool
    ) -> None:
        rate = hop.rate_hz
        self.hop = hop
        self.edges = edges
        self.row_s = n_fft / rate
        self._visit = visit
        self.threshold = 10 ** (threshold_db / 10)
        self._psd = PowerSpectrum(format, n_fft)
        bin_hz = rate / n_fft
        channel_bins = int((edges[1] - edges[0]) / bin_hz)
        cell_bins = max(1, channel_bins // 5)
        # Cells are finer than channels, so FBO needs more rows to be as sure of each.
        self.channels = Cells(edges, hop.center_hz, rate, n_fft)
        n_cells = max(1, round((edges[-1] - edges[0]) / (cell_bins * bin_hz)))
        self.cells = Cells(np.linspace(edges[0], edges[-1], n_cells + 1), hop.center_hz, rate, n_fft)
        self._rows_per_sample = max(1, math.ceil(LEAST_FREEDOM / freedom(channel_bins)))
        self._rows_per_cell_sample = max(1, math.ceil(LEAST_FREEDOM / freedom(cell_bins)))
        self._floors = FloorKeeper()
        self._held: list[NDArray[np.float32]] = []
        self._rest = np.empty((0, n_fft), dtype=np.float32)
        self._cell_rest = np.empty((0, n_fft), dtype=np.float32)
        self._n_since_floor = 0
        self.levels: list[F64] = []
        self.n_rows = 0
        self.shares: list[float] = []
        """Share of occupied cells, one a block."""

    @property
    def sample_s(self) -> float:
        return self._rows_per_sample * self.row_s

    def whole_rows(self, n_samples: float) -> int:
        """Samples of the rows that fit into `n_samples`, at least one row."""
        return max(1, int(n_samples) // self._psd.n_fft) * self._psd.n_fft

    def push(self, block: Block) -> F64 | None:
        """Count `block`; mean power by channel, or None while the floor is not known."""
        self._psd.remove_dc(block.iq)
        n = self._psd.samples_per_block
        pieces = [self._psd.transform(block.iq[at : at + n]).copy() for at in range(0, len(block.iq), n)]
        rows = np.concatenate(pieces)
        if not rows.shape[0]:
            return None
        self.n_rows += rows.shape[0]
        self._held.append(rows)
        self._n_since_floor += rows.shape[0]
        if self._floors.floor is None:
            if self._n_since_floor * self.row_s < FLOOR_S:
                return None
            self._refloor()
            return None
        level = self._judge(rows)
        if self._n_since_floor * self.row_s >= REFLOOR_S:
            self._refloor()
        return level

    def finish(self) -> None:
        """Judge what is still held back for want of a floor."""
        if self._floors.floor is None and self._held:
            self._refloor()

    def _refloor(self) -> None:
        rows = np.concatenate(self._held)
        first = self._floors.floor is None
        self._floors.add(estimate_floor(*cell_means(rows)), rows.shape[0])
        if first:
            for piece in self._held:
                self._judge(piece)
        self._held, self._n_since_floor = [], 0

    def _judge(self, rows: NDArray[np.float32]) -> F64:
        floor = self._floors.floor
        if floor is None:
            raise RuntimeError("rows are judged only once there is a floor")
        level = self.channels.sums(rows.mean(axis=0, dtype=np.float64)[None])[0]
        samples, self._rest = self._samples(rows, self._rest, self._rows_per_sample)
        if samples.shape[0]:
            self.channels.count(samples, floor.power, self.threshold)
        samples, self._cell_rest = self._samples(rows, self._cell_rest, self._rows_per_cell_sample)
        if samples.shape[0]:
            self.shares.append(float(self.cells.count(samples, floor.power, self.threshold).mean()))
            if len(self.shares) >= 2 * MAX_BATCHES:
                self.shares = [float(v) for v in np.reshape(self.shares, (-1, 2)).mean(axis=1)]
        return level

    def _samples(
        self, rows: NDArray[np.float32], rest: NDArray[np.float32], n_each: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._visit:
            return rows.mean(axis=0, keepdims=True), rest
        if n_each == 1:
            return rows, rest
        rows = np.concatenate((rest, rows))
        n = rows.shape[0] // n_each
        means = rows[: n * n_each].reshape(n, n_each, rows.shape[1]).mean(axis=1)
        return means, rows[n * n_each :]
