"""Live listening: sound or the reason for none, recorded when it begins and ends, ended with the session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from monitor.bandplan import BandPlan
from monitor.earphone import Earphone, Piece
from monitor.people.scope import Scope
from monitor.sensors import CutOffError, SensorError, TooOldError
from monitor.server import listening, looking
from monitor.server.app import make_server_app
from monitor.server.looking import CUT_OFF
from monitor.store.errors import StoreError

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


class Sensor:
    """Gives what `ear` hears, or fails with `error`."""

    venue = "v"

    def __init__(self, ear: Ear | None, error: Exception | None = None) -> None:
        self.ear, self.error = ear, error
        self.asked: list[tuple[object, ...]] = []

    async def listen(self, *asked):
        self.asked.append(asked)
        if self.ear is None:
            assert self.error is not None
            raise self.error
        return Earphone(self.ear)


@pytest.fixture
def ear(world, monkeypatch):
    """A sensor called roof, and some that give nothing."""
    found = Ear([Piece(PCM), Piece(away_hz=433e6), Piece(PCM), Piece(is_silent=True)])
    held = {
        "roof": Sensor(found),
        "gate": Sensor(None, SensorError("unplugged")),
        "no1:roof": Sensor(None, CutOffError("edge no1 does not answer")),
        "no2:roof": Sensor(None, TooOldError("edge no2 runs an earlier version")),
    }
    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), held=held))
    return found


async def test_sound_and_the_reason_for_none_come_in_order_and_stand_in_the_audit(ear, client, world):
    async with client.ws_connect("/api/sensors/roof/listen?hz=169000000") as socket:
        told = [await socket.receive() for _ in range(5)]
    assert [message.type for message in told] == [
        WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.CLOSE,
    ]  # fmt: skip
    assert told[0].data == PCM
    assert [told[n].json() for n in (1, 3)] == [{"away_hz": 433e6}, {"away_hz": None}]
    async with asyncio.timeout(10):
        while len(world.audit) < 2:  # noqa: ASYNC110 - the end is written after the socket is closed
            await asyncio.sleep(0.01)
    assert world.audit == [
        ("local", "listening.began", "roof", WHAT),
        ("local", "listening.ended", "roof", {**WHAT, "sound_s": 1.0, "n_dropped": 0}),
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


async def test_a_sensor_that_is_not_there_is_told(ear, client, world):
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/cellar/listen?hz=169e6")
    assert refused.value.status == 404
    assert world.audit == []


@pytest.mark.parametrize(
    ("sensor", "code", "why"),
    [
        ("gate", listening.REFUSED, "unplugged"),
        ("no1:roof", CUT_OFF, "edge no1 does not answer"),
        ("no2:roof", listening.TOO_OLD, "edge no2 runs an earlier version"),
    ],
)
async def test_what_the_sensor_says_comes_with_the_end_where_a_browser_reads_it(
    ear, client, world, sensor, code, why
):
    async with client.ws_connect(f"/api/sensors/{sensor}/listen?hz=169e6") as socket, asyncio.timeout(5):
        end = await socket.receive()
        assert (end.type, end.data, end.extra) == (WSMsgType.CLOSE, code, why)
    assert world.audit == []


async def test_a_sensor_of_another_venue_is_not_listened_to(ear, client, world, monkeypatch):
    monkeypatch.setattr(looking, "scope_of", lambda _request: Scope(frozenset({"elsewhere"})))
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/listen?hz=169e6")
    assert refused.value.status == 404
    assert world.audit == []


async def test_nothing_is_heard_that_is_not_in_the_audit(ear, client, world, monkeypatch):
    async def full(*_what):
        raise StoreError("disk full")

    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), record=full))
    server = TestServer(make_server_app(world.services(), world.settings()))
    async with TestClient(server) as other, other.ws_connect("/api/sensors/roof/listen?hz=169e6") as socket:
        end = await socket.receive(timeout=5)
        assert (end.type, end.data, end.extra) == (WSMsgType.CLOSE, 1011, "disk full")
    assert ear.is_closed


async def test_what_nobody_takes_in_time_is_dropped_and_counted():
    class Fast(Ear):
        def pieces(self):
            for n in range(10):
                yield Piece(bytes([n, n]))
            yield Piece(away_hz=1e6)
            yield Piece(is_silent=True)
            done.set()

    done = threading.Event()
    phone = Earphone(Fast([]))
    await asyncio.to_thread(done.wait, 5)
    await asyncio.sleep(0.05)
    taken = await phone.take()
    assert [piece.pcm for piece in taken] == [bytes([n, n]) for n in range(5, 10)] + [b""]
    assert taken[-1].is_silent, "of two reasons for silence the newer one"
    assert phone.n_dropped == 5
    assert await phone.take() == []


async def test_a_fault_of_the_program_in_the_listeners_thread_comes_out():
    class Broken(Ear):
        def pieces(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Earphone(Broken([])).take()


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
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/listen?hz=169e6")
    assert refused.value.status == 503


async def test_a_page_of_somebody_else_may_not_listen(ear, client, world):
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/listen?hz=169e6", headers={"Origin": "http://evil.test"})
    assert refused.value.status == 403
    assert world.audit == []
