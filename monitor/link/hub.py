"""The hub's side of the link: stores what edges send, answers them, and knows how they are.

Several hubs may do this at once on one PostgreSQL: each alert and each question goes to one of
them, reports to all. They need one evidence folder in common. What one of them must do alone is
`monitor.leading`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Set
from datetime import datetime, timedelta
from functools import partial

import msgspec
import nats.errors
import structlog
from nats.aio.msg import Msg

from monitor.clock import Clock
from monitor.evidence import EvidenceStore
from monitor.healthpart import Part
from monitor.link import nodebook, words
from monitor.link.bus import Bus, Callback, LinkError
from monitor.link.evidence_in import Piece, take
from monitor.link.nodes import Nodes
from monitor.link.spectra_in import FarSpectra
from monitor.link.words import Answer, Ask, NodeReport, Receipt
from monitor.pipeline import Pipeline
from monitor.queue.nats import NatsQueue, StreamState
from monitor.server.views import SensorHealth, SourceHealth
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError

SAVE_S = 30.0
STATE_S = 1.0
"""So long an answer about the stream's state serves other edges as well."""
WAKE_S = 0.2
log = structlog.get_logger()


class Hub:
    def __init__(
        self,
        name: str,
        bus: Bus,
        queue: NatsQueue,
        book: StoreBook,
        evidence: EvidenceStore,
        clock: Clock,
        radio_hold: timedelta,
    ) -> None:
        """`radio_hold`: so long after its last news an alert ends whose edge was started anew."""
        self._name = name
        self._bus = bus
        self.queue = queue
        self._book = book
        self._evidence = evidence
        self._clock = clock
        self._radio_hold = radio_hold
        self.pipeline = Pipeline(queue, book, clock)
        self.nodes = Nodes()
        self.spectra = FarSpectra(name, self.nodes, bus, book.record, clock)
        self._runs: dict[str, str] = {}
        """The run of each node whose predecessor's alerts were ended."""
        self._unsaved: set[str] = set()
        self._listening_since: datetime | None = None
        self._n_connects = 0
        self._state: tuple[float, StreamState] | None = None
        self._waking: asyncio.TimerHandle | None = None
        self._heard: Callable[[str, str, datetime], Awaitable[None]] | None = None

    def watch_identity(self, heard: Callable[[str, str, datetime], Awaitable[None]]) -> None:
        """Tell `heard` of each report: node, run, its clock. Two of one name are told apart there."""
        self._heard = heard

    async def open(self) -> None:
        """Know again what edges there are. Raises `StoreError`."""
        for known in await self._book.read(partial(nodebook.read, self._book.store)):
            self.nodes.known[known.report.node] = known
            self._runs[known.report.node] = known.report.run

    async def let_go(self, nodes: Set[str]) -> None:
        """Know no more of edges that are retired; what they raised and nobody can end, ends.

        Raises
        ------
        StoreError
        """
        for name in nodes & self.nodes.known.keys():
            report = self.nodes.known[name].report
            sensors = frozenset((sensor.venue, sensor.id) for sensor in report.health.sensors)
            if sensors:
                await self._book.end_abandoned(self._clock.now(), self._radio_hold, sensors)
            await self._book.write(partial(nodebook.forget, self._book.store, name))
            self.nodes.known.pop(name, None)
            self._runs.pop(name, None)
            self._unsaved.discard(name)
            log.info("an edge is retired", node=name)

    async def run(self) -> None:
        """Until cancelled."""
        for subject, call, group in (
            (words.ask("*"), self._asked, words.HUBS),
            (words.evidence("*"), self._piece, words.HUBS),
            (words.health("*"), self._reported, ""),
            (words.receipts("*"), self._stored_elsewhere, ""),
        ):
            await self._bus.listen(subject, _never_raising(call), group)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bus.run(), name="link")
            group.create_task(self.pipeline.run(), name="edges' alerts")
            group.create_task(self._save(), name="save nodes")
            group.create_task(self.spectra.stares.run(), name="hold edges' receivers")

    def n_waiting(self) -> int:
        return self.queue.stats().n_waiting

    def sensors(self) -> list[SensorHealth]:
        return self.nodes.sensors(self._clock.now())

    def sources(self) -> list[SourceHealth]:
        return self.nodes.sources(self._clock.now())

    def parts(self) -> list[Part]:
        now = self._clock.now()
        if not self._bus.connected:
            self._listening_since = None
        elif self._listening_since is None or self._n_connects != self._bus.n_connects:
            self._listening_since = now
            self._n_connects = self._bus.n_connects
        error = self._bus.error or self.pipeline.counts.error
        down = ("down",) if error is not None else ()
        return [
            Part("link", self._name, None, down, None, error, settled=True),
            *self.nodes.parts(now, self._listening_since),
        ]

    async def _asked(self, said: Msg) -> None:
        ask = msgspec.json.decode(said.data, type=Ask)
        state, known = StreamState(0, 0), frozenset[str]()
        if ask.ids:
            # In this order: what is acknowledged by then is committed, and is found.
            state = await self._stream_state()
            known = await self._book.read(partial(self._book.store.stored, ask.ids))
        answer = Answer(self._clock.now(), sorted(known), state.done_seq, state.last_seq)
        await said.respond(msgspec.json.encode(answer))

    async def _stream_state(self) -> StreamState:
        now_s = self._clock.monotonic()
        if self._state is None or now_s - self._state[0] > STATE_S:
            self._state = (now_s, await self.queue.state())
        return self._state[1]

    async def _piece(self, said: Msg) -> None:
        headers = said.headers or {}
        piece = Piece(
            headers[words.DIGEST],
            headers[words.FILE],
            int(headers[words.FILE_BYTES]),
            int(headers[words.OFFSET]),
            said.data,
        )
        kept = await asyncio.to_thread(take, self._evidence.root, piece)
        if kept.error is not None:
            log.warning("evidence of an edge is refused", file=piece.path, error=kept.error)
        await said.respond(msgspec.json.encode(kept))

    async def _reported(self, said: Msg) -> None:
        report = msgspec.json.decode(said.data, type=NodeReport)
        if report.node != words.node_of(said.subject):
            log.warning("an edge reports under another's name", said=report.node, subject=said.subject)
            return
        self.nodes.heard(report, self._clock.now())
        self._unsaved.add(report.node)
        if self._heard is not None:
            await self._heard(report.node, report.run, report.at)
        await self._end_abandoned(report)

    async def _end_abandoned(self, report: NodeReport) -> None:
        """End radio alerts of an edge's earlier run, once all that it left behind is stored."""
        started_at, oldest_at = report.health.started_at, report.outbox.oldest_at
        if self._runs.get(report.node) == report.run or (oldest_at is not None and oldest_at < started_at):
            return
        before = started_at - timedelta(seconds=report.offset_s or 0.0)
        sensors = frozenset((sensor.venue, sensor.id) for sensor in report.health.sensors)
        if sensors:
            await self._book.end_abandoned(before, self._radio_hold, sensors)
        self._runs[report.node] = report.run

    async def _stored_elsewhere(self, said: Msg) -> None:
        if msgspec.json.decode(said.data, type=Receipt).hub != self._name and self._waking is None:
            self._waking = asyncio.get_running_loop().call_later(WAKE_S, self._wake)

    def _wake(self) -> None:
        self._waking = None
        self._book.wake()

    async def _save(self) -> None:
        while True:
            await self._clock.sleep(SAVE_S)
            saved, self._unsaved = self._unsaved, set()
            known = [self.nodes.known[name] for name in saved & self.nodes.known.keys()]
            try:
                await self._book.write(partial(nodebook.write, self._book.store, known))
            except StoreError as error:
                self._unsaved |= saved
                log.error("what edges there are could not be written down", error=str(error))


def _never_raising(call: Callback) -> Callback:
    """`call`, for messages of strangers: what is wrong with one, or fails for it, is told and left."""

    async def guarded(said: Msg) -> None:
        try:
            await call(said)
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            log.warning("an edge's message cannot be read", subject=said.subject, error=str(error))
        except (StoreError, LinkError, OSError, nats.errors.Error) as error:
            log.warning("an edge's message is not answered", subject=said.subject, error=str(error))

    return guarded
