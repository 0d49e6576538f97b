"""From a scanner's spectra to the history: a row about once a second, or once a visit of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sdr.psd import PowerSpectrum
from sdr.types import Block

if TYPE_CHECKING:
    from sdr.history import History


@dataclass(frozen=True, slots=True)
class HistoryBounds:
    """How much is kept of one sensor's past."""

    max_age_s: float = 30 * 86_400
    max_bytes: int = 4 << 30


HISTORY_BOUNDS = HistoryBounds()


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One hop's rows; the name of its folder says all that a reader must know."""

    center_hz: int
    rate_hz: int
    n_bins: int
    base_s: int
    """Seconds of the finest row."""

    @property
    def name(self) -> str:
        return f"{self.center_hz}_{self.rate_hz}_{self.n_bins}_{self.base_s}"

    @property
    def low_hz(self) -> float:
        return self.center_hz - self.rate_hz / 2

    @property
    def bin_hz(self) -> float:
        return self.rate_hz / self.n_bins

    @classmethod
    def parse(cls, name: str) -> Series | None:
        """The series of a folder's name; None if it is none."""
        try:
            center, rate, bins, base = map(int, name.split("_"))
        except ValueError:
            return None
        return cls(center, rate, bins, base) if min(rate, bins, base) > 0 else None


def open_feed(root: Path | None, sensor: str, bounds: HistoryBounds, *, is_sweep: bool) -> HistoryFeed | None:
    """The feed of `sensor`'s history below `root`; None without one."""
    if root is None:
        return None
    # zarr takes a second to load, which a scan without history does not wait for.
    from sdr.history import History

    return HistoryFeed(History(root, sensor, bounds), is_sweep=is_sweep)


class HistoryFeed:
    """Takes rows out of a scanner's spectra about once a second, or once a visit of a sweep."""

    def __init__(self, history: History, *, is_sweep: bool) -> None:
        self._history = history
        self._base_s = 10 if is_sweep else 1
        self._most_bins = 256 if is_sweep else 1024
        self._every_s = 0.0 if is_sweep else 0.999
        self._taken: dict[float, int] = {}

    def push(self, psd: PowerSpectrum, block: Block) -> None:
        """`psd` has just transformed `block`."""
        hop = block.hop
        end = block.first_sample + block.iq.shape[0]
        begin = self._taken.setdefault(hop.center_hz, block.first_sample)
        if end - begin < self._every_s * hop.rate_hz or psd.n_rows == 0:
            return
        self._taken[hop.center_hz] = end
        mean, peak, _ = psd.take_hold()
        n_bins = min(mean.size, self._most_bins)
        per_hz = np.float32(psd.n_fft / hop.rate_hz)
        series = Series(round(hop.center_hz), round(hop.rate_hz), n_bins, self._base_s)
        self._history.add(
            series,
            block.started_at,
            mean.reshape(n_bins, -1).mean(axis=1) * per_hz,
            peak.reshape(n_bins, -1).max(axis=1) * per_hz,
        )

    def close(self) -> None:
        self._history.close()
