"""A receiver that streams, stalls, is unplugged and comes back: what all of them have in common.

    worker      one for each opening: sits in `Driver.stream`, writes what is delivered into the ring
    supervisor  opens again after a fault, ends a worker that delivers nothing
    reader      the caller: takes blocks out of the ring

    position 0 ........ p ............. q .........     delivered samples, in the ring
    number   0 ........ p | p+n ....... q+n | q+n+m    with the lost ones; no block spans a gap

Faults reach the reader as `SourceError` with ``retry``: reading on is right, and
the first block afterwards says how many samples the outage cost.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdr.gaps import Gap, GapMeter
from sdr.ring import SampleRing
from sdr.source.base import SourceError, SourceInfo
from sdr.source.clock import Clock
from sdr.types import Block, Hop, SampleFormat

Deliver = Callable[[NDArray[np.uint8]], None]

_STALL_S = 1.2
"""Without a sample for so long a receiver is taken to be stalled: shown within the 1.5 s promised."""
_SILENCE_S = 1.4
"""What one read waits at most, whatever the supervisor finds."""
_POLL_S = 0.1
_STOP_S = 2.0
"""A worker that has not ended so long after being told is left behind: its driver hangs in the kernel."""
_FIRST_BACK_OFF_S, _MAX_BACK_OFF_S = 0.2, 2.0
"""Streaming must be back within 10 s of the device's return: opening takes up to 2 s, starting 1."""
_RING_S = 3.0
_MIN_RING_SAMPLES = 1 << 19
_GATHER_S = 0.25


class Driver(Protocol):
    """One opening of one receiver. `apply` and `stop` may come from other threads than `stream`."""

    @property
    def settle_s(self) -> float:
        """How long after `apply` samples may still be from before it, beyond what is in flight."""
        ...

    @property
    def start_s(self) -> float:
        """How long after `open` samples may still be from before it."""
        ...

    def delivery_s(self, rate_hz: float) -> float:
        """How much time one delivery spans."""
        ...

    def open(self, hop: Hop) -> None:
        """Take the receiver and set it to `hop`; SourceError if that fails."""
        ...

    def stream(self, deliver: Deliver) -> None:
        """Deliver pairs of bytes, shape (n, 2), until `stop` or a fault (SourceError)."""
        ...

    def apply(self, hop: Hop, before: Hop) -> None:
        """Change what differs; SourceError if the receiver refuses."""
        ...

    def stop(self) -> None:
        """End `stream` soon. May be called again until it has."""
        ...

    def close(self) -> None:
        """Give the receiver back. Only after `stream` has ended."""
        ...


class LiveSource:
    """Blocks from the receivers that `make_driver` makes, one after the other."""

    def __init__(self, spec: str, make_driver: Callable[[], Driver], hop: Hop, clock: Clock) -> None:
        self._make_driver = make_driver
        self._clock = clock
        self._hop = hop
        self._driver = make_driver()
        self._driver.open(hop)
        self._info = SourceInfo(
            name=spec,
            format=SampleFormat.CU8,
            rate_hz=hop.rate_hz,
            center_hz=hop.center_hz,
            started_at=clock.now(),
            n_samples=None,
            tunable=True,
            live=True,
        )
        self.gaps: deque[Gap] = deque(maxlen=1000)
        """The newest losses; `n_gaps` counts all."""
        self.n_gaps = 0
        self.n_outages = 0
        self._lock = threading.Lock()
        """Guards what workers, supervisor and reader share: meter, gaps, generation, fault."""
        self._tuning = threading.Lock()
        """Held while a driver is told something or exchanged."""
        self._ring = SampleRing(max(_MIN_RING_SAMPLES, round(_RING_S * hop.rate_hz)))
        self._meter = self._make_meter(hop.rate_hz)
        self._pending_gaps: deque[Gap] = deque()
        self._generation = 0
        self._is_fresh = True
        self._last_s = self._opened_s = clock.monotonic()
        self._fault: SourceError | None = None
        self._n_missing = 0
        self._n_dropped = 0
        self._out = np.empty((1 << 16, 2), dtype=np.uint8)
        self._kept: tuple[int, NDArray[np.uint8]] | None = None
        self._ended = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name=f"supervise {spec}", daemon=True)
        self._supervisor.start()

    @property
    def info(self) -> SourceInfo:
        return self._info

    def tune(self, hop: Hop) -> None:
        before = self._hop
        if _settings(hop) == _settings(before):
            self._hop = hop
            return
        with self._tuning:
            if self._ended.is_set():
                raise SourceError(f"{self._info.name}: closed")
            self._driver.apply(hop, before)
            with self._lock:
                settled_s = self._clock.monotonic() + self._driver.settle_s
                position = self._meter.position_at(settled_s)
                if hop.rate_hz != before.rate_hz:
                    self._meter = self._make_meter(hop.rate_hz, self._meter)
            self._hop = hop
        self._kept = None
        self._ring.skip_to(position)

    def read(self, n_samples: int) -> Block | None:
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, not {n_samples}")
        if len(self._out) < n_samples <= len(self._ring) // 2 and self._kept is None:
            self._out = np.empty((n_samples, 2), dtype=np.uint8)
        began_s = self._clock.monotonic()
        while not self._ended.is_set():
            block = self._take(n_samples)
            if block is not None:
                return block
            self._raise_fault()
            if self._clock.monotonic() - began_s > _SILENCE_S:
                raise SourceError(f"{self._info.name}: no samples for {_SILENCE_S} s", retry=True)
        return None

    def close(self) -> None:
        self._ended.set()
        self._ring.wake()
        if self._supervisor is not threading.current_thread():
            self._supervisor.join(_STOP_S + 1.0)

    # The reader's side.

    def _take(self, n_samples: int) -> Block | None:
        if self._kept is None:
            n_wanted = min(n_samples, len(self._out))
            self._ring.wait_for(n_wanted, min(_GATHER_S, n_wanted / self._hop.rate_hz + 0.02))
            got = self._ring.read(self._out[:n_wanted], _POLL_S)
            if got is None:
                return None
            self._n_dropped += got.n_overwritten
            if got.n_samples == 0:
                return None
            self._kept = got.position, self._out[: got.n_samples]
        position, pairs = self._kept
        with self._lock:
            n = min(n_samples, self._pass_gaps(position, len(pairs)))
            taken_s = self._meter.time_of(position)
        self._kept = (position + n, pairs[n:]) if n < len(pairs) else None
        n_dropped, self._n_dropped = self._n_dropped, 0
        return Block(self._hop, position + self._n_missing, self._instant(taken_s), pairs[:n], n_dropped)

    def _pass_gaps(self, position: int, n_samples: int) -> int:
        """Count the gaps up to `position`; how many of `n_samples` come before the next."""
        while self._pending_gaps and self._pending_gaps[0].position <= position:
            n_missing = self._pending_gaps.popleft().n_missing
            self._n_missing += n_missing
            self._n_dropped += n_missing
        if self._pending_gaps:
            return min(n_samples, self._pending_gaps[0].position - position)
        return n_samples

    def _instant(self, taken_s: float | None) -> datetime:
        now = self._clock.now()
        return now if taken_s is None else now - timedelta(seconds=self._clock.monotonic() - taken_s)

    def _raise_fault(self) -> None:
        if not self._supervisor.is_alive() and not self._ended.is_set():
            raise SourceError(f"{self._info.name}: the thread that reads it has died")
        with self._lock:
            fault, self._fault = self._fault, None
        if fault is not None:
            raise SourceError(str(fault), retry=True)

    # The workers' and the supervisor's side.

    def _make_meter(self, rate_hz: float, before: GapMeter | None = None) -> GapMeter:
        span_s = self._driver.delivery_s(rate_hz)
        meter = GapMeter(rate_hz, confirm_s=max(0.5, 8 * span_s), warm_up_s=max(0.3, 3 * span_s))
        if before is not None:
            meter.n_delivered = before.n_delivered
            meter.n_settled = before.n_delivered
            self._ring.release(meter.n_settled)
        return meter

    def _deliver(self, generation: int, pairs: NDArray[np.uint8]) -> None:
        at_s = self._clock.monotonic()
        with self._lock:
            if generation != self._generation or len(pairs) == 0:
                return
            self._last_s = at_s
            if self._is_fresh:
                if at_s - len(pairs) / self._hop.rate_hz < self._opened_s + self._driver.start_s:
                    return
                self._meter.restart()
                self._is_fresh = False
                self._fault = None
            self._ring.write(pairs)
            self._add_gap(self._meter.note(len(pairs), at_s))
            self._ring.release(self._meter.n_settled)

    def _add_gap(self, gap: Gap | None) -> None:
        if gap is not None:
            self._pending_gaps.append(gap)
            self.gaps.append(gap)
            self.n_gaps += 1

    def _supervise(self) -> None:
        while not self._ended.is_set():
            worker = _Worker(
                self._driver, lambda pairs, number=self._generation: self._deliver(number, pairs)
            )
            fault = self._watch(worker)
            with self._lock:
                self._generation += 1
                self._is_fresh = True
                self.n_outages += not self._ended.is_set()
                self._fault = fault
            self._ring.wake()
            if worker.has_ended:
                with self._tuning:
                    self._driver.close()
            if not self._ended.is_set():
                self._open_again()
        self._ring.wake()

    def _watch(self, worker: _Worker) -> SourceError | None:
        """Until `worker` has ended, or was left behind; why."""
        with self._lock:
            self._last_s = self._clock.monotonic()
        while not worker.has_ended:
            is_stalled = self._clock.monotonic() - self._last_s > _STALL_S
            if is_stalled or self._ended.is_set():
                worker.stop(_STOP_S, self._ring)
                text = f"{self._info.name}: no samples for {_STALL_S} s"
                return SourceError(text, retry=True) if is_stalled else None
            worker.wait(_POLL_S)
        if worker.crash is not None:
            raise worker.crash
        return worker.fault or SourceError(
            f"{self._info.name}: stopped sending, or was unplugged", retry=True
        )

    def _open_again(self) -> None:
        back_off_s = _FIRST_BACK_OFF_S
        while not self._clock.wait(self._ended, back_off_s):
            back_off_s = min(_MAX_BACK_OFF_S, 2 * back_off_s)
            with self._tuning:
                driver = self._make_driver()
                try:
                    driver.open(self._hop)
                except SourceError as fault:
                    with self._lock:
                        self._fault = fault
                    self._ring.wake()
                    continue
                self._driver = driver
                self._opened_s = self._clock.monotonic()
            return


class _Worker:
    """A thread in `Driver.stream`."""

    def __init__(self, driver: Driver, deliver: Deliver) -> None:
        self._driver = driver
        self._deliver = deliver
        self._done = threading.Event()
        self.fault: SourceError | None = None
        self.crash: BaseException | None = None
        threading.Thread(target=self._run, name="stream", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        return self._done.is_set()

    def wait(self, timeout_s: float) -> None:
        self._done.wait(timeout_s)

    def stop(self, timeout_s: float, ring: SampleRing) -> None:
        """Tell the driver to end until it has, at most `timeout_s`."""
        ring.wake()
        for _ in range(max(1, round(timeout_s / _POLL_S))):
            self._driver.stop()
            if self._done.wait(_POLL_S):
                return

    def _run(self) -> None:
        try:
            self._driver.stream(self._deliver)
        except SourceError as fault:
            self.fault = fault
        except BaseException as crash:  # noqa: BLE001 - handed to the supervisor, which raises it
            self.crash = crash
        finally:
            self._done.set()


def _settings(hop: Hop) -> tuple[float, float, float | None]:
    return hop.center_hz, hop.rate_hz, hop.gain_db
