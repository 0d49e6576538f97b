"""A ring of bytes between the thread that delivers samples and the one that reads them.

    position   samples ever written before this one; its place is position % size
    claimed    what the writer has begun to overwrite     written    what is whole
    released   what the reader may have

One writer, one reader. The writer never waits: it overwrites the oldest, and the
reader is told how many samples that cost it. All memory is taken at the start.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Slice:
    """What a read has got."""

    position: int
    n_samples: int
    n_overwritten: int
    """Samples before `position` that were lost because the reader was late."""


class SampleRing:
    """Room for `n_samples` I/Q pairs of one byte each component."""

    def __init__(self, n_samples: int) -> None:
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, not {n_samples}")
        self._n = n_samples
        self._pairs: Bytes = np.zeros((n_samples, 2), dtype=np.uint8)
        self._changed = threading.Condition()
        self._n_claimed = 0
        self._n_written = 0
        self._n_released = 0
        self._next = 0
        self._n_wakes = 0
        self.n_overwritten = 0
        """Samples lost to a late reader since the start."""

    def __len__(self) -> int:
        return self._n

    @property
    def n_written(self) -> int:
        """Samples ever written."""
        return self._n_written

    @property
    def n_unread(self) -> int:
        """Samples that a read would find."""
        return max(0, self._n_released - self._next)

    def write(self, pairs: Bytes) -> None:
        """Append `pairs`, shape (n, 2); they can be read after `release`."""
        n = len(pairs)
        start = self._n_written
        self._n_claimed = start + n
        kept = pairs[max(0, n - self._n) :]
        place = (start + n - len(kept)) % self._n
        n_first = min(len(kept), self._n - place)
        self._pairs[place : place + n_first] = kept[:n_first]
        self._pairs[: len(kept) - n_first] = kept[n_first:]
        self._n_written = start + n

    def release(self, position: int) -> None:
        """Let the reader have everything before `position`."""
        with self._changed:
            self._n_released = max(self._n_released, min(position, self._n_written))
            self._changed.notify_all()

    def wake(self) -> None:
        """End a waiting read early, with nothing."""
        with self._changed:
            self._n_wakes += 1
            self._changed.notify_all()

    def skip_to(self, position: int) -> None:
        """The reader does not want what is before `position`: neither delivered nor counted as lost."""
        self._next = max(self._next, position)

    def wait_for(self, n_samples: int, timeout_s: float) -> None:
        """Until a read would find `n_samples`, or `wake`, at most `timeout_s`."""
        with self._changed:
            n_wakes = self._n_wakes
            self._changed.wait_for(lambda: self.n_unread >= n_samples or self._n_wakes != n_wakes, timeout_s)

    def read(self, out: Bytes, timeout_s: float) -> Slice | None:
        """Copy what is released into `out`, shape (m, 2), up to its length; None if there is nothing yet.

        Waits at most `timeout_s`, or until `wake`, for the first sample.
        """
        if self.n_unread == 0 and timeout_s > 0:
            with self._changed:
                if self.n_unread == 0:
                    self._changed.wait(timeout_s)
        n_lost = 0
        while (n := min(len(out), self.n_unread)) > 0:
            start = self._next
            n_late = self._n_claimed - self._n - start
            if n_late > 0:
                n_lost += self._lose(n_late)
                continue
            place = start % self._n
            n_first = min(n, self._n - place)
            out[:n_first] = self._pairs[place : place + n_first]
            out[n_first:n] = self._pairs[: n - n_first]
            # The writer may have come round while this was copied.
            n_torn = self._n_claimed - self._n - start
            if n_torn > 0:
                n_lost += self._lose(n_torn)
                continue
            self._next = start + n
            return Slice(start, n, n_lost)
        return Slice(self._next, 0, n_lost) if n_lost else None

    def _lose(self, n_samples: int) -> int:
        self._next += n_samples
        self.n_overwritten += n_samples
        return n_samples
