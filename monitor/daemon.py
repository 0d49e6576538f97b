"""The daemon's inside: every part, wired in one place, in one task group. What it stands on is handed in.

sensors ──Heard────┐
                   ├─> intake ─> queue ─> pipeline ─> store ─> console
sources ─Document──┘     │
                     timetable, rules, band plan
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from importlib.metadata import version

import structlog

from crawlers.document import Document
from monitor.chores import forget_daily, let_go_daily
from monitor.config import Setup
from monitor.crawling import Crawling
from monitor.deadman import keep_alive
from monitor.doors import Doors
from monitor.drill.desk import DrillDesk, DrillDoors
from monitor.evidencekeeping import Bounds, tidy_hourly
from monitor.health import Health, Parts
from monitor.healthpart import is_of_hub
from monitor.healthwatch import LOOK_S, ClockWatch, HealthWatch
from monitor.intake import Heard, Intake
from monitor.link.across import Across, longest_s
from monitor.pipeline import Pipeline
from monitor.proof import prove
from monitor.raising import RADIO_HOLD
from monitor.ruledesk.desk import WATCH_S, RuleDesk
from monitor.ruledesk.load import DayLoad
from monitor.ruledesk.opening import open_rules
from monitor.sensors import SensorRunner
from monitor.server.spectrum import coverage
from monitor.sessions import SessionWatch, longest_poll_s
from monitor.shots import ShotDesk
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError
from monitor.topicdesk import TopicDesk
from monitor.watchedparts import WatchedParts

ACTOR = "daemon"
log = structlog.get_logger()
CHANNELS_KNOWN = timedelta(days=1)
"""So long a sender keeps the channel name of its last alert over a restart."""


class Daemon:
    """Runs until it is cancelled. A failing part is told in `health`; a mistake of ours ends it all."""

    def __init__(self, setup: Setup, doors: Doors, look_s: float = LOOK_S, watch_s: float = WATCH_S) -> None:
        self._doors = doors
        self.notify = doors.notify
        self._look_s = look_s
        self._watch_s = watch_s
        clock, timetable = doors.clock, setup.timetable
        book, shelf = open_rules(setup.rules, setup.exemptions, setup.rule_files, setup.config.data_dir)
        memory = setup.config.data_dir / "rules" / "correlations.json"
        kept = setup.config.evidence
        self._bounds = Bounds(
            timedelta(days=kept.days),
            timedelta(hours=kept.unalerted_hours),
            timedelta(days=kept.photo_days),
            round(kept.max_gb * 1e9),
        )
        self._plan, self._timetable = setup.bandplan, timetable
        self._kept = setup.config.retention.kept
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
        self._across = (
            Across(doors.book, book, lambda: longest_s(book.edition.rules), doors.queue, clock)
            if doors.hub is not None
            else None
        )
        self.topics = TopicDesk(setup.config.data_dir / "topics.json", doors.queue, clock)
        named = {source.id: source.named_hosts() for source in setup.sources}
        self.drills = (
            DrillDesk(
                DrillDoors(
                    doors.open_drill,
                    self.intake.emission,
                    self.intake.document,
                    doors.book,
                    clock,
                    setup.config.drill_dir,
                ),
                setup.test_signals,
                self._leads,
            )
            if doors.open_drill is not None
            else None
        )
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
            doors.crew,
        )
        self._sessions = SessionWatch(timetable, doors.schedule, clock, self._lead_book, self.crawling.hurry)
        parts = Parts(
            sensors=lambda: [runner.health() for runner in self.sensors],
            sources=lambda: [status.health() for status in self.crawling.statuses.values()],
            queue=doors.queue.stats,
            pipeline=self.pipeline.counts,
            emissions_dropped=self.n_dropped,
            timetable=timetable,
            far_sensors=doors.hub.sensors if doors.hub is not None else tuple,
            far_sources=doors.hub.sources if doors.hub is not None else tuple,
            far_waiting=doors.hub.n_waiting if doors.hub is not None else int,
        )
        self.health = Health(parts, clock, version("examwatch"))
        self._watched = watched = WatchedParts(
            doors,
            self.health.view,
            frozenset(sensor.id for sensor in setup.config.sensors),
            self.crawling,
            self.drills,
            [one.id for one in setup.habits.departments],
            setup.config.data_dir,
            ClockWatch(clock),
        )
        self._watch = HealthWatch(watched.all, doors.queue, clock, watched.asked)
        self._own_watch: HealthWatch | None = None
        if doors.leading is not None:
            self._watch = HealthWatch(watched.shared, doors.queue, clock, watched.asked, watched.is_shared)
            self._own_watch = HealthWatch(
                watched.own, doors.queue, clock, is_mine=lambda kind, id: is_of_hub(kind, id, doors.node)
            )

    def _leads(self) -> bool:
        return self._doors.leading is None or self._doors.leading.leadership.leads

    @property
    def _lead_book(self) -> StoreBook:
        return self._doors.book if self._doors.leading is None else self._doors.leading.book

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

    def _failed_sources(self) -> list[str]:
        return [one.id for one in self.crawling.statuses.values() if one.health().state == "failed"]

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
        edge, hub, leading = self._doors.edge, self._doors.hub, self._doors.leading
        if leading is not None:
            await leading.leadership.look()
        if self._leads():
            # Before what the queue still holds is stored: that is news.
            await self._open_desks()
        if edge is None:
            while await self.pipeline.step(0.0):
                pass
            await (self._own_watch or self._watch).take_over(self._doors.book)
        if hub is not None:
            # The edges' runs go on while the hub's does not.
            await hub.open()
        else:
            await self._doors.book.end_abandoned(began_at, RADIO_HOLD)
        record = self._doors.book if edge is None else edge.outbox
        for place, channel in await record.radio_channels(began_at - CHANNELS_KNOWN):
            self.intake.air.remember(place, channel)
        await self.rules.open()
        await self._doors.book.record(ACTOR, "daemon.started", version("examwatch"), {})

    async def _open_desks(self) -> None:
        if self._doors.notify is not None:
            await self._doors.notify.open()
        if self._doors.escalation is not None:
            await self._doors.escalation.open()

    async def run(self) -> None:
        doors = self._doors
        async with asyncio.TaskGroup() as group:
            if doors.edge is None:
                group.create_task(self.pipeline.run(), name="pipeline")
                if self._own_watch is not None:
                    group.create_task(self._own_watch.run(self._look_s), name="health watch")
            else:
                group.create_task(doors.edge.run(self.health.view, self._watched.all), name="edge")
            if doors.hub is not None:
                group.create_task(doors.hub.run(), name="hub")
            group.create_task(self.crawling.run(), name="crawling")
            group.create_task(self.rules.run(self._watch_s), name="rules")
            group.create_task(self.topics.run(), name="topics")
            if doors.fleet is not None:
                group.create_task(doors.fleet.desk.run(), name="fleet")
            if self.drills is not None:
                group.create_task(self.drills.run(), name="drills")
            if self.shots is not None:
                group.create_task(self.shots.run(), name="screenshots")
            group.create_task(forget_daily(doors.forget, doors.clock), name="forget")
            for runner in self.sensors:
                group.create_task(runner.run(), name=f"sensor {runner.status.id}")
            if doors.leading is None:
                group.create_task(self._duties(), name="duties")
            else:
                group.create_task(doors.leading.leadership.run(self._take_over), name="leadership")

    async def _take_over(self) -> None:
        """The duties of the hub that leads, once it knows again how far the last one had come."""
        while True:
            try:
                await self._open_desks()
                await self._watch.take_over(self._doors.book)
            except StoreError as error:
                log.error("what the last leader left cannot be taken up", error=str(error))
                await self._doors.clock.sleep(self._look_s)
            else:
                break
        await self._duties()

    async def _duties(self) -> None:
        """What one process does for the whole installation, and no second one."""
        doors, book = self._doors, self._lead_book
        record = doors.book if doors.edge is None else doors.edge.outbox
        async with asyncio.TaskGroup() as group:
            if doors.edge is None:
                group.create_task(self._watch.run(self._look_s), name="health watch")
            group.create_task(self._sessions.run(), name="sessions")
            group.create_task(
                prove(
                    lambda: coverage(self.health.view().sensors, self._plan),
                    self._failed_sources,
                    self._timetable,
                    book,
                    doors.clock,
                ),
                name="proof of coverage",
            )
            if self._across is not None:
                group.create_task(self._across.run(), name="correlations over edges")
            for keeper, every_s in doors.heads:
                group.create_task(keeper.run(every_s), name="audit heads")
            if doors.ping is not None:
                group.create_task(
                    keep_alive(doors.ping, self._is_well, doors.ping_s, doors.clock), name="dead-man ping"
                )
            if doors.notify is not None:
                group.create_task(doors.notify.run(), name="notify")
            if doors.escalation is not None:
                group.create_task(doors.escalation.run(), name="escalation")
            group.create_task(
                tidy_hourly(doors.evidence.root, self._bounds, book, doors.clock, record.carried),
                name="evidence",
            )
            group.create_task(let_go_daily(book, self._kept, doors.clock), name="retention")
