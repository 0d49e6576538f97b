"""Live listening: sound or the reason for none, recorded when it begins and ends, ended with the session."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from monitor.bandplan import BandPlan
from monitor.people.scope import Scope
from monitor.sensors import Piece, SensorError
from monitor.server import listening
from monitor.server.services import ServerServices

WHAT = {"channel_hz": 169e6, "mode": "nfm"}
PCM = b"\x01\x02" * 8000


class Ear:
    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self.is_closed = False

    def pieces(self) -> Iterator[Piece]:
        yield from self._pieces

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def ear(world, monkeypatch):
    """A sensor called roof, and one that is broken."""
    found = Ear([Piece(PCM), Piece(away_hz=433e6), Piece(is_silent=True), Piece(PCM)])

    def listen(sensor, channel_hz, mode):
        if sensor == "gate":
            raise SensorError("unplugged")
        return {"roof": found}[sensor]

    plain = world.services
    monkeypatch.setattr(world, "services", lambda: with_listening(plain(), listen))
    return found


def with_listening(services: ServerServices, listen) -> ServerServices:
    return replace(services, listen=listen)


async def test_sound_and_the_reason_for_none_come_in_order_and_stand_in_the_audit(ear, client, world):
    async with client.ws_connect("/api/sensors/roof/listen?hz=169000000") as socket:
        told = [await socket.receive() for _ in range(5)]
    assert [message.type for message in told] == [
        WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CLOSE,
    ]  # fmt: skip
    assert told[0].data == PCM
    assert [message.json() for message in told[1:3]] == [{"away_hz": 433e6}, {"away_hz": None}]
    async with asyncio.timeout(10):
        while len(world.audit) < 2:  # noqa: ASYNC110 - the end is written after the socket is closed
            await asyncio.sleep(0.01)
    assert world.audit == [
        ("local", "listening.began", "roof", WHAT),
        ("local", "listening.ended", "roof", {**WHAT, "sound_s": 1.0}),
    ]
    assert ear.is_closed


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("roof/listen", 400, "bad-parameter"),
        ("roof/listen?hz=x", 400, "bad-parameter"),
        ("roof/listen?hz=nan", 400, "bad-parameter"),
        ("roof/listen?hz=169e6&mode=ssb", 400, "bad-parameter"),
        ("roof/listen?hz=169e6", 426, "websocket-needed"),
        ("cellar/listen?hz=169e6", 426, "websocket-needed"),
    ],
)
async def test_what_is_asked_wrongly_is_told_before_anything_opens(ear, client, world, path, status, code):
    answer = await client.get(f"/api/sensors/{path}")
    assert (answer.status, (await answer.json())["code"]) == (status, code)
    assert world.audit == []


@pytest.mark.parametrize(("sensor", "status"), [("cellar", 404), ("gate", 409)])
async def test_a_sensor_that_is_not_there_or_silent_is_told(ear, client, world, sensor, status):
    from aiohttp import WSServerHandshakeError

    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(f"/api/sensors/{sensor}/listen?hz=169e6")
    assert refused.value.status == status
    assert world.audit == []


async def test_a_band_that_must_not_be_decoded_is_closed(ear, connect, world, monkeypatch):
    plain = world.services
    closed = BandPlan()
    monkeypatch.setattr(BandPlan, "no_decoding", property(lambda _: ((351e6, 358e6),)))
    monkeypatch.setattr(world, "services", lambda: replace(plain(), plan=closed))
    client = await connect()
    answer = await client.get("/api/sensors/roof/listen?hz=352000000")
    assert (answer.status, (await answer.json())["code"]) == (403, "closed-band")


async def test_no_more_listen_than_there_are_places(ear, client, monkeypatch):
    monkeypatch.setattr(listening, "MAX_LISTENERS", 0)
    from aiohttp import WSServerHandshakeError

    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/listen?hz=169e6")
    assert refused.value.status == 503


async def test_a_page_of_somebody_else_may_not_listen(ear, client, world):
    from aiohttp import WSServerHandshakeError

    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/listen?hz=169e6", headers={"Origin": "http://evil.test"})
    assert refused.value.status == 403
    assert world.audit == []


@pytest.mark.parametrize(("venue", "status"), [("elsewhere", 404), ("v", 101)])
async def test_a_sensor_of_another_venue_is_not_listened_to(ear, connect, world, monkeypatch, venue, status):
    plain = world.services
    roof = SimpleNamespace(venue="v")
    monkeypatch.setattr(world, "services", lambda: replace(plain(), held={"roof": roof}))
    monkeypatch.setattr(listening, "scope_of", lambda _request: Scope(frozenset({venue})))
    client = await connect()
    if status == 101:
        async with client.ws_connect("/api/sensors/roof/listen?hz=169000000") as socket:
            assert (await socket.receive()).data == PCM
        return
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/listen?hz=169000000")
    assert refused.value.status == status
    assert world.audit == []
