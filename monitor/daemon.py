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
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

import structlog

from crawlers.crew import Crew
from crawlers.document import Document
from crawlers.render.chromium import Renderer
from monitor.case.reader import CaseReader
from monitor.chores import forget_daily, let_go_daily
from monitor.clock import Clock
from monitor.config import Sensor, Setup
from monitor.crawling import Crawling, Poller
from monitor.deadman import Ping, keep_alive
from monitor.drill.desk import DrillDesk, DrillDoors
from monitor.duty.desk import EscalationDesk
from monitor.evidence import EvidenceStore
from monitor.evidencekeeping import Bounds, tidy_hourly
from monitor.fleet.service import FleetDesks
from monitor.heads import HeadKeeper
from monitor.health import Health, Parts
from monitor.healthpart import OF_EACH_HUB, is_of_hub, of_hub
from monitor.healthwatch import (
    LOOK_S,
    ClockWatch,
    HealthWatch,
    Part,
    case_parts,
    chain_part,
    disk_part,
    duty_parts,
    heads_part,
    leases_part,
    messages_part,
    queue_part,
    receiver_part,
    sensor_part,
    source_part,
    times_part,
)
from monitor.intake import RADIO_HOLD, Heard, Intake
from monitor.leading import Leading
from monitor.link.across import Across, longest_s
from monitor.link.edge import Edge
from monitor.link.hub import Hub
from monitor.notify.desk import NotifyDesk
from monitor.pipeline import Pipeline
from monitor.proof import prove
from monitor.queue import AlertQueue
from monitor.ruledesk.desk import WATCH_S, RuleDesk, open_rules
from monitor.ruledesk.load import DayLoad
from monitor.schedule import Schedule
from monitor.sensors import Open, SensorRunner
from monitor.server.spectrum import coverage
from monitor.sessions import SessionWatch, longest_poll_s
from monitor.shots import ShotDesk
from monitor.sourcedesk import SourceDesk
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError
from monitor.store.partitions import n_strays
from monitor.topicdesk import TopicDesk

ACTOR = "daemon"
log = structlog.get_logger()
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
    crew: Crew | None = None
    """Tells which sources are ours to poll, where several crawlers share them."""
    notify: NotifyDesk | None = None
    """Tells people, where the configuration says whom."""
    escalation: EscalationDesk | None = None
    """Tells the next, where nobody has seen an alert."""
    open_drill: Callable[[str, str | None, Path], Open] | None = None
    """A sensor of a drill's own: its name, venue, world. None: no drills here."""
    heads: Sequence[tuple[HeadKeeper, float]] = ()
    """Keep heads of the audit chain elsewhere, each so often, in seconds."""
    fleet: FleetDesks | None = None
    """Looks after the nodes that belong to this installation."""
    ping: Ping | None = None
    """Tells somebody outside that all goes well."""
    ping_s: float = 60.0
    disk: Callable[[Path], tuple[int, int]] = disk_space
    """Bytes in all, and free, where a folder lies."""
    sources: SourceDesk | None = None
    """What the console asks about sources."""
    renderer: Renderer | None = None
    """Pictures the pages of posts that raised an alert, where there is a browser."""
    edge: Edge | None = None
    """Carries what is raised to a hub, which stores and tells it; then `queue` is its outbox."""
    hub: Hub | None = None
    """Takes what edges raise."""
    leading: Leading | None = None
    """Where there may be several hubs: what one of them does alone. `notify`, `escalation` and `heads` write
    to its book."""
    node: str = ""
    """Which of several hubs this is."""


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
        self._clock_watch = ClockWatch(clock)
        self._data_dir = setup.config.data_dir
        self._watch = HealthWatch(self._parts, doors.queue, clock, self._asked_parts)
        self._own_watch: HealthWatch | None = None
        if doors.leading is not None:
            self._watch = HealthWatch(
                self._shared_parts, doors.queue, clock, self._asked_parts, self._is_shared
            )
            self._own_watch = HealthWatch(
                self._own_parts, doors.queue, clock, is_mine=lambda kind, id: is_of_hub(kind, id, doors.node)
            )

    def _leads(self) -> bool:
        return self._doors.leading is None or self._doors.leading.leadership.leads

    @property
    def _lead_book(self) -> StoreBook:
        return self._doors.book if self._doors.leading is None else self._doors.leading.book

    def _own_parts(self) -> list[Part]:
        """What each of several hubs tells of itself."""
        node = self._doors.node
        return [of_hub(part, node) for part in self._parts() if not self._is_shared(part.kind, part.id)]

    def _shared_parts(self) -> list[Part]:
        """What the hub that leads tells for all."""
        return [part for part in self._parts() if self._is_shared(part.kind, part.id)]

    def _is_shared(self, kind: str, id: str) -> bool:
        edges = () if self._doors.hub is None else self._doors.hub.nodes.known
        return kind not in OF_EACH_HUB or id.partition(":")[0] in edges

    def _parts(self) -> list[Part]:
        doors, mine = self._doors, {runner.status.id for runner in self.sensors}
        stats = doors.queue.stats()
        sensors = [sensor for sensor in self.health.view().sensors if sensor.id in mine]
        return [
            *map(sensor_part, sensors),
            *map(receiver_part, sensors),
            *map(source_part, self.crawling.statuses.values()),
            self._clock_watch.part(),
            # An outbox counts bytes, and tells of them in its own report.
            *(() if doors.edge is not None else (queue_part(stats.n_waiting, stats.capacity),)),
            *(() if self.drills is None else map(chain_part, self.drills.chains)),
            *(() if doors.crew is None else (leases_part(doors.crew),)),
            *(() if doors.fleet is None else doors.fleet.desk.parts()),
            disk_part(str(self._data_dir), *doors.disk(self._data_dir)),
            *(heads_part(keeper) for keeper, _ in doors.heads),
            *(() if doors.notify is None else (messages_part(*one) for one in doors.notify.receivers())),
            *(() if doors.hub is None else doors.hub.parts()),
        ]

    async def _asked_parts(self) -> list[Part]:
        reader = CaseReader(self._doors.book.store.reader)
        late = await self._doors.book.read(partial(reader.late, self._doors.clock.now()))
        parts = case_parts(late, self._departments)
        parts.append(
            times_part(await self._doors.book.read(partial(n_strays, self._doors.book.store.reader)))
        )
        desk = self._doors.escalation
        if desk is not None:
            missed = [f"{one.fingerprint} ({one.n_step + 1})" for one in await desk.missed()]
            exhausted = [one.fingerprint for one in await desk.exhausted()]
            parts += duty_parts(desk.departments, desk.unmanned(), missed, exhausted)
        return parts

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
                group.create_task(doors.edge.run(self.health.view, self._parts), name="edge")
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
