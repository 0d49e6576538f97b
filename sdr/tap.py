"""Listening in while the scan goes on: one channel as sound, for as long as the receiver stands on it.

    scanning thread ──copy, bounded, never waits──> [ a few blocks ] ──listener's thread──> Sound

Whoever listens is never in the scan's way: blocks that the listener has no room for are dropped and
counted. While the receiver sweeps elsewhere there is nothing to hear, and that is said.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.demod import CHANNEL_HZ, Mode, Sound, demodulate_stream
from sdr.types import Block, Hop, SampleFormat

MAX_WAITING = 8
"""Blocks: about a second at 2.4 MS/s."""
CHUNK_S = 0.5
WAIT_S = 2.0
"""Without a block for so long, the listener is told that there is nothing."""


@dataclass(frozen=True, slots=True)
class Away:
    """Nothing can be heard now: the receiver listens elsewhere, or gives nothing."""

    center_hz: float | None
    """Where it is; None where no samples come."""


@dataclass(frozen=True, slots=True)
class _Taken:
    iq: NDArray[Any]
    hop: Hop
    is_gap: bool


class Tap:
    """One listener. `take` belongs to the scanning thread, `sounds` to the listener's."""

    def __init__(self, sample_format: SampleFormat, channel_hz: float, mode: Mode) -> None:
        self.channel_hz = channel_hz
        self.mode = mode
        self.n_dropped = 0
        """Blocks that the listener was too slow for."""
        self._format = sample_format
        self._blocks: queue.Queue[_Taken | None] = queue.Queue(MAX_WAITING)
        self._is_closed = False
        self._was_dropped = False
        self._ahead: _Taken | None = None

    @property
    def is_full(self) -> bool:
        """The next block would be dropped."""
        return self._blocks.full()

    @property
    def is_empty(self) -> bool:
        return self._blocks.empty()

    def take(self, block: Block) -> None:
        """From the scanning thread; returns at once."""
        if self._is_closed:
            return
        covered = self._covers(block.hop)
        iq = np.array(block.iq) if covered else np.empty((0, 2), block.iq.dtype)
        try:
            self._blocks.put_nowait(_Taken(iq, block.hop, bool(block.n_dropped_before) or self._was_dropped))
            self._was_dropped = False
        except queue.Full:
            self.n_dropped += 1
            self._was_dropped = True

    def close(self) -> None:
        """End `sounds` soon; from any thread."""
        self._is_closed = True
        try:
            self._blocks.put_nowait(None)
        except queue.Full:
            # Full of blocks: whoever takes the next one sees that it is closed.
            return

    def sounds(self) -> Iterator[Sound | Away]:
        """Sound while there is any, `Away` while there is none; blocks. Ends after `close`."""
        while not self._is_closed:
            taken, self._ahead = self._ahead or self._next(), None
            if taken is None:
                if not self._is_closed:
                    yield Away(None)
                continue
            if not len(taken.iq):
                yield Away(taken.hop.center_hz)
                continue
            offset_hz = self.channel_hz - taken.hop.center_hz
            stretch = self._stretch(taken)
            yield from demodulate_stream(
                stretch, self._format, taken.hop.rate_hz, offset_hz, self.mode, chunk_s=CHUNK_S
            )

    def _stretch(self, first: _Taken) -> Iterator[NDArray[Any]]:
        """Blocks in a row at one tuning; the one that ends it is kept for the next."""
        yield first.iq
        while not self._is_closed:
            taken = self._next()
            if taken is None:
                return
            if taken.is_gap or taken.hop.center_hz != first.hop.center_hz or not len(taken.iq):
                self._ahead = taken
                return
            yield taken.iq

    def _next(self) -> _Taken | None:
        try:
            return self._blocks.get(timeout=WAIT_S)
        except queue.Empty:
            return None

    def _covers(self, hop: Hop) -> bool:
        return abs(self.channel_hz - hop.center_hz) + CHANNEL_HZ[self.mode] / 2 <= hop.rate_hz / 2
