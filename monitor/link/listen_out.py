"""Lets hubs listen to an edge's sensors: one channel for one person each, by lease, within the uplink.

    AskListen ──> sensor ──tap──> Earphone [ newest 3 s ] ──packed──> Sound, each time it is asked for
    not asked for 6 s, half an hour, AskQuiet ──> ended

Sound goes before evidence and spectra: it is charged to their budget and waits for nobody. How many may
listen follows from the uplink. What the edge's own band plan closes stays closed, whatever a hub asks.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, get_args

import msgspec
import structlog

from monitor.clock import Clock
from monitor.earphone import PCM_RATE_HZ, Hearing, ListenMode, Piece
from monitor.link.answering import Answering
from monitor.link.evidence_out import Budget
from monitor.link.orders import AskListen, AskQuiet, AskSound, Frame, ListenAsk, Sound
from monitor.link.sound import BYTES_PER_S, Packer
from monitor.sensors import SensorError

MOST_LISTENERS = 4
"""Each costs about a quarter of a core at 2.4 MS/s."""
SHARE = 0.5
"""Of the uplink that all listeners together may take; one may take all of it."""
LEASE_S = 6.0
"""After the last question for sound."""
LONGEST_S = 1860.0
"""A hub ends it after half an hour."""
WAIT_S = 1.0
MODES: Final[dict[str, ListenMode]] = {mode: mode for mode in get_args(ListenMode)}
log = structlog.get_logger()


class Listened(Protocol):
    """A sensor that can be listened to."""

    def listen(self, channel_hz: float, mode: ListenMode, actor: str, /) -> Awaitable[Hearing]: ...


@dataclass(slots=True)
class _Listener:
    asked: AskListen
    hearing: Hearing
    began_s: float
    asked_s: float
    packer: Packer = field(default_factory=Packer)
    n_taken: int = 0
    """Pieces of sound."""
    n_samples: int = 0


class ListenServer:
    """Its answers are as `monitor.link.orders` tells."""

    def __init__(
        self,
        sensors: Mapping[str, Listened],
        closed_hz: Sequence[tuple[float, float]],
        budget: Budget,
        bytes_per_s: float,
        clock: Clock,
    ) -> None:
        """`closed_hz`: bands that must not be listened to."""
        self._sensors = sensors
        self._closed_hz = closed_hz
        self._budget = budget
        self._clock = clock
        self._bytes_per_s = bytes_per_s
        self.most = most_listeners(bytes_per_s)
        self._listeners: dict[str, _Listener] = {}
        self.answering = Answering(self.answer, msgspec.msgpack.encode(Sound(error="too many questions")))

    @property
    def n_listeners(self) -> int:
        return len(self._listeners)

    async def run(self) -> None:
        """End what nobody asks for any more, until cancelled."""
        try:
            while True:
                await self._clock.sleep(1.0)
                now_s = self._clock.monotonic()
                for token, one in tuple(self._listeners.items()):
                    if now_s - one.asked_s > LEASE_S:
                        self._end(token, "the hub asks no more")
                    elif now_s - one.began_s > LONGEST_S:
                        self._end(token, "half an hour is over")
        finally:
            for token in tuple(self._listeners):
                self._end(token, "this edge stops")
            self.answering.end()

    async def answer(self, asked: bytes) -> bytes:
        """What is said to a question."""
        try:
            ask = msgspec.msgpack.decode(asked, type=ListenAsk)
        except msgspec.DecodeError as error:
            return msgspec.msgpack.encode(Sound(error=f"this edge does not know the question: {error}"))
        if isinstance(ask, AskListen):
            sound = await self._begin(ask)
        elif isinstance(ask, AskSound):
            sound = await self._sound(ask.token)
        else:
            sound = self._quiet(ask)
        body = msgspec.msgpack.encode(sound)
        self._budget.charge(len(body))
        return body

    async def _begin(self, ask: AskListen) -> Sound:
        sensor, mode = self._sensors.get(ask.sensor), MODES.get(ask.mode)
        if sensor is None or mode is None:
            return Sound(error=f"no sensor here is called {ask.sensor!r}, or it knows no {ask.mode!r}")
        if any(low_hz <= ask.channel_hz <= high_hz for low_hz, high_hz in self._closed_hz):
            log.warning("a hub asked for a closed band", hub=ask.hub, person=ask.person, hz=ask.channel_hz)
            return Sound(error="this edge's band plan closes this band · 该节点频段规划禁止监听此频段")
        if len(self._listeners) >= self.most:
            return Sound(error=self._too_many())
        try:
            hearing = await sensor.listen(ask.channel_hz, mode, ask.person)
        except SensorError as error:
            return Sound(error=str(error))
        now_s, token = self._clock.monotonic(), secrets.token_hex(8)
        self._listeners[token] = _Listener(ask, hearing, now_s, now_s)
        log.info("somebody listens from the hub", **_about(ask))
        return Sound(token)

    def _too_many(self) -> str:
        kbps = round(self._bytes_per_s * 8 / 1000)
        return (
            f"{self.most} may listen over this edge's {kbps} kbit/s · "
            f"该节点上行 {kbps} kbit/s，限 {self.most} 人"
        )

    async def _sound(self, token: str) -> Sound:
        one = self._listeners.get(token)
        if one is None:
            return Sound(is_over=True)
        one.asked_s = self._clock.monotonic()
        pieces: list[Piece] | None = None
        try:
            async with asyncio.timeout(WAIT_S):
                pieces = await one.hearing.take()
        except TimeoutError:
            pass
        except SensorError as error:
            self._end(token, str(error))
            return Sound(is_over=True)
        if pieces == []:
            self._end(token, "the sensor gives no more")
            return Sound(is_over=True)
        first = one.n_taken
        frames = [_frame(one, piece) for piece in pieces or []]
        return Sound(token, first, frames, one.hearing.n_dropped)

    def _quiet(self, ask: AskQuiet) -> Sound:
        if ask.token in self._listeners:
            self._end(ask.token, "the listener has gone")
        return Sound(is_over=True)

    def _end(self, token: str, why: str) -> None:
        one = self._listeners.pop(token)
        one.hearing.close()
        log.info(
            "listening from the hub has ended",
            **_about(one.asked),
            sound_s=round(one.n_samples / PCM_RATE_HZ, 1),
            n_dropped=one.hearing.n_dropped,
            why=why,
        )


def most_listeners(bytes_per_s: float) -> int:
    """How many may listen at once over an uplink; none where it does not carry one."""
    together = int(SHARE * bytes_per_s / BYTES_PER_S)
    return min(MOST_LISTENERS, max(together, int(bytes_per_s >= BYTES_PER_S)))


def _frame(one: _Listener, piece: Piece) -> Frame:
    if not piece.pcm:
        return Frame(away_hz=piece.away_hz, is_silent=piece.is_silent)
    n_samples = len(piece.pcm) // 2
    one.n_taken += 1
    one.n_samples += n_samples
    return Frame(n_samples, one.packer.pack(piece.pcm))


def _about(ask: AskListen) -> dict[str, object]:
    return {
        "person": ask.person,
        "hub": ask.hub,
        "sensor": ask.sensor,
        "channel_hz": ask.channel_hz,
        "mode": ask.mode,
    }
