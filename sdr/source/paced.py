"""A recording or a world played at the speed of the world, as a receiver would deliver it.

Sample numbers and times go on across the turns of a loop. A reader that comes
too late gets the newest samples and is told what it missed, as with a dongle:
the source keeps `depth_s` for it, no more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sdr.source.base import SampleSource, SourceError, SourceInfo
from sdr.source.clock import SYSTEM_CLOCK, Clock
from sdr.types import Block, Hop

_DEPTH_S = 2.0
"""What the ring of a dongle holds at 2.4 MS/s (`sdr.source.usb`)."""


class PacedSource:
    """Plays what `reopen` opens, again and again if `loop`."""

    def __init__(
        self,
        reopen: Callable[[], SampleSource],
        *,
        loop: bool = False,
        depth_s: float = _DEPTH_S,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._reopen = reopen
        self._loop = loop
        self._clock = clock
        self._inner = reopen()
        first = self._inner.info
        self._info = replace(
            first,
            started_at=clock.now(),
            live=True,
            time_known=True,
            n_samples=None if loop else first.n_samples,
        )
        self._began_s = clock.monotonic()
        self._n_depth = max(1, round(depth_s * first.rate_hz))
        self._n_turned = 0
        """Samples of all turns before this one."""
        self._next = 0
        self._hop: Hop | None = None
        self._ended = threading.Event()

    @property
    def info(self) -> SourceInfo:
        return self._info

    def tune(self, hop: Hop) -> None:
        self._inner.tune(hop)
        self._hop = hop

    def read(self, n_samples: int) -> Block | None:
        if self._ended.is_set():
            return None
        n_missed = self._skip_missed(n_samples)
        block = self._inner.read(n_samples)
        if block is None and self._loop and not self._ended.is_set():
            block = self._turn(n_samples)
        if block is None:
            return None
        first = self._n_turned + block.first_sample
        n_end = first + len(block.iq)
        self._next = n_end
        if self._wait_until(n_end):
            return None
        return replace(
            block,
            first_sample=first,
            started_at=self._info.started_at + timedelta(seconds=first / self._info.rate_hz),
            n_dropped_before=n_missed + block.n_dropped_before,
        )

    def close(self) -> None:
        self._ended.set()
        self._inner.close()

    def _turn(self, n_samples: int) -> Block | None:
        self._inner.close()
        self._inner = self._reopen()
        if self._inner.info.format is not self._info.format or self._inner.info.rate_hz != self._info.rate_hz:
            raise SourceError(f"{self._info.name}: is another recording than at the start")
        self._n_turned = self._next
        if self._hop is not None:
            self._inner.tune(self._hop)
        if self._ended.is_set():
            self._inner.close()
        return self._inner.read(n_samples)

    def _skip_missed(self, n_samples: int) -> int:
        """Read past what a receiver would have overwritten by now; the count of it."""
        n_due = round((self._clock.monotonic() - self._began_s) * self._info.rate_hz)
        n_behind = n_due - self._next - self._n_depth
        n_missed = 0
        while n_missed < n_behind:
            block = self._inner.read(min(n_behind - n_missed, max(n_samples, 1 << 16)))
            if block is None:
                if not self._loop or self._ended.is_set():
                    break
                block = self._turn(min(n_behind - n_missed, max(n_samples, 1 << 16)))
                if block is None:
                    break
            n_end = self._n_turned + block.first_sample + len(block.iq)
            n_missed += n_end - self._next
            self._next = n_end
        return n_missed

    def _wait_until(self, n_end: int) -> bool:
        """Until sample `n_end` is due; True if closed meanwhile."""
        while (left_s := self._began_s + n_end / self._info.rate_hz - self._clock.monotonic()) > 0:
            if self._clock.wait(self._ended, left_s):
                return True
        return self._ended.is_set()
