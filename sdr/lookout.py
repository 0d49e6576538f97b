"""Rows of the spectrum for whoever looks on while the scan goes on, and nothing at all while nobody does.

    scanner ──power rows──> Lookout ──about 25 rows a second, at most 1024 bins, a byte each──> the onlooker

A row holds the mean of `ROW_S` of spectra; where several bins become one, the strongest of them: a carrier
that is narrower than a picture's point must not drown in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.codes import encode
from sdr.plan import USABLE_SHARE
from sdr.types import Block

ROW_S = 0.04
MOST_BINS = 1024


@dataclass(frozen=True, slots=True)
class SpectrumRow:
    """One row as it is shown. ``codes`` are those of `sdr.codes`, lowest frequency first."""

    started_at: datetime
    span_s: float
    low_hz: float
    bin_hz: float
    codes: bytes


class Lookout:
    """Belongs to the scanning thread, but for `show_to`."""

    def __init__(self, *, is_sweep: bool) -> None:
        self._is_sweep = is_sweep
        self._sink: Callable[[SpectrumRow], None] | None = None
        self._block: Block | None = None
        self._n_fft = 0
        self._bin_hz = 0.0
        self._n_into = 0
        self._sum: NDArray[Any] = np.zeros(0, np.float32)
        self._n_rows = 0
        self._began_at: datetime | None = None

    def show_to(self, sink: Callable[[SpectrumRow], None] | None) -> None:
        """Hand every row to `sink`, from the scanning thread; None: nobody looks. From any thread."""
        self._sink = sink

    @property
    def is_watched(self) -> bool:
        return self._sink is not None

    def begin(self, block: Block, n_fft: int) -> None:
        """What `rows` gets next comes from `block`."""
        before = self._block
        jumped = before is None or before.hop != block.hop or block.n_dropped_before > 0
        if jumped or n_fft != self._n_fft:
            self._finish()
            self._n_fft = n_fft
            self._bin_hz = block.hop.rate_hz / n_fft
            self._sum = np.zeros(n_fft, np.float32)
        self._block, self._n_into = block, 0

    def rows(self, power: NDArray[np.float32]) -> None:
        """The next rows of the block, shape (n, n_fft), linear."""
        block = self._block
        if block is None:
            return
        row_s = 1 / self._bin_hz
        n_into_one = max(1, round(ROW_S / row_s))
        at = 0
        while at < power.shape[0]:
            if self._began_at is None:
                self._began_at = block.started_at + timedelta(seconds=self._n_into * row_s)
            some = power[at : at + n_into_one - self._n_rows]
            self._sum += some.sum(axis=0)
            self._n_rows += some.shape[0]
            self._n_into += some.shape[0]
            at += some.shape[0]
            if self._n_rows >= n_into_one:
                self._finish()

    def rest(self) -> None:
        """Nobody looks any more: what was begun is forgotten."""
        self._block, self._began_at, self._n_rows = None, None, 0

    def _finish(self) -> None:
        sink, began_at, block = self._sink, self._began_at, self._block
        n, self._n_rows, self._began_at = self._n_rows, 0, None
        if n and sink is not None and began_at is not None and block is not None:
            sink(self._row(self._sum / np.float32(n * self._bin_hz), began_at, n, block))
        self._sum[:] = 0

    def _row(self, density: NDArray[Any], began_at: datetime, n_rows: int, block: Block) -> SpectrumRow:
        group = max(1, self._n_fft // MOST_BINS)
        pooled = density.reshape(-1, group).max(axis=1)
        # Of a sweep's hop only what the plan counts on: at its edges the receiver's filter falls off.
        cut = round(pooled.size * (1 - USABLE_SHARE) / 2) if self._is_sweep and block.hop.dwell_s else 0
        bin_hz = self._bin_hz * group
        low_hz = block.hop.center_hz - block.hop.rate_hz / 2 + cut * bin_hz
        kept = pooled[cut : pooled.size - cut] if cut else pooled
        return SpectrumRow(began_at, n_rows / self._bin_hz, low_hz, bin_hz, encode(kept).tobytes())
