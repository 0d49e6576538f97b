"""Holding an edge's receiver from a hub: the edge is told every 15 s that it is still wanted.

A hub that is killed tells no more, and the edge lets its receiver go. Who lets it go at another hub ends it
as well: then the edge says so to the next question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from monitor.clock import Clock
from monitor.link import words
from monitor.link.asking import Asking, read
from monitor.link.bus import LinkError
from monitor.link.orders import AskKeep, AskRelease, AskStare, StareAsk, Stared
from monitor.sensors import CutOffError, SensorError
from monitor.server.views import StareView

ANSWER_S = 5.0
KEEP_S: Final = 15.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Kept:
    node: str
    token: str
    ends_s: float


class FarStares:
    """What this hub holds, at all edges."""

    def __init__(self, hub: str, asking: Asking, clock: Clock) -> None:
        self._hub = hub
        self._asking = asking
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}

    @property
    def kept(self) -> Mapping[tuple[str, str], object]:
        """By node and sensor."""
        return self._kept

    async def run(self) -> None:
        """Say that it is still wanted, until cancelled."""
        while True:
            await self._clock.sleep(KEEP_S)
            now_s = self._clock.monotonic()
            self._kept = {key: one for key, one in self._kept.items() if now_s < one.ends_s}
            await asyncio.gather(*(self._keep(key, one) for key, one in self._kept.items()))

    async def stare(
        self, node: str, sensor: str, center_hz: float, seconds: float, actor: str, reason: str
    ) -> StareView:
        """As `Held.stare`."""
        ask = AskStare(sensor, center_hz, seconds, actor, reason, self._hub)
        stared = await self._wanted(node, ask)
        self._kept[node, sensor] = _Kept(node, stared.token, self._clock.monotonic() + seconds)
        until = self._clock.now() + timedelta(seconds=seconds)
        return StareView(center_hz=center_hz, until=until, by=actor, reason=reason)

    async def end(self, node: str, sensor: str, actor: str) -> bool:
        """As `Held.end_stare`."""
        stared = await self._wanted(node, AskRelease(sensor, actor, self._hub))
        self._kept.pop((node, sensor), None)
        return stared.was_held

    async def _wanted(self, node: str, ask: StareAsk) -> Stared:
        self._asking.need(node, words.STARE)
        try:
            stared = await self._ask(node, ask)
        except LinkError as error:
            raise CutOffError(str(error)) from None
        if stared.error is not None:
            raise SensorError(stared.error)
        return stared

    async def _keep(self, key: tuple[str, str], one: _Kept) -> None:
        try:
            stared = await self._ask(one.node, AskKeep(one.token))
        except LinkError:
            # It is asked again, and lets go by itself where that comes too late.
            return
        if not stared.was_held and self._kept.get(key) == one:
            log.info("an edge holds its receiver no more", node=one.node, sensor=key[1])
            del self._kept[key]

    async def _ask(self, node: str, ask: StareAsk) -> Stared:
        answer = await self._asking.ask(node, words.stare(node), ask, ANSWER_S)
        return read(answer, Stared, node)
