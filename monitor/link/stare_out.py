"""Holds an edge's receivers for hubs: away from the plan only while the hub that asked for it is heard.

    AskStare ──> receiver held, token     AskKeep, every 15 s ──> for a minute more
    not kept for a minute, AskRelease ──> back to the plan

The hub hears at once how the edge is then: its coverage is another one.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from monitor.clock import Clock
from monitor.link.answering import Answering
from monitor.link.orders import AskKeep, AskRelease, AskStare, StareAsk, Stared
from monitor.sensors import SensorError
from monitor.server.views import StareView

LEASE_S = 60.0
"""Three questions of the hub are lost before a receiver goes back to its plan."""
LONGEST_S = 1800.0
log = structlog.get_logger()


class Stareable(Protocol):
    """A sensor that can be held."""

    def stare(self, center_hz: float, seconds: float, actor: str, reason: str, /) -> Awaitable[StareView]: ...

    def end_stare(self, actor: str, /) -> Awaitable[bool]: ...


@dataclass(slots=True)
class _Lease:
    token: str
    asked: AskStare
    ends_s: float
    """Of what was asked for."""
    kept_s: float


class StareServer:
    """Its answers are as `monitor.link.orders` tells."""

    def __init__(
        self, sensors: Mapping[str, Stareable], tell: Callable[[], Awaitable[None]], clock: Clock
    ) -> None:
        """`tell` the hubs how this edge is."""
        self._sensors = sensors
        self._tell = tell
        self._clock = clock
        self._leases: dict[str, _Lease] = {}
        self.answering = Answering(self.answer, msgspec.msgpack.encode(Stared(error="too many questions")))

    async def run(self) -> None:
        """Let go what no hub keeps, until cancelled."""
        try:
            while True:
                await self._clock.sleep(1.0)
                now_s = self._clock.monotonic()
                for sensor, lease in tuple(self._leases.items()):
                    if self._leases.get(sensor) is not lease:
                        # Held anew, or let go, while another was released.
                        continue
                    if now_s >= lease.ends_s:
                        # The receiver itself has gone back.
                        del self._leases[sensor]
                    elif now_s - lease.kept_s > LEASE_S:
                        await self._release(sensor, lease.asked.person, "its hub is not heard any more")
        finally:
            self.answering.end()

    async def answer(self, asked: bytes) -> bytes:
        """What is said to a question."""
        try:
            ask = msgspec.msgpack.decode(asked, type=StareAsk)
        except msgspec.DecodeError as error:
            return msgspec.msgpack.encode(Stared(error=f"this edge does not know the question: {error}"))
        if isinstance(ask, AskStare):
            stared = await self._hold(ask)
        elif isinstance(ask, AskKeep):
            stared = self._keep(ask.token)
        else:
            stared = await self._let_go(ask)
        return msgspec.msgpack.encode(stared)

    async def _hold(self, ask: AskStare) -> Stared:
        sensor = self._sensors.get(ask.sensor)
        if sensor is None:
            return Stared(error=f"no sensor here is called {ask.sensor!r}")
        if not (math.isfinite(ask.center_hz) and 0 < ask.seconds <= LONGEST_S):
            return Stared(error=f"a receiver is held at a frequency, for {LONGEST_S:.0f} s at most")
        try:
            await sensor.stare(ask.center_hz, ask.seconds, ask.person, ask.reason)
        except SensorError as error:
            return Stared(error=str(error))
        now_s, token = self._clock.monotonic(), secrets.token_hex(8)
        self._leases[ask.sensor] = _Lease(token, ask, now_s + ask.seconds, now_s)
        log.info(
            "a receiver is held for the hub",
            sensor=ask.sensor,
            center_hz=ask.center_hz,
            seconds=ask.seconds,
            person=ask.person,
            hub=ask.hub,
            reason=ask.reason,
        )
        await self._tell()
        return Stared(token, was_held=True)

    def _keep(self, token: str) -> Stared:
        for lease in self._leases.values():
            if lease.token == token:
                lease.kept_s = self._clock.monotonic()
                return Stared(token, was_held=True)
        return Stared(token)

    async def _let_go(self, ask: AskRelease) -> Stared:
        if ask.sensor not in self._sensors:
            return Stared(error=f"no sensor here is called {ask.sensor!r}")
        was_held = await self._release(ask.sensor, ask.person, f"asked for at {ask.hub}")
        return Stared(was_held=was_held)

    async def _release(self, sensor: str, person: str, why: str) -> bool:
        self._leases.pop(sensor, None)
        if not await self._sensors[sensor].end_stare(person):
            return False
        log.info("a receiver goes back to its plan", sensor=sensor, person=person, why=why)
        await self._tell()
        return True
