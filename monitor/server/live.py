"""The stream of changes, as server-sent events.

    id: 812            event: alert    the alert as it stands after change 812
    id: 813            event: case     the case likewise
                       event: health   when health has changed, and once at the start
    id: 990            event: resync   too far behind: read the list anew, go on from 990
                       event: ping     every `ping_s`

Each connection keeps one number, the last change it wrote, and pulls what follows from what all
of them share (`Feed`), or from the store. So nothing is queued per client, nothing is missed or
doubled over reconnects (``Last-Event-ID`` is that number), and a client that does not read is cut
after `stall_s`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.faults import WorldError
from monitor.server.access import granted_to, scope_of, still_allowed
from monitor.server.case_views import CaseView
from monitor.server.feed import Feed, encode_event
from monitor.server.problem import ProblemError
from monitor.server.route import EVENT_ID, Param, Route
from monitor.server.services import SERVICES, SETTINGS, ServerServices, ServerSettings
from monitor.server.views import HealthView

WRITE_BUFFER_BYTES = 64 * 1024
RETRY_MS = 2000
_MAX_ID = 2**63 - 1


def start_position(last_event_id: str | None, after: str | None) -> int | None:
    """Where a client wants to go on: the header of a reconnect before the parameter of a first call.

    Raises
    ------
    ProblemError
        400 if the one that counts is not a number of ours.
    """
    text = last_event_id or after
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _MAX_ID):
        raise ProblemError(400, "bad-parameter", f"{text!r} is not the id of an event of this stream")
    return int(text)


class LiveMetrics:
    """What is counted of the stream."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.clients = Gauge("examwatch_live_clients", "Open live streams", registry=registry)
        self.sent = Counter(
            "examwatch_live_events", "Events written to live streams", ["event"], registry=registry
        )
        self.cut = Counter("examwatch_live_cut", "Live streams ended by us", ["reason"], registry=registry)


@dataclass(slots=True)
class LiveHub:
    """The open streams of one application, so that a shutdown can end them."""

    metrics: LiveMetrics
    feed: Feed
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    wakers: set[Callable[[], None]] = field(default_factory=set[Callable[[], None]])

    def close(self) -> None:
        self.closing.set()
        self.feed.close()
        for wake in tuple(self.wakers):
            wake()


LIVE: web.AppKey[LiveHub] = web.AppKey("live", LiveHub)


class _StalledError(Exception):
    """The client takes nothing."""


@dataclass(slots=True)
class _Stream:
    """One connection."""

    request: web.Request
    response: web.StreamResponse
    services: ServerServices
    settings: ServerSettings
    hub: LiveHub
    position: int
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    told_health: bytes = b""
    written_at: float = 0.0

    async def write(self, event: str, data: object, event_id: int | None = None) -> None:
        await self.write_line(event, encode_event(event, data, event_id))

    async def write_line(self, event: str, line: bytes) -> None:
        try:
            async with asyncio.timeout(self.settings.stall_s):
                await self.response.write(line)
        except TimeoutError:
            raise _StalledError from None
        self.written_at = asyncio.get_running_loop().time()
        self.hub.metrics.sent.labels(event).inc()

    async def write_health(self) -> None:
        """Tell health if anything but the clock in it has changed."""
        health = self.services.health()
        told = _without_clock(health)
        if told != self.told_health:
            await self.write("health", health)
            self.told_health = told

    async def write_changes(self) -> None:
        """Write until the client has all there is."""
        while not self.hub.closing.is_set():
            newest = await self.hub.feed.newest()
            if newest < self.position:
                # Read from the store itself, which may be ahead of what is shared.
                newest = await self.services.alerts.last_change()
            if newest < self.position or newest - self.position > self.settings.max_backlog:
                self.position = newest
                await self.write("resync", {"live_id": newest}, newest)
            changes = await self.hub.feed.since(self.position)
            if not changes:
                return
            scope = scope_of(self.request)
            for change in changes:
                # What is not of the asker's venues is passed over; the position goes on.
                if change.alert is not None and scope.holds(change.alert.venue):
                    await self.write_line("alert", change.line)
                elif change.case is not None and _is_shown(change.case, self.request):
                    await self.write_line("case", change.line)
                self.position = change.id

    def gone(self) -> bool:
        return self.request.transport is None or self.request.transport.is_closing()

    async def run(self) -> None:
        await self.response.write(b"retry: %d\n\n" % RETRY_MS)
        while not self.hub.closing.is_set() and not self.gone():
            if not await still_allowed(self.request):
                return
            self.wake.clear()
            await self.write_changes()
            await self.write_health()
            if asyncio.get_running_loop().time() - self.written_at >= self.settings.ping_s:
                await self.write("ping", {"now": self.services.now()})
            try:
                async with asyncio.timeout(min(self.settings.health_s, self.settings.ping_s)):
                    await self.wake.wait()
            except TimeoutError:
                continue


def _is_shown(case: CaseView, request: web.Request) -> bool:
    scope = scope_of(request)
    mine = scope.department is None or scope.department == case.department
    return mine and scope.holds(case.venue) and "cases" in granted_to(request)


def _without_clock(health: HealthView) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(health, now=health.started_at))


async def live(request: web.Request) -> web.StreamResponse:
    services, settings, hub = request.app[SERVICES], request.app[SETTINGS], request.app[LIVE]
    position = start_position(request.headers.get("Last-Event-ID"), request.query.get("after"))
    if len(hub.wakers) >= settings.max_live_clients:
        hub.metrics.cut.labels("full").inc()
        raise ProblemError(503, "too-many-streams", "all live streams are taken", {"Retry-After": "10"})
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    wake = asyncio.Event()
    # Before the position is read: a change between the two then wakes us instead of waiting for the next.
    unsubscribe = services.alerts.subscribe(wake.set)
    hub.wakers.add(wake.set)
    hub.metrics.clients.set(len(hub.wakers))
    try:
        if position is None:
            position = await services.alerts.last_change()
        await response.prepare(request)
        if request.transport is not None:
            request.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        await _Stream(request, response, services, settings, hub, position, wake).run()
    except _StalledError:
        hub.metrics.cut.labels("slow").inc()
        if request.transport is not None:
            request.transport.abort()
    except WorldError:
        if not response.prepared:
            raise
        # The client comes back where it was; by then the store may work again.
        hub.metrics.cut.labels("store").inc()
    except ConnectionError:
        hub.metrics.cut.labels("gone").inc()
    finally:
        unsubscribe()
        hub.wakers.discard(wake.set)
        hub.metrics.clients.set(len(hub.wakers))
    return response


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/live",
        live,
        "live",
        "Changes as they come: events alert (AlertView), case (CaseView), health (HealthView), resync, ping",
        ("text/event-stream",),
        (
            Param(
                "Last-Event-ID",
                "header",
                EVENT_ID,
                "go on after this event; sent by a browser that reconnects",
            ),
            Param("after", "query", EVENT_ID, "go on after this event; live_id of a list"),
        ),
        (400,),
        needs="alerts",
    ),
)
