"""Sensors without receivers: each shows 25 rows a second of noise, a carrier and bursts that move."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.onlookers import Glance, Onlookers
from monitor.sensors import SensorError
from monitor.server.views import (
    BandCoverage,
    BandView,
    HealthView,
    QueueHealth,
    SensorHealth,
    SessionClock,
    StareView,
    VenueName,
)
from sdr.codes import codes
from sdr.lookout import ROW_S, SpectrumRow

N_BINS, RATE_HZ = 1024, 2.4e6
BIN_HZ = RATE_HZ / N_BINS
FLOOR_DB, CARRIER_DB, BURST_DB = -112.0, -75.0, -85.0


class SkySensor:
    """One of them; stands in for `SensorRunner`."""

    def __init__(self, name: str, center_hz: float, venue: str, *, tunable: bool = True) -> None:
        self.name, self.venue, self.center_hz = name, venue, center_hz
        self.tunable = tunable
        self.onlookers = Onlookers()
        self.held: StareView | None = None
        self._rng = np.random.default_rng(int(center_hz) % 1000)
        self._n = 0

    def look(self) -> tuple[Glance, Callable[[], None]]:
        return self.onlookers.add(lambda: None)

    async def stare(self, center_hz: float, seconds: float, actor: str, reason: str) -> StareView:
        if not self.tunable:
            raise SensorError("a recording cannot be tuned: it plays what was recorded")
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        self.held = StareView(center_hz=center_hz, until=until, by=actor, reason=reason)
        return self.held

    async def end_stare(self, _actor: str) -> bool:
        was, self.held = self.held, None
        return was is not None

    @property
    def low_hz(self) -> float:
        return (self.held.center_hz if self.held is not None else self.center_hz) - RATE_HZ / 2

    def row(self) -> SpectrumRow:
        self._n += 1
        db = self._rng.normal(FLOOR_DB, 1.2, N_BINS).astype(np.float32)
        db[600:603] = CARRIER_DB
        if self._n % 75 < 20:
            at = 100 + (self._n // 75 * 97) % 800
            db[at : at + 6] = BURST_DB
        started_at = datetime.now(UTC)
        return SpectrumRow(started_at, ROW_S, self.low_hz, BIN_HZ, codes(db).tobytes())

    def health(self) -> SensorHealth:
        low_hz, high_hz = self.low_hz, self.low_hz + RATE_HZ
        return SensorHealth(
            id=self.name,
            state="ok",
            venue=self.venue,
            last_seen_at=datetime.now(UTC),
            bands=[
                BandCoverage(
                    low_hz=low_hz,
                    high_hz=high_hz,
                    revisit_s=0.0,
                    intercept_100ms=1.0,
                    intercept_1s=1.0,
                    intercept_5s=1.0,
                )
            ],
            unwatched=[BandView(low_hz=24e6, high_hz=low_hz), BandView(low_hz=high_hz, high_hz=1766e6)],
            stare=self.held,
        )


class Sky:
    """All sensors, and the thread that makes their rows while anybody looks."""

    def __init__(self, sensors: Sequence[SkySensor], began_at: datetime) -> None:
        self.sensors = sensors
        self.began_at = began_at
        self.n_made = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Sky:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hush()

    def hush(self) -> None:
        """No more rows: what is shown stays as it is."""
        self._is_over.set()
        self._thread.join(5)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._is_over.is_set():
            for sensor in self.sensors:
                if sensor.onlookers.is_any:
                    sensor.onlookers.show(sensor.row())
                    self.n_made += 1
            due = max(due + ROW_S, time.monotonic() - 1)
            self._is_over.wait(max(0.0, due - time.monotonic()))

    def health(self) -> HealthView:
        now = datetime.now(UTC)
        return HealthView(
            status="ok",
            version="0.1.0",
            started_at=now,
            now=now,
            sensors=[one.health() for one in self.sensors],
            sources=[],
            queue=QueueHealth(),
            venues=[
                VenueName(id="no1", name_en="No. 1 High School", name_zh="第一中学"),
                VenueName(id="no2", name_en="No. 2 High School", name_zh="第二中学"),
            ],
            sessions=[
                SessionClock(
                    exam="2026 高考",
                    session="数学",
                    exam_en="Gaokao 2026",
                    exam_zh="2026 高考",
                    session_en="Mathematics",
                    session_zh="数学",
                    starts_at=now - timedelta(minutes=47),
                    ends_at=now + timedelta(minutes=73),
                    phase="in",
                    venues=["no1"],
                ),
                SessionClock(
                    exam="2026 高考",
                    session="外语",
                    exam_en="Gaokao 2026",
                    exam_zh="2026 高考",
                    session_en="Foreign language",
                    session_zh="外语",
                    starts_at=now + timedelta(minutes=30),
                    ends_at=now + timedelta(minutes=150),
                    phase="before",
                    venues=["no2"],
                ),
            ],
        )
