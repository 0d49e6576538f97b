"""When something was put down, by a clock that nobody sets; and what time that was at the hub.

    edge:  sent_s ─────────┐                ┌───── received_s     seconds since this machine's start
                           └──> hub: at ────┘
    base = at − (sent_s + received_s) / 2        start of the edge's machine, by the hub's clock

So an event waits for days, its machine's clock is stepped by an hour meanwhile, and its time
by the hub's clock still follows: base + boot_s. The answer is wrong by half the round trip
at most, and by what a crystal drifts while the edge is cut off (50 ppm: 4 s a day).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

N_MEASURES = 8
"""Of which the one with the shortest round trip counts: an hour at most, a crystal's drift of 0.2 s."""
LEAST_S = 0.25
"""A smaller offset is the noise of an uplink, and no reason to touch an event."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Stamp:
    at: datetime
    """By the clock that people and NTP set."""
    boot_s: float
    """Since the machine started, time asleep included."""
    boot: str
    """Which start that was."""


Stamper = Callable[[], Stamp]


def machine_stamper() -> Stamper:
    """Stamps of the machine that this process runs on."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""

    def stamp() -> Stamp:
        return Stamp(datetime.now(UTC), time.clock_gettime(time.CLOCK_BOOTTIME), boot)

    return stamp


@dataclass(frozen=True, slots=True)
class _Measure:
    boot: str
    base: datetime
    round_trip_s: float


class HubTime:
    """What the hub's clock shows, as far as questions to the hub have told."""

    def __init__(self) -> None:
        self._measures: deque[_Measure] = deque(maxlen=N_MEASURES)

    def measured(self, sent: Stamp, hub_at: datetime, received: Stamp) -> None:
        """One question: when it was sent, the hub's time in its answer, when that came."""
        middle_s = (sent.boot_s + received.boot_s) / 2
        base = hub_at - timedelta(seconds=middle_s)
        self._measures.append(_Measure(sent.boot, base, received.boot_s - sent.boot_s))

    @property
    def known(self) -> bool:
        return bool(self._measures)

    @property
    def round_trip_s(self) -> float | None:
        return self._best().round_trip_s if self._measures else None

    def now(self, stamp: Stamp) -> datetime:
        """The hub's time at `stamp`, which is of this start of the machine."""
        return self._best().base + timedelta(seconds=stamp.boot_s)

    def correction_s(self, stamp: Stamp, now: Stamp) -> float:
        """Seconds to add to times that were read off the edge's clock at `stamp`, to have the hub's.

        What was put down before the machine last started is corrected by what its clock is off `now`.
        """
        seen = stamp if stamp.boot == self._best().boot else now
        offset_s = (self.now(seen) - seen.at).total_seconds()
        return offset_s if abs(offset_s) > max(LEAST_S, self._best().round_trip_s / 2) else 0.0

    def _best(self) -> _Measure:
        return min(self._measures, key=lambda measure: measure.round_trip_s)
