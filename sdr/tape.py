"""The last seconds of raw samples, so that what happened before a trigger can still be cut out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.types import SampleFormat


class Tape:
    """A ring of raw samples, addressed by their absolute number. One thread writes and reads.

    Parameters
    ----------
    n_samples : int
        How many are kept.
    """

    def __init__(self, format: SampleFormat, n_samples: int) -> None:
        self.format = format
        self._ring: NDArray[Any] = np.zeros((n_samples, 2), format.dtype)
        self._end = 0
        self._begin = 0

    @property
    def begin(self) -> int:
        """Number of the oldest sample that is kept."""
        return self._begin

    @property
    def end(self) -> int:
        """Number of the sample that comes next."""
        return self._end

    def append(self, iq: NDArray[Any], first_sample: int) -> None:
        """Keep `iq`, shape (n, 2). If `first_sample` does not follow the last one, what is older is given up:
        a clip never joins samples that were apart."""
        size = self._ring.shape[0]
        if first_sample != self._end:
            self._begin = first_sample
        self._end = first_sample + iq.shape[0]
        iq = iq[-size:]
        at = (self._end - iq.shape[0]) % size
        head = min(iq.shape[0], size - at)
        self._ring[at : at + head] = iq[:head]
        self._ring[: iq.shape[0] - head] = iq[head:]
        self._begin = max(self._begin, self._end - size)

    def cut(self, first: int, last: int) -> tuple[NDArray[Any], int]:
        """A copy of samples `first` .. `last` - 1 as far as they are kept, and its first sample's number."""
        first = max(first, self._begin)
        last = max(first, min(last, self._end))
        size = self._ring.shape[0]
        at, n = first % size, last - first
        head = min(n, size - at)
        return np.concatenate((self._ring[at : at + head], self._ring[: n - head])), first
