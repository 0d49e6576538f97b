"""Holding a receiver for a hub, on a clock that a test moves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from monitor.clock import FakeClock
from monitor.link.orders import AskKeep, AskRelease, AskStare, Stared
from monitor.link.stare_out import LEASE_S, LONGEST_S, StareServer
from monitor.sensors import SensorError
from monitor.server.views import StareView

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


class Roof:
    def __init__(self) -> None:
        self.held: StareView | None = None
        self.n_ended = 0

    async def stare(self, center_hz, seconds, actor, reason):
        if center_hz > 1e9:
            raise SensorError("no receiver of this kind tunes there")
        until = NOW + timedelta(seconds=seconds)
        self.held = StareView(center_hz=center_hz, until=until, by=actor, reason=reason)
        return self.held

    async def end_stare(self, _actor):
        was, self.held = self.held, None
        self.n_ended += was is not None
        return was is not None


class Desk:
    def __init__(self) -> None:
        self.clock, self.roof, self.n_told = FakeClock(NOW), Roof(), 0
        self.server = StareServer({"roof": self.roof}, self._tell, self.clock)

    async def _tell(self) -> None:
        self.n_told += 1

    async def say(self, ask: msgspec.Struct) -> Stared:
        return msgspec.msgpack.decode(await self.server.answer(msgspec.msgpack.encode(ask)), type=Stared)


@pytest.fixture
async def desk():
    made = Desk()
    running = asyncio.create_task(made.server.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def ask(sensor: str = "roof", center_hz: float = 169e6, seconds: float = 600.0) -> AskStare:
    return AskStare(sensor, center_hz, seconds, "li", "why", "hub")


async def test_what_a_hub_keeps_stays_and_what_none_keeps_is_let_go(desk):
    token = (await desk.say(ask())).token
    for _ in range(5):
        await desk.clock.advance(LEASE_S - 10)
        assert (await desk.say(AskKeep(token))).was_held
    assert desk.roof.held is not None
    await desk.clock.advance(LEASE_S + 2)
    assert desk.roof.held is None
    assert desk.n_told == 2, "at the beginning and at the end, so that coverage is right everywhere"
    assert not (await desk.say(AskKeep(token))).was_held


async def test_at_its_time_it_is_over_and_the_receiver_is_not_let_go_a_second_time(desk):
    token = (await desk.say(ask(seconds=30))).token
    await desk.clock.advance(31)
    assert not (await desk.say(AskKeep(token))).was_held
    assert desk.roof.n_ended == 0, "the receiver goes back by itself"


async def test_who_holds_it_anew_has_the_lease_and_anybody_lets_it_go(desk):
    first = (await desk.say(ask())).token
    second = (await desk.say(ask(center_hz=170e6))).token
    assert not (await desk.say(AskKeep(first))).was_held
    assert (await desk.say(AskKeep(second))).was_held
    assert (await desk.say(AskRelease("roof", "wang", "hub-2"))).was_held
    assert not (await desk.say(AskRelease("roof", "wang", "hub-2"))).was_held
    assert not (await desk.say(AskKeep(second))).was_held


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (ask("cellar"), "no sensor"),
        (ask(seconds=LONGEST_S + 1), "1800 s"),
        (ask(seconds=-1.0), "1800 s"),
        (ask(center_hz=float("nan")), "1800 s"),
        (ask(center_hz=2e9), "tunes there"),
        (AskRelease("cellar", "li", "hub"), "no sensor"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(desk, wanted, why):
    stared = await desk.say(wanted)
    assert why in str(stared.error)
    assert desk.roof.held is None
    assert desk.n_told == 0


async def test_a_question_of_another_version_is_answered_in_words(desk):
    answer = await desk.server.answer(msgspec.msgpack.encode({"type": "spin", "sensor": "roof"}))
    assert "does not know" in str(msgspec.msgpack.decode(answer, type=Stared).error)
