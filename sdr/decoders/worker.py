"""Decoding beside a scan: one thread, a short queue, and never a wait for either.

    scanner ──offer (a copy)──> queue ──> thread ──decode──> results ──take──> scanner

What finds the queue full is not decoded, and counted.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sdr.decoders import Decoded, decode
from sdr.types import SampleFormat

MAX_WAITING = 4
"""Clips of a second at 2.4 MS/s are 5 MB each."""

Decode = Callable[[NDArray[Any], SampleFormat, float, float, str], Decoded]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One emission, cut out: `iq` is the worker's own copy."""

    key: str
    iq: NDArray[Any]
    format: SampleFormat
    rate_hz: float
    offset_hz: float
    modulation: str


class DecodeWorker:
    """Decodes what it is offered, in order. `close` must be called at the end."""

    def __init__(self, *, decode: Decode = decode, max_waiting: int = MAX_WAITING) -> None:
        self.n_dropped = 0
        """Offered when the queue was full."""
        self.rejections: Counter[str] = Counter()
        """``program/reason`` to how often."""
        self._decode = decode
        self._max_waiting = max_waiting
        self._waiting: deque[Job] = deque()
        self._open: set[str] = set()
        self._done: dict[str, Decoded] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="decoders", daemon=True)
        self._thread.start()

    def offer(self, job: Job, *, wait_s: float = 0.0) -> bool:
        """Take `job` over, after `wait_s` for room at most, or count it as dropped."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._max_waiting, wait_s)
            if self._closed or len(self._waiting) >= self._max_waiting:
                self.n_dropped += 1
                return False
            self._waiting.append(job)
            self._open.add(job.key)
            self._changed.notify_all()
            return True

    def is_open(self, key: str) -> bool:
        """Whether an answer for `key` is still to come."""
        with self._changed:
            return key in self._open

    def take(self, key: str) -> Decoded | None:
        """The answer for `key`, once; None if there is none (yet)."""
        with self._changed:
            return self._done.pop(key, None)

    def wait(self, timeout_s: float) -> bool:
        """Until every job is answered; false when it took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout_s)

    def close(self) -> None:
        """Give up what waits; the job in work ends by its own deadline."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._waiting))
                if self._closed:
                    return
                job = self._waiting.popleft()
                self._changed.notify_all()
            decoded = None
            try:
                decoded = self._decode(job.iq, job.format, job.rate_hz, job.offset_hz, job.modulation)
            except (OSError, ValueError, ArithmeticError, MemoryError):
                self.rejections["decoder/failed"] += 1
            with self._changed:
                self._open.discard(job.key)
                if decoded is not None:
                    self._done[job.key] = decoded
                    self.rejections.update(decoded.rejections)
                self._changed.notify_all()
