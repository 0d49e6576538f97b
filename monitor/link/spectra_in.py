"""Spectra of the edges' sensors, at the hub: asked for over the link when somebody looks, and only then.

    history of NODE:SENSOR ──one at a time a person──> pieces, each asked for ──> as of a sensor here
    live ──> one series of questions a sensor, however many look ──rows──> every glance
    survey ──> asked for once in ten minutes ──> as of a sensor here

An edge that does not answer is told as such; what it has kept is there again when it is.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.clock import Clock
from monitor.earphone import Hearing, ListenMode
from monitor.link import words
from monitor.link.asking import Asking, read, unpacked
from monitor.link.bus import Bus, LinkError
from monitor.link.listen_in import FarEars
from monitor.link.nodes import Nodes
from monitor.link.stare_in import FarStares
from monitor.link.survey_in import FarSurveys
from monitor.link.words import AskPast, AskPiece, AskRows, Past, Piece, Rows, SpectraAsk
from monitor.onlookers import Glance, Onlookers
from monitor.server.spectrum_services import PastQuery
from monitor.server.spectrum_views import PastView
from monitor.server.views import SensorHealth, StareView
from sdr.lookout import SpectrumRow

FIRST_S, PIECE_S, ROWS_S = 30.0, 20.0, 5.0
"""For an answer: the first one waits for the edge's disk, each for its bandwidth."""
FRAME_S = 0.3
"""Between two questions for rows: three frames a second."""
MOST_WAITING = 4
"""Of one person; a page that is moved about asks anew before the last answer came."""
MOST_PACKED = 4_000_000

Record = Callable[[str, str, str, Mapping[str, Any]], Awaitable[object]]


class FarSpectra:
    """What is asked of the edges; the sensors are those that they last reported."""

    def __init__(self, name: str, nodes: Nodes, bus: Bus, record: Record, clock: Clock) -> None:
        """`name` is this hub's, `record` writes to the audit chain."""
        self._asking = Asking(nodes, bus)
        self._record = record
        self._clock = clock
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._n_waiting: Counter[str] = Counter()
        self.stares = FarStares(name, self._asking, clock)
        hands = Hands(FarEars(name, self._asking, clock), self.stares)
        self.held = FarSensors(name, nodes, self._ask_rows, hands, clock)
        self.surveys = FarSurveys(self._asking, clock)

    async def view(self, query: PastQuery) -> PastView | None:
        """As `SpectrumPast.view`. Raises `LinkError` where the edge does not answer."""
        node, _, sensor = query.sensor.partition(":")
        if query.sensor not in self.held:
            return None
        if self._n_waiting[query.asker] >= MOST_WAITING:
            raise LinkError("too many of your questions wait for edges already · 您的查询过多，请稍候")
        self._n_waiting[query.asker] += 1
        try:
            async with self._turns[query.asker]:
                past = await self._fetch(node, sensor, query)
        finally:
            self._n_waiting[query.asker] -= 1
            if not self._n_waiting[query.asker]:
                del self._n_waiting[query.asker], self._turns[query.asker]
        about = {
            "low_hz": query.low_hz,
            "high_hz": query.high_hz,
            "from": query.start.isoformat(),
            "to": query.end.isoformat(),
        }
        await self._record(query.asker, "spectrum.fetched", query.sensor, about)
        return _view(past)

    async def _fetch(self, node: str, sensor: str, query: PastQuery) -> Past:
        ask = AskPast(sensor, query.low_hz, query.high_hz, query.start, query.end, query.n_rows, query.n_bins)
        first = await self._piece(node, ask, FIRST_S)
        if first.n_bytes > MOST_PACKED:
            raise LinkError(f"edge {node} answers with {first.n_bytes} bytes, which is too much")
        packed = first.content
        while len(packed) < first.n_bytes:
            piece = await self._piece(node, AskPiece(first.token, len(packed)), PIECE_S)
            if not piece.content:
                raise LinkError(f"edge {node} broke off its answer")
            packed += piece.content
        return unpacked(packed, Past, node)

    async def _piece(self, node: str, ask: SpectraAsk, timeout_s: float) -> Piece:
        piece: Piece = read(await self._asked(node, ask, timeout_s), Piece, node)
        if piece.error is not None and piece.is_wrong:
            raise ValueError(piece.error)
        if piece.error is not None:
            raise LinkError(f"edge {node}: {piece.error}")
        return piece

    async def _ask_rows(self, node: str, ask: AskRows) -> Rows:
        packed = await self._asked(node, ask, ROWS_S)
        rows = unpacked(packed, Rows, node)
        if rows.error is not None:
            raise LinkError(f"edge {node}: {rows.error}")
        return rows

    async def _asked(self, node: str, ask: SpectraAsk, timeout_s: float) -> bytes:
        return await self._asking.ask(node, words.spectra(node), ask, timeout_s)


class FarSensors(Mapping[str, "FarSensor"]):
    """The sensors of all edges, as NODE:SENSOR."""

    def __init__(
        self,
        hub: str,
        nodes: Nodes,
        ask: Callable[[str, AskRows], Awaitable[Rows]],
        hands: Hands,
        clock: Clock,
    ) -> None:
        self._hub = hub
        self._hands = hands
        self._nodes = nodes
        self._ask = ask
        self._clock = clock
        self._looked_at: dict[str, FarSensor] = {}

    def __getitem__(self, name: str) -> FarSensor:
        health = self._health(name)
        if health is None:
            raise KeyError(name)
        known = self._looked_at.get(name)
        if known is not None and known.is_looked_at:
            return known
        node, _, sensor = name.partition(":")
        ask = AskRows(sensor, self._hub)
        made = FarSensor(health.venue, (node, sensor), lambda: self._ask(node, ask), self._hands, self._clock)
        self._looked_at = {key: one for key, one in self._looked_at.items() if one.is_looked_at}
        self._looked_at[name] = made
        return made

    def _health(self, name: str) -> SensorHealth | None:
        node, _, sensor = name.partition(":")
        known = self._nodes.known.get(node)
        if known is None:
            return None
        return next((one for one in known.report.health.sensors if one.id == sensor), None)

    def __iter__(self) -> Iterator[str]:
        for node, known in self._nodes.known.items():
            for sensor in known.report.health.sensors:
                yield f"{node}:{sensor.id}"

    def __len__(self) -> int:
        return sum(len(known.report.health.sensors) for known in self._nodes.known.values())


@dataclass(frozen=True, slots=True)
class Hands:
    """What else is asked of the edges' sensors."""

    ears: FarEars
    stares: FarStares


class FarSensor:
    """A sensor of an edge; it is asked for rows while somebody looks."""

    def __init__(
        self,
        venue: str | None,
        place: tuple[str, str],
        ask: Callable[[], Awaitable[Rows]],
        hands: Hands,
        clock: Clock,
    ) -> None:
        """`place`: the node, and the sensor's name there."""
        self.venue = venue
        self._place = place
        self._ask = ask
        self._hands = hands
        self._clock = clock
        self._onlookers = Onlookers()
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_looked_at(self) -> bool:
        return self._onlookers.is_any

    def look(self) -> tuple[Glance, Callable[[], None]]:
        """As `Held.look`; three times a second, and the glance is over when the edge does not answer."""
        return self._onlookers.add(self._changed)

    def _changed(self) -> None:
        if self._onlookers.is_any and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._keep_asking(), name="look at an edge's sensor")

    async def _keep_asking(self) -> None:
        while self._onlookers.is_any:
            began_s = self._clock.monotonic()
            try:
                answer = await self._ask()
            except LinkError as error:
                self._onlookers.over(str(error))
                return
            for row in answer.rows:
                self._onlookers.show(
                    SpectrumRow(row.started_at, row.span_s, row.low_hz, row.bin_hz, row.codes)
                )
            await self._clock.sleep(max(0.0, began_s + FRAME_S - self._clock.monotonic()))

    async def listen(self, channel_hz: float, mode: ListenMode, actor: str) -> Hearing:
        return await self._hands.ears.listen(*self._place, channel_hz, mode, actor)

    async def stare(self, center_hz: float, seconds: float, actor: str, reason: str) -> StareView:
        return await self._hands.stares.stare(*self._place, center_hz, seconds, actor, reason)

    async def end_stare(self, actor: str) -> bool:
        return await self._hands.stares.end(*self._place, actor)


def _view(past: Past) -> PastView:
    return PastView(
        start=past.start,
        step_s=past.step_s,
        low_hz=past.low_hz,
        bin_hz=past.bin_hz,
        n_rows=past.n_rows,
        n_bins=past.n_bins,
        code_1_db=past.code_1_db,
        step_db=past.step_db,
        mean=b64encode(past.mean).decode(),
        max=b64encode(past.max).decode(),
    )
