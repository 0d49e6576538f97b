"""Runs the sensors: one thread each, their emissions handed to the event loop, restarted when they fail.

    thread: worker.run ──heard──> [ mailbox, bounded ] ──> task: intake.emission

The thread never waits for the loop: what does not fit into the mailbox is dropped and counted.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from monitor.backoff import LONGEST_S, Backoff
from monitor.clock import Clock
from monitor.earphone import Ear, Earphone, ListenMode
from monitor.intake import Heard
from monitor.onlookers import Glance, Onlookers
from monitor.queue import QueueError
from monitor.server.views import BandCoverage, BandView, Note, PartState, SensorHealth, StareView
from sdr.lookout import SpectrumRow

MAILBOX = 4096
"""Emissions of several minutes at the worst site measured; more means that nothing is being stored."""
STOP_S = 3.0
"""A read of a dongle returns within 0.1 s; what takes longer hangs, and the process ends without it."""

log = structlog.get_logger()


class SensorError(Exception):
    """The sensor's source failed, said in one line; ``retry`` if it may work later by itself."""

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class TooOldError(SensorError):
    """The sensor's edge is of an earlier version, which cannot do what was asked."""


class CutOffError(SensorError):
    """The sensor's edge does not answer."""


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """What a sensor's thread knows of itself while it runs."""

    last_block_at: datetime | None = None
    n_dropped: int = 0
    """Samples that were lost."""
    bands: tuple[BandCoverage, ...] = ()
    unwatched: tuple[tuple[float, float], ...] = ()
    """Low and high in Hz of what a receiver could tune to and this one does not hear."""
    notes: tuple[Note, ...] = ()
    """What is odd about the receiver itself."""
    staring: tuple[float, float] | None = None
    """Low and high in Hz of where it is held, away from its plan."""


class Worker(Protocol):
    """Reads one source until its end; lives in a thread of its own."""

    def run(self) -> None:
        """Blocks. Raises `SensorError` when the source fails; returns at its end, or after `stop`."""
        ...

    def stop(self) -> None:
        """From any thread, at any time."""
        ...

    def stats(self) -> WorkerStats: ...

    def listen(self, channel_hz: float, mode: ListenMode) -> Ear:
        """Sound of a channel from now on, while the receiver stands on it; from any thread."""
        ...

    def show_rows(self, sink: Callable[[SpectrumRow], None] | None) -> None:
        """Hand rows of the spectrum to `sink` from now on, None: to nobody; from any thread."""
        ...

    def stare(self, center_hz: float, until: datetime) -> None:
        """Leave the plan for a frequency until `until`; from any thread. Raises `SensorError`."""
        ...

    def end_stare(self) -> None: ...


Open = Callable[[Callable[[Heard], None]], Worker]
"""Makes a worker that calls its argument, in its own thread, for each emission. May raise `SensorError`."""


@dataclass(slots=True)
class SensorStatus:
    id: str
    venue: str | None
    state: PartState = "starting"
    error: str | None = None
    n_failures: int = 0
    n_emissions: int = 0
    n_dropped: Counter[str] = field(default_factory=Counter[str])
    """Emissions, by reason."""


class SensorRunner:
    """One sensor, for as long as the daemon runs."""

    def __init__(
        self,
        sensor_id: str,
        venue: str | None,
        open_worker: Open,
        take: Callable[[Heard], Awaitable[object]],
        clock: Clock,
        mailbox: int = MAILBOX,
        stop_s: float = STOP_S,
    ) -> None:
        self.status = SensorStatus(sensor_id, venue)
        self._open = open_worker
        self._take = take
        self._clock = clock
        self._capacity = mailbox
        self._stop_s = stop_s
        self._mail: deque[Heard] = deque()
        self._came = asyncio.Event()
        self._worker: Worker | None = None
        self._onlookers = Onlookers()
        self._stare: StareView | None = None

    @property
    def venue(self) -> str | None:
        return self.status.venue

    def look(self) -> tuple[Glance, Callable[[], None]]:
        """Rows of the spectrum from now on, over restarts of the worker, and what ends that. In the loop."""
        return self._onlookers.add(self._show_rows)

    def _show_rows(self) -> None:
        worker = self._worker
        if worker is not None:
            worker.show_rows(self._onlookers.show if self._onlookers.is_any else None)

    async def stare(self, center_hz: float, seconds: float, actor: str, reason: str) -> StareView:
        """Hold the sensor at a frequency for so long. Raises `SensorError` if it cannot be."""
        worker = self._worker
        if worker is None:
            raise SensorError(self.status.error or "the sensor gives no samples now")
        until = self._clock.now() + timedelta(seconds=seconds)
        worker.stare(center_hz, until)
        self._stare = StareView(center_hz=center_hz, until=until, by=actor, reason=reason)
        return self._stare

    async def end_stare(self, _actor: str) -> bool:
        """Let it go on as planned; false where it did so already."""
        worker, stare = self._worker, self._stare
        self._stare = None
        if worker is None or stare is None or worker.stats().staring is None:
            return False
        worker.end_stare()
        return True

    async def listen(self, channel_hz: float, mode: ListenMode, _actor: str) -> Earphone:
        """Sound of a channel. Raises `SensorError` if the sensor gives none now."""
        worker = self._worker
        if worker is None:
            raise SensorError(self.status.error or "the sensor gives no samples now")
        return Earphone(worker.listen(channel_hz, mode))

    async def run(self) -> None:
        """Until cancelled. A source that ends is ended; one that fails is tried again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliver(), name=f"deliver {self.status.id}")
            group.create_task(self._keep_listening(), name=f"listen {self.status.id}")

    async def _keep_listening(self) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._listen_once()
            except SensorError as error:
                self._failed(str(error))
                await self._clock.sleep(backoff.next_s() if error.retry else LONGEST_S)
            else:
                self.status.state = "ended"
                log.info("sensor ended", sensor=self.status.id)
                return

    async def _listen_once(self) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        stopping = threading.Event()

        def post(heard: Heard) -> None:
            loop.call_soon_threadsafe(self._receive, heard)

        def body() -> None:
            failure: BaseException | None = None
            try:
                worker = self._open(post)
                self._worker = worker
                # Set first, asked second: whoever begins to look meanwhile is seen by one of the two.
                if self._onlookers.is_any:
                    self._show_rows()
                if not stopping.is_set():
                    loop.call_soon_threadsafe(self._listening)
                    worker.run()
            except BaseException as error:  # noqa: BLE001 - carried to the loop, where it is raised
                failure = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, done, failure)

        # A daemon thread: one that hangs in a driver must not keep the process.
        thread = threading.Thread(target=body, name=f"sensor-{self.status.id}", daemon=True)
        thread.start()
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            stopping.set()
            if self._worker is not None:
                self._worker.stop()
            await asyncio.wait([done], timeout=self._stop_s)
            raise
        finally:
            self._worker = None

    def _listening(self) -> None:
        if self.status.state == "failed":
            log.info("sensor works again", sensor=self.status.id)
        self.status.state = "ok"
        self.status.error = None

    def _receive(self, heard: Heard) -> None:
        if len(self._mail) >= self._capacity:
            self.status.n_dropped["mailbox full"] += 1
            return
        self._mail.append(heard)
        self._came.set()

    async def _deliver(self) -> None:
        backoff = Backoff()
        while True:
            while self._mail:
                try:
                    await self._take(self._mail[0])
                except QueueError as error:
                    log.error(
                        "an emission waits for the alert queue", sensor=self.status.id, error=str(error)
                    )
                    await self._clock.sleep(backoff.next_s())
                    continue
                backoff.reset()
                self._mail.popleft()
                self.status.n_emissions += 1
            self._came.clear()
            await self._came.wait()

    def _failed(self, message: str) -> None:
        if message != self.status.error:
            log.warning("sensor failed", sensor=self.status.id, error=message)
        self.status.state = "failed"
        self.status.error = message
        self.status.n_failures += 1

    def health(self) -> SensorHealth:
        worker = self._worker
        stats = worker.stats() if worker is not None else WorkerStats()
        return SensorHealth(
            id=self.status.id,
            state=self.status.state,
            venue=self.status.venue,
            last_seen_at=stats.last_block_at,
            error=self.status.error,
            n_emissions=self.status.n_emissions,
            n_dropped=self.status.n_dropped.total(),
            n_samples_lost=stats.n_dropped,
            bands=list(stats.bands),
            unwatched=[BandView(low_hz=low_hz, high_hz=high_hz) for low_hz, high_hz in stats.unwatched],
            notes=list(stats.notes),
            stare=self._stare if stats.staring is not None else None,
        )


def _settle(done: asyncio.Future[None], failure: BaseException | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
