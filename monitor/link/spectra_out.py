"""Shows an edge's spectra to the hub that asks: nothing that nobody asked for, nor faster than the budget.

    AskPast ──> history of this machine ──zlib──> kept for a minute, [first piece]
    AskPiece ──────────────────────────────────────────────────────> [next piece]
    AskRows ──> newest rows of the live spectrum; who has not asked for some seconds looks no more
    AskSurvey ──> the site's survey at that hour

Only one stretch of history is read at a time, and no more of it than the uplink takes in some seconds:
what is asked for in more detail comes with fewer rows and bins.
"""

from __future__ import annotations

import asyncio
import secrets
import zlib
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

import msgspec

from monitor.clock import Clock
from monitor.faults import WorldError
from monitor.link.answering import Answering
from monitor.link.evidence_out import Budget
from monitor.link.words import AskPast, AskRows, AskSurvey, Past, Piece, Row, Rows, SpectraAsk, Survey
from monitor.onlookers import Glance
from monitor.server.spectrum_services import PastQuery, SpectrumPast, TemplateQuery, Templates
from sdr.lookout import SpectrumRow

ONE_PAST_S = 4.0
"""So long one stretch of history may take of the uplink, before it is packed."""
LEAST_PAST_BYTES = 32_768
LARGEST_PIECE = 64 * 1024
MOST_KEPT, KEPT_S = 4, 60.0
ROWS_WAIT_S = 1.0
LEAST_ROWS_S = 0.25
"""Between two answers to one viewer."""
MOST_ROWS = 16
"""Hops of a sweep that one answer shows."""
LOOKS_S = 6.0
"""After a viewer's last question."""
MOST_VIEWERS = 32
MOST_SURVEY_BINS = 1024


class Looked(Protocol):
    """A sensor that can be looked at."""

    def look(self) -> tuple[Glance, Callable[[], None]]: ...


@dataclass(slots=True)
class _Viewer:
    glance: Glance
    end: Callable[[], None]
    asked_s: float
    answered_s: float


class SpectraServer:
    """Its answers are as `monitor.link.words` tells."""

    def __init__(
        self,
        past: SpectrumPast,
        sensors: Mapping[str, Looked],
        budget: Budget,
        bytes_per_s: float,
        clock: Clock,
        templates: Templates | None = None,
    ) -> None:
        """Without `templates` no site here was surveyed."""
        self._past = past
        self._templates = templates
        self._sensors = sensors
        self._budget = budget
        self._most_cells = round(max(LEAST_PAST_BYTES, ONE_PAST_S * bytes_per_s) / 2)
        self._piece_bytes = round(min(LARGEST_PIECE, max(4096, bytes_per_s)))
        self._clock = clock
        self._reading = asyncio.Lock()
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._viewers: dict[tuple[str, str], _Viewer] = {}
        too_many = msgspec.msgpack.encode(Piece(error="this edge has too many questions now"))
        self.answering = Answering(self._paced, too_many)

    @property
    def n_viewers(self) -> int:
        return len(self._viewers)

    async def run(self) -> None:
        """End what nobody asks for any more, until cancelled."""
        try:
            while True:
                await self._clock.sleep(1.0)
                now_s = self._clock.monotonic()
                for key, viewer in tuple(self._viewers.items()):
                    if now_s - viewer.asked_s > LOOKS_S:
                        self._viewers.pop(key).end()
                for token, (kept_s, _) in tuple(self._kept.items()):
                    if now_s - kept_s > KEPT_S:
                        del self._kept[token]
        finally:
            for viewer in self._viewers.values():
                viewer.end()
            self.answering.end()

    async def _paced(self, asked: bytes) -> bytes:
        body = await self.answer(asked)
        await self._budget.spend(len(body))
        return body

    async def answer(self, asked: bytes) -> bytes:
        """What is said to a question."""
        try:
            ask = msgspec.msgpack.decode(asked, type=SpectraAsk)
        except msgspec.DecodeError as error:
            return msgspec.msgpack.encode(Piece(error=f"this edge does not know the question: {error}"))
        if isinstance(ask, AskRows):
            return zlib.compress(msgspec.msgpack.encode(await self._rows(ask)), 1)
        if isinstance(ask, AskSurvey):
            return zlib.compress(msgspec.msgpack.encode(await self._survey(ask)))
        piece = await self._read(ask) if isinstance(ask, AskPast) else self._piece(ask.token, ask.offset)
        return msgspec.msgpack.encode(piece)

    async def _read(self, ask: AskPast) -> Piece:
        # One row or bin less than none is no use: each shrinks by the same share, as far as it can.
        share = min(1.0, sqrt(self._most_cells / max(1, ask.n_rows * ask.n_bins)))
        query = PastQuery(
            sensor=ask.sensor,
            low_hz=ask.low_hz,
            high_hz=ask.high_hz,
            start=ask.start,
            end=ask.end,
            n_rows=max(1, int(ask.n_rows * share)),
            n_bins=max(1, int(ask.n_bins * share)),
        )
        async with self._reading:
            try:
                view = await self._past.view(query)
            except (ValueError, OverflowError) as error:
                return Piece(error=str(error), is_wrong=True)
            except OSError as error:
                return Piece(error=f"the history of this edge cannot be read: {error}")
        if view is None:
            return Piece(error=f"no sensor here is called {ask.sensor!r}")
        past = Past(
            view.start,
            view.step_s,
            view.low_hz,
            view.bin_hz,
            view.n_rows,
            view.n_bins,
            view.code_1_db,
            view.step_db,
            b64decode(view.mean),
            b64decode(view.max),
        )
        token = secrets.token_hex(8)
        packed = await asyncio.to_thread(zlib.compress, msgspec.msgpack.encode(past))
        self._kept[token] = (self._clock.monotonic(), packed)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._piece(token, 0)

    def _piece(self, token: str, offset: int) -> Piece:
        kept = self._kept.get(token)
        if kept is None:
            return Piece(error="it is not kept here any more")
        _, packed = kept
        return Piece(token, len(packed), packed[offset : offset + self._piece_bytes])

    async def _rows(self, ask: AskRows) -> Rows:
        key, now_s = (ask.sensor, ask.viewer), self._clock.monotonic()
        viewer = self._viewers.get(key)
        if viewer is None:
            sensor = self._sensors.get(ask.sensor)
            if sensor is None:
                return Rows(error=f"no sensor here is called {ask.sensor!r}")
            if len(self._viewers) >= MOST_VIEWERS:
                return Rows(error="too many look at this edge's sensors")
            viewer = self._viewers[key] = _Viewer(*sensor.look(), asked_s=now_s, answered_s=now_s)
        viewer.asked_s = now_s
        await self._clock.sleep(max(0.0, viewer.answered_s + LEAST_ROWS_S - now_s))
        try:
            async with asyncio.timeout(ROWS_WAIT_S):
                rows = await viewer.glance.take()
        except TimeoutError:
            rows = []
        viewer.answered_s = self._clock.monotonic()
        return Rows([_row(row) for row in newest(rows)])

    async def _survey(self, ask: AskSurvey) -> Survey:
        if self._templates is None:
            return Survey()
        n_bins = max(1, min(ask.n_bins, MOST_SURVEY_BINS))
        query = TemplateQuery(ask.sensor, ask.low_hz, ask.high_hz, n_bins, ask.at)
        try:
            return Survey(await self._templates.view(query))
        except (WorldError, ValueError, OverflowError) as error:
            return Survey(error=str(error))


def newest(rows: list[SpectrumRow]) -> list[SpectrumRow]:
    """The newest row of each hop, oldest first, at most `MOST_ROWS`."""
    by_hop = {row.low_hz: row for row in rows}
    return sorted(by_hop.values(), key=lambda row: row.started_at)[-MOST_ROWS:]


def _row(row: SpectrumRow) -> Row:
    return Row(row.started_at, row.span_s, row.low_hz, row.bin_hz, row.codes)
