"""One process, whole: opens the doors of a configuration, runs the daemon behind them, closes them.

doors are opened downwards and closed upwards:
demo's web ─> queue, store ─> crawler's memory, client ─> schedule ─> daemon ─> HTTP server
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from socket import gethostname

import structlog

from crawlers.archive import WarcArchive
from crawlers.clock import Clock as CrawlClock
from crawlers.commons import Commons, open_commons
from crawlers.config import build_sources
from crawlers.crawler import Crawler
from crawlers.errors import CrawlError
from crawlers.extract.image.reader import OcrReader
from crawlers.fetch import HttpClient
from crawlers.polite import PoliteClient
from crawlers.render.chromium import Chromium
from crawlers.secrets import read_line
from crawlers.source.base import Source
from crawlers.source.tips import TipsConfig
from crawlers.stored import Place
from crawlers.tips.app import TipLimits, tips_app
from crawlers.tips.box import TipBox
from crawlers.workshop import ProcessWorkshop
from monitor.case.service import CaseService
from monitor.clock import Clock, SystemClock
from monitor.config import Config, Setup
from monitor.daemon import ACTOR, Daemon
from monitor.demo.web import make_app as make_demo_web
from monitor.doors import Doors
from monitor.duty.service import DutyService
from monitor.ears import drill_receiver, open_receiver
from monitor.evidence import EvidenceStore
from monitor.faults import WorldError
from monitor.fleet.service import open_fleet
from monitor.leading import Leadership, Leading
from monitor.link.assemble import open_edge, open_hub, open_own_queue
from monitor.machinestate import MachineState
from monitor.mapdesk import MapDesk
from monitor.metrics import DaemonCollector, OidcCollector
from monitor.notify.ledger import Ledger
from monitor.notify.service import TellingService
from monitor.oidc.desk import OidcDesk
from monitor.outgoing import open_escalation, open_heads, open_notify, open_oidc, open_ping
from monitor.people.desk import People
from monitor.people.register import Register
from monitor.people.saved import SavedViews
from monitor.roles import Role
from monitor.ruledesk.trial import RuleTrials
from monitor.schedule import ApSchedule
from monitor.server.app import make_server_app, serving
from monitor.server.services import EvidenceFile, ServerServices, ServerSettings
from monitor.sourcedesk import SourceDesk
from monitor.spectrum import HistoryFiles
from monitor.store import Store, StoreError
from monitor.store.book import StoreBook
from monitor.store.leader import Lease
from monitor.store.requests import KeptRequests
from monitor.store.retention import holdings
from monitor.templates import SiteTemplates

DEMO_HOST = "127.0.0.1"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a person who starts the system must be told."""

    ready: Callable[[str], None]
    """The console's address."""
    first_administrator: Callable[[str, str], None]
    """Name and password for one use, at the very first start."""
    tips: Callable[[str], None]
    """The public form's address."""
    edge: Callable[[str, str], None]
    """An edge's name, and where it sends what it raises."""


async def serve(
    setup: Setup, stop: asyncio.Event, reread: asyncio.Event, greet: Greeting, role: Role = Role.all
) -> None:
    """Run `setup`, narrowed to `role`, until `stop` is set; whenever `reread` is, read the rules again.

    Raises
    ------
    WorldError
        If something that is needed from the start cannot be had.
    """
    config, clock = setup.config, SystemClock()
    async with AsyncExitStack() as stack:
        await _open_demo(stack, setup, clock)
        await _open_tips(stack, setup, clock, greet)
        doors = await _open_doors(stack, setup, clock, role)
        daemon = Daemon(setup, doors)
        await daemon.recover()
        if doors.edge is not None and config.link is not None:
            sensors = {runner.status.id: runner for runner in daemon.sensors}
            history = HistoryFiles(config.history_dir, [sensor.id for sensor in config.sensors])
            doors.edge.show_spectra(history, sensors, SiteTemplates(config.sensors))
            doors.edge.lend(sensors, setup.bandplan.no_decoding)
            greet.edge(config.node, config.link.url)
        else:
            people = await _open_people(stack, config, doors, greet)
            oidc = await open_oidc(stack, config, doors.book, people, clock)
            address = await _open_server(stack, setup, daemon, doors, people, oidc)
            greet.ready(address)
        await _until(stop, reread, daemon)
        await daemon.rules.keep_memory()
        await daemon.topics.keep()
        await _say_goodbye(doors.book)


async def _open_doors(stack: AsyncExitStack, setup: Setup, clock: Clock, role: Role) -> Doors:
    config = setup.config
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorldError(f"{config.data_dir}: {error.strerror or error}") from None
    evidence = EvidenceStore(config.data_dir / "evidence")
    edge = open_edge(config, role, evidence, clock)
    queue = edge.outbox if edge is not None else await open_own_queue(stack, config, clock)
    stack.push_async_callback(queue.close)
    # An edge's own store holds what it did itself, such as changes of its rules; alerts are the hub's.
    own = f"sqlite:{config.data_dir / 'store.db'}" if role.is_edge else config.store_url
    store = await asyncio.to_thread(Store, own, config.store.password_file)
    book = StoreBook(store, clock)
    stack.push_async_callback(book.close)
    hub = open_hub(config, book, evidence, clock) if role is Role.hub else None
    leading = await _open_leading(stack, config, clock) if role is Role.hub else None
    lead_book = book if leading is None else leading.book
    browser = Chromium()
    crawler, commons, source_desk = await _open_crawler(
        stack, config, build_sources(setup.sources), clock, browser
    )
    notify = await open_notify(stack, setup, lead_book, clock)
    ping = await open_ping(stack, config)
    escalation = open_escalation(setup, lead_book, clock)
    heads = await asyncio.to_thread(open_heads, config, lead_book, clock)
    fleet = await asyncio.to_thread(open_fleet, config, book, clock)
    if hub is not None and fleet is not None:
        hub.watch_identity(fleet.desk.heard_on_link)
        fleet.desk.tell_retired(hub.let_go)
    schedule = ApSchedule()
    stack.callback(schedule.close)
    return Doors(
        clock=clock,
        schedule=schedule,
        queue=queue,
        book=book,
        evidence=evidence,
        poller=crawler,
        open_sensor=lambda sensor: open_receiver(sensor, setup, evidence),
        forget=commons.forget,
        crew=commons.crew,
        notify=notify,
        escalation=escalation,
        open_drill=lambda name, venue, world: drill_receiver(
            name, venue, world, config.drill_dir, setup.bandplan, evidence.root
        ),
        heads=heads,
        fleet=fleet,
        ping=ping,
        ping_s=config.deadman.every_s if config.deadman is not None else 60.0,
        edge=edge,
        hub=hub,
        leading=leading,
        node=config.node,
        sources=source_desk,
        renderer=browser if browser.missing is None and setup.config.crawl.screenshots else None,
    )


async def _open_leading(stack: AsyncExitStack, config: Config, clock: Clock) -> Leading | None:
    """None where this hub must be the only one: its store is a file of its own."""
    url, password_file = config.store_url, config.store.password_file
    if not url.startswith("postgresql:"):
        return None
    lease = Lease(url, password_file, config.node)
    stack.callback(lease.close)
    leadership = Leadership(lease, clock)
    book = StoreBook(await asyncio.to_thread(Store, url, password_file, leadership.guard), clock)
    stack.push_async_callback(book.close)
    return Leading(leadership, book)


async def _open_crawler(
    stack: AsyncExitStack,
    config: Config,
    sources: Mapping[str, Source],
    clock: CrawlClock,
    browser: Chromium,
) -> tuple[Crawler, Commons, SourceDesk]:
    settings = config.crawl
    client = HttpClient(clock, contact=settings.contact, n_connections=settings.n_connections)
    rng = random.Random()  # noqa: S311 - jitter, not a secret
    try:
        commons = await stack.enter_async_context(
            open_commons(
                config.crawl_url,
                settings.password_file,
                settings.worker or gethostname(),
                sources,
                clock,
                rng,
            )
        )
    except (OSError, sqlite3.Error) as error:
        raise WorldError(f"{config.crawl_url}: {error}") from None
    http = await stack.enter_async_context(client)
    # Pages are strangers' input: they are read in processes that can be killed.
    workshop = await stack.enter_async_context(ProcessWorkshop())
    archive = WarcArchive(config.data_dir / "archive", client.user_agent)
    polite = PoliteClient(http, clock, rng, commons.hosts)
    if browser.missing is not None and any(source.config.render for source in sources.values()):
        log.warning("pages that need a browser are read without one", reason=browser.missing)
    crawler = Crawler(sources, commons.memory, polite, clock, rng, workshop, OcrReader(), archive, browser)
    memory = Place(config.crawl_url, settings.password_file)
    desk = SourceDesk(sources, memory, config.data_dir / "archive", polite, workshop)
    return crawler, commons, desk


async def _open_demo(stack: AsyncExitStack, setup: Setup, clock: Clock) -> None:
    if setup.config.demo is None or setup.demo is None:
        return
    port = setup.config.demo.port
    site = make_demo_web(setup.demo, now=clock.now, started_at=clock.now())
    try:
        await stack.enter_async_context(serving(site, DEMO_HOST, port))
    except OSError as error:
        where = f"{DEMO_HOST}:{port}"
        raise WorldError(f"the demo's forum cannot be served at {where}: {error.strerror or error}") from None


async def _open_tips(stack: AsyncExitStack, setup: Setup, clock: CrawlClock, greet: Greeting) -> None:
    """The public form, on an address of its own: whoever may send a tip need not reach the console."""
    door = setup.config.tips
    if door is None:
        return
    box = next(
        source for source in setup.sources if isinstance(source, TipsConfig) and source.id == door.source
    )
    try:
        token = read_line(box.hotline_token_file) if box.hotline_token_file is not None else None
    except CrawlError as error:
        raise WorldError(str(error)) from None
    form = tips_app(TipBox(box.path), clock, limits=TipLimits(n_proxies=box.n_proxies), hotline_token=token)
    try:
        greet.tips(await stack.enter_async_context(serving(form, door.host, door.port)))
    except OSError as error:
        where = f"{door.host}:{door.port}"
        raise WorldError(f"the tips' form cannot be served at {where}: {error.strerror or error}") from None


async def _open_people(stack: AsyncExitStack, config: Config, doors: Doors, greet: Greeting) -> People | None:
    if config.auth == "off":
        log.warning("logins are off: whoever reaches this console may do all")
        return None
    people = People(Register(doors.book.store), doors.book, doors.clock)
    stack.callback(people.close)
    first = await people.first_administrator()
    if first is not None:
        greet.first_administrator(*first)
    return people


async def _open_server(
    stack: AsyncExitStack,
    setup: Setup,
    daemon: Daemon,
    doors: Doors,
    people: People | None,
    oidc: OidcDesk | None,
) -> str:
    config = setup.config

    async def open_evidence(digest: str) -> EvidenceFile | None:
        known = await doors.book.evidence(digest)
        place = doors.evidence.find(known[0]) if known else None
        return EvidenceFile(place, known[1], known[2]) if known and place else None

    # Of its own: pictures that somebody waits for do not stand behind the crawler's.
    frames = await stack.enter_async_context(ProcessWorkshop(1))

    async def show(data: bytes, side_px: int) -> bytes:
        from crawlers.extract.image.view import as_shown

        return await frames.run(as_shown, data, side_px)

    services = ServerServices(
        doors.book,
        open_evidence,
        daemon.health.view,
        doors.clock.now,
        people,
        oidc=oidc,
        plan=setup.bandplan,
        record=doors.book.record,
        cases=CaseService(
            doors.book,
            setup.habits,
            setup.playbooks,
            doors.clock,
            {"en": config.site.name.en, "zh": config.site.name.zh},
            setup.timetable if config.timetable is not None else None,
        ),
        duty=DutyService(doors.book, setup.roster, setup.habits.departments, doors.clock)
        if config.duty is not None
        else None,
        holdings=lambda: doors.book.read(partial(holdings, doors.book.store, config.retention.kept)),
        read_audit=doors.book.read_audit,
        in_scope=doors.book.in_scope,
        requests=KeptRequests(doors.book, doors.clock),
        saved=SavedViews(doors.book, doors.clock),
        telling=TellingService(Ledger(doors.book.store), doors.book, doors.clock),
        held={runner.status.id: runner for runner in daemon.sensors}
        if doors.hub is None
        else doors.hub.spectra.held,
        rules=daemon.rules,
        trials=RuleTrials(doors.book.store.reader, setup.timetable.zone),
        topics=daemon.topics.topics,
        read_wall=doors.book.read_wall,
        sources=doors.sources,
        machine=MachineState(
            config.data_dir, doors.disk, daemon.notify.receivers if daemon.notify is not None else list
        ),
        show=show,
        enrol=doors.fleet.enrol if doors.fleet is not None else None,
        fleet=doors.fleet.desk if doors.fleet is not None else None,
        renew=doors.fleet.renew if doors.fleet is not None else None,
        office=doors.fleet.office if doors.fleet is not None else None,
        edges=(lambda hub=doors.hub: hub.nodes.known) if doors.hub is not None else dict,
        templates=SiteTemplates(config.sensors) if doors.hub is None else doors.hub.spectra.surveys,
        map=MapDesk(config.sensors, setup.timetable, setup.ground),
        past=HistoryFiles(config.history_dir, [sensor.id for sensor in config.sensors])
        if doors.hub is None
        else doors.hub.spectra,
    )
    services.metrics.register(DaemonCollector(daemon, doors.queue))
    if oidc is not None:
        services.metrics.register(OidcCollector(oidc))
    defaults = ServerSettings()
    hosts = defaults.allowed_hosts | set(config.server.allowed_hosts) | {config.server.host}
    app = make_server_app(services, ServerSettings(allowed_hosts=frozenset(hosts)))
    try:
        return await stack.enter_async_context(serving(app, config.server.host, config.server.port))
    except OSError as error:
        where = f"{config.server.host}:{config.server.port}"
        raise WorldError(f"the console cannot be served at {where}: {error.strerror or error}") from None


async def _until(stop: asyncio.Event, reread: asyncio.Event, daemon: Daemon) -> None:
    async def read_again() -> None:
        while True:
            await reread.wait()
            reread.clear()
            await daemon.rules.hang_up()

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(daemon.run(), name="daemon"), group.create_task(read_again())]
        await stop.wait()
        for task in running:
            task.cancel()


async def _say_goodbye(book: StoreBook) -> None:
    try:
        await book.record(ACTOR, "daemon.stopped", "", {})
    except StoreError as error:
        log.error("the stop is not in the audit chain", error=str(error))
