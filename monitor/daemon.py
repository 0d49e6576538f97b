"""The daemon's inside: every part, wired in one place, in one task group. What it stands on is handed in.

sensors ──Heard────┐
                   ├─> intake ─> queue ─> pipeline ─> store ─> console
sources ─Document──┘     │
                     timetable, rules, band plan
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

from crawlers.document import Document
from crawlers.render.chromium import Renderer
from monitor.case.reader import CaseReader
from monitor.chores import forget_daily
from monitor.clock import Clock
from monitor.config import Sensor, Setup
from monitor.crawling import Crawling, Poller
from monitor.deadman import Ping, keep_alive
from monitor.evidence import EvidenceStore
from monitor.evidencekeeping import Bounds, tidy_hourly
from monitor.heads import HeadKeeper
from monitor.health import Health, Parts
from monitor.healthwatch import (
    LOOK_S,
    HealthWatch,
    Part,
    case_parts,
    disk_part,
    heads_part,
    messages_part,
    receiver_part,
    sensor_part,
    source_part,
)
from monitor.intake import RADIO_HOLD, Heard, Intake
from monitor.notify.desk import NotifyDesk
from monitor.pipeline import Pipeline
from monitor.queue import AlertQueue
from monitor.ruledesk.desk import WATCH_S, RuleDesk, open_rules
from monitor.ruledesk.load import DayLoad
from monitor.schedule import Schedule
from monitor.sensors import Open, SensorRunner
from monitor.sessions import SessionWatch, longest_poll_s
from monitor.shots import ShotDesk
from monitor.sourcedesk import SourceDesk
from monitor.store.book import StoreBook
from monitor.topicdesk import TopicDesk

ACTOR = "daemon"
CHANNELS_KNOWN = timedelta(days=1)
"""So long a sender keeps the channel name of its last alert over a restart."""


def disk_space(folder: Path) -> tuple[int, int]:
    space = shutil.disk_usage(folder)
    return space.total, space.free


@dataclass(frozen=True, slots=True)
class Doors:
    """What the daemon reaches the world through; a test hands in its own."""

    clock: Clock
    schedule: Schedule
    queue: AlertQueue
    book: StoreBook
    evidence: EvidenceStore
    poller: Poller
    open_sensor: Callable[[Sensor], Open]
    forget: Callable[[datetime], Awaitable[int]]
    """Lets the crawler's memory go of what is older."""
    notify: NotifyDesk | None = None
    """Tells people, where the configuration says whom."""
    heads: HeadKeeper | None = None
    """Keeps heads of the audit chain elsewhere."""
    heads_s: float = 600.0
    ping: Ping | None = None
    """Tells somebody outside that all goes well."""
    ping_s: float = 60.0
    disk: Callable[[Path], tuple[int, int]] = disk_space
    """Bytes in all, and free, where a folder lies."""
    sources: SourceDesk | None = None
    """What the console asks about sources."""
    renderer: Renderer | None = None
    """Pictures the pages of posts that raised an alert, where there is a browser."""


class Daemon:
    """Runs until it is cancelled. A failing part is told in `health`; a mistake of ours ends it all."""

    def __init__(self, setup: Setup, doors: Doors, look_s: float = LOOK_S, watch_s: float = WATCH_S) -> None:
        self._doors = doors
        self.notify = doors.notify
        self._look_s = look_s
        self._departments = [one.id for one in setup.habits.departments]
        self._watch_s = watch_s
        clock, timetable = doors.clock, setup.timetable
        book, shelf = open_rules(setup.rules, setup.exemptions, setup.rule_files, setup.config.data_dir)
        memory = setup.config.data_dir / "rules" / "correlations.json"
        kept = setup.config.evidence
        self._bounds = Bounds(
            timedelta(days=kept.days), timedelta(hours=kept.unalerted_hours), round(kept.max_gb * 1e9)
        )
        self._load = DayLoad(len(setup.config.sensors), timetable.zone)
        self.rules = RuleDesk(
            book, setup.rule_files, shelf, memory, doors.book, clock, self._load, timetable.venues
        )
        self.intake = Intake(
            book,
            timetable,
            setup.bandplan,
            doors.queue,
            doors.evidence,
            setup.bank.match if setup.bank is not None else None,
        )
        self.topics = TopicDesk(setup.config.data_dir / "topics.json", doors.queue, clock)
        named = {source.id: source.named_hosts() for source in setup.sources}
        self.shots = (
            ShotDesk(doors.renderer, named.__getitem__, doors.evidence, doors.queue, clock)
            if doors.renderer is not None
            else None
        )
        self.pipeline = Pipeline(doors.queue, doors.book, clock)
        self.sensors = [
            SensorRunner(sensor.id, sensor.venue, doors.open_sensor(sensor), self._emission, clock)
            for sensor in setup.config.sensors
        ]
        self.crawling = Crawling(
            doors.poller,
            self._document,
            doors.schedule,
            clock,
            lambda: longest_poll_s(timetable, clock.now()),
        )
        self._sessions = SessionWatch(timetable, doors.schedule, clock, doors.book, self.crawling.hurry)
        parts = Parts(
            sensors=lambda: [runner.health() for runner in self.sensors],
            sources=lambda: [status.health() for status in self.crawling.statuses.values()],
            queue=doors.queue.stats,
            pipeline=self.pipeline.counts,
            emissions_dropped=self.n_dropped,
            timetable=timetable,
        )
        self.health = Health(parts, clock, version("examwatch"))
        self._watch = HealthWatch(
            lambda: [
                *(sensor_part(sensor) for sensor in self.health.view().sensors),
                *(receiver_part(sensor) for sensor in self.health.view().sensors),
                *(source_part(status) for status in self.crawling.statuses.values()),
                disk_part(str(setup.config.data_dir), *doors.disk(setup.config.data_dir)),
                *(() if doors.heads is None else (heads_part(doors.heads),)),
                *(() if doors.notify is None else (messages_part(*one) for one in doors.notify.receivers())),
            ],
            doors.queue,
            clock,
            self._late_cases,
        )

    async def _late_cases(self) -> list[Part]:
        reader = CaseReader(self._doors.book.store.reader)
        late = await self._doors.book.read(partial(reader.late, self._doors.clock.now()))
        return case_parts(late, self._departments)

    async def _emission(self, heard: Heard) -> None:
        self._load.raised(await self.intake.emission(heard), self.rules.edition.rules)

    async def _document(self, document: Document) -> None:
        self._load.post(document.fetched_at)
        alerts = await self.intake.document(document)
        self._load.raised(alerts, self.rules.edition.rules)
        await self.topics.note(document, alerts)
        if alerts:
            await self._doors.book.keep_personal(document)
        if self.shots is not None:
            self.shots.ask(document, alerts)

    def _is_well(self) -> bool:
        return self.pipeline.counts.error is None

    def n_dropped(self) -> dict[str, int]:
        """Emissions that never reached intake, by reason."""
        total: Counter[str] = Counter()
        for runner in self.sensors:
            total.update(runner.status.n_dropped)
        return dict(total)

    async def recover(self) -> None:
        """Finish what the last run left: store what it raised, end what it can no longer end.

        Raises
        ------
        StoreError, QueueError
            If the disk fails already now.
        """
        began_at = self._doors.clock.now()
        if self._doors.notify is not None:
            # Before what the queue still holds is stored: that is news.
            await self._doors.notify.open()
        while await self.pipeline.step(0.0):
            pass
        await self._doors.book.end_abandoned(began_at, RADIO_HOLD)
        await self._watch.take_over(self._doors.book)
        for place, channel in await self._doors.book.radio_channels(began_at - CHANNELS_KNOWN):
            self.intake.air.remember(place, channel)
        await self.rules.open()
        await self._doors.book.record(ACTOR, "daemon.started", version("examwatch"), {})

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pipeline.run(), name="pipeline")
            group.create_task(self.crawling.run(), name="crawling")
            group.create_task(self._sessions.run(), name="sessions")
            group.create_task(self.rules.run(self._watch_s), name="rules")
            group.create_task(self.topics.run(), name="topics")
            if self._doors.heads is not None:
                group.create_task(self._doors.heads.run(self._doors.heads_s), name="audit heads")
            if self._doors.ping is not None:
                group.create_task(
                    keep_alive(self._doors.ping, self._is_well, self._doors.ping_s, self._doors.clock),
                    name="dead-man ping",
                )
            if self._doors.notify is not None:
                group.create_task(self._doors.notify.run(), name="notify")
            if self.shots is not None:
                group.create_task(self.shots.run(), name="screenshots")
            group.create_task(self._watch.run(self._look_s), name="health watch")
            group.create_task(
                tidy_hourly(self._doors.evidence.root, self._bounds, self._doors.book, self._doors.clock),
                name="evidence",
            )
            group.create_task(forget_daily(self._doors.forget, self._doors.clock), name="forget")
            for runner in self.sensors:
                group.create_task(runner.run(), name=f"sensor {runner.status.id}")
