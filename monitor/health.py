"""How the daemon is: put together from what its parts know of themselves. Pure but for asking them.

A quiet screen must differ from a dead sensor: whatever does not work, or has not been
heard of for too long, degrades the whole and says so in one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from monitor.clock import Clock
from monitor.pipeline import PipelineCounts
from monitor.queue import QueueStats
from monitor.server.views import HealthView, QueueHealth, SensorHealth, SessionClock, SourceHealth, VenueName
from monitor.timetable import Timetable

SILENT = timedelta(seconds=10)
"""A sensor delivers a block every 0.1 to 1 s, also amid a sweep."""
AHEAD = timedelta(hours=24)
"""Which sessions a person on duty wants to see."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Where health is asked for."""

    sensors: Callable[[], Iterable[SensorHealth]]
    sources: Callable[[], Iterable[SourceHealth]]
    queue: Callable[[], QueueStats]
    pipeline: PipelineCounts
    emissions_dropped: Callable[[], dict[str, int]]
    timetable: Timetable
    far_sensors: Callable[[], Iterable[SensorHealth]] = tuple
    far_sources: Callable[[], Iterable[SourceHealth]] = tuple
    """Of the edges, which judge them themselves."""
    far_waiting: Callable[[], int] = int
    """What edges sent and is not stored yet."""


class Health:
    """The view of health at any instant."""

    def __init__(self, parts: Parts, clock: Clock, version: str) -> None:
        self._parts = parts
        self._clock = clock
        self._version = version
        self._started_at = clock.now()

    def view(self) -> HealthView:
        now = self._clock.now()
        sensors = [_judged(sensor, now) for sensor in self._parts.sensors()] + [*self._parts.far_sensors()]
        sources = [*self._parts.sources(), *self._parts.far_sources()]
        queue = self._queue(now)
        failing = [part for part in (*sensors, *sources) if part.state in ("failed", "silent")]
        degraded = bool(failing) or self._parts.pipeline.error is not None or bool(queue.n_dropped)
        return HealthView(
            status="degraded" if degraded else "ok",
            version=self._version,
            started_at=self._started_at,
            now=now,
            sensors=sensors,
            sources=sources,
            queue=queue,
            sessions=session_clocks(self._parts.timetable, now),
            venues=[
                VenueName(id=one, name_en=name.en, name_zh=name.zh)
                for one, name in self._parts.timetable.venues.items()
            ],
        )

    def _queue(self, now: datetime) -> QueueHealth:
        stats = self._parts.queue()
        since = self._parts.pipeline.failing_since
        oldest_s = (now - since).total_seconds() if since is not None and stats.n_waiting else 0.0
        return QueueHealth(
            n_waiting=stats.n_waiting + self._parts.far_waiting(),
            oldest_s=oldest_s,
            n_dropped=self._parts.emissions_dropped(),
        )


def session_clocks(timetable: Timetable, now: datetime) -> list[SessionClock]:
    """The sessions of the day around `now`, and the next one however far away."""
    ahead = [session for session in timetable.sessions if session.ends_at > now]
    near = [
        session
        for session in timetable.sessions
        if session in ahead[:1] or (session.ends_at > now - AHEAD and session.starts_at < now + AHEAD)
    ]
    return [
        SessionClock(
            exam=session.exam,
            session=session.id,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            phase=session.phase(now),
            venues=list(session.venues),
            exam_en=timetable.exam_name(session.exam).en,
            exam_zh=timetable.exam_name(session.exam).zh,
            session_en=session.name.en,
            session_zh=session.name.zh,
        )
        for session in near
    ]


def _judged(sensor: SensorHealth, now: datetime) -> SensorHealth:
    silent = sensor.last_seen_at is not None and now - sensor.last_seen_at > SILENT
    if sensor.state == "ok" and silent:
        return msgspec.structs.replace(sensor, state="silent", error="no samples come")
    return sensor
