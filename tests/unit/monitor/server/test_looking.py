"""The live spectrum over a WebSocket, and holding a sensor: who is shown what, and what is recorded."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import WSServerHandshakeError

from monitor.onlookers import MOST_ROWS, Onlookers
from monitor.people.scope import Scope
from monitor.sensors import CutOffError, SensorError, TooOldError
from monitor.server import looking
from monitor.server.looking import HEAD, frame
from monitor.server.views import StareView
from sdr.lookout import SpectrumRow

AT = datetime(2026, 6, 7, 1, 32, 10, 500_000, tzinfo=UTC)
ROW = SpectrumRow(AT, 0.04, 167.8e6, 2343.75, bytes(range(1, 201)))


class Roof:
    """A sensor that a test drives."""

    venue = "v"

    def __init__(self) -> None:
        self.onlookers = Onlookers()
        self.n_changes = 0
        self.held: list[tuple[float, float, str, str]] = []

    def look(self):
        def changed() -> None:
            self.n_changes += 1

        return self.onlookers.add(changed)

    async def stare(self, center_hz, seconds, actor, reason):
        if center_hz > 1e9:
            raise SensorError("a recording cannot be tuned: it plays what was recorded")
        self.held.append((center_hz, seconds, actor, reason))
        return StareView(center_hz=center_hz, until=AT + timedelta(seconds=seconds), by=actor, reason=reason)

    async def end_stare(self, actor):
        return bool(self.held) and bool(self.held.pop())


async def until_nobody_looks(roof: Roof) -> None:
    async with asyncio.timeout(5):
        while roof.onlookers.is_any:  # noqa: ASYNC110 - the handler ends after the socket is closed
            await asyncio.sleep(0.01)


@pytest.fixture
def roof(world, monkeypatch):
    found = Roof()
    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), held={"roof": found}))
    return found


def test_a_row_lies_in_its_frame_as_the_module_draws_it():
    raw = frame(ROW, 7)
    assert len(raw) == 32 + 200
    assert raw[0] == 1
    assert struct.unpack_from("<H", raw, 2) == (200,)
    assert struct.unpack_from("<I", raw, 4) == (7,)
    assert struct.unpack_from("<dd", raw, 8) == (AT.timestamp(), 167.8e6)
    assert struct.unpack_from("<ff", raw, 24) == (2343.75, pytest.approx(0.04))
    assert raw[32:] == ROW.codes
    assert HEAD.size == 32


async def test_rows_come_in_order_and_nobody_is_shown_to_when_the_viewer_has_gone(roof, client):
    async with client.ws_connect("/api/sensors/roof/spectrum") as socket:
        assert roof.onlookers.is_any
        roof.onlookers.show(ROW)
        first = await socket.receive_bytes()
        assert first == frame(ROW, 0)
        roof.onlookers.show(replace(ROW, low_hz=168e6))
        assert (await socket.receive_bytes())[16:24] == struct.pack("<d", 168e6)
    await until_nobody_looks(roof)
    assert roof.n_changes == 2


async def test_who_is_too_slow_sees_the_newest_rows_and_how_many_were_dropped():
    onlookers = Onlookers()
    glance, end = onlookers.add(lambda: None)
    for i in range(MOST_ROWS + 5):
        onlookers.show(replace(ROW, low_hz=float(i)))
    rows = await glance.take()
    assert [row.low_hz for row in rows] == [float(i) for i in range(5, MOST_ROWS + 5)]
    assert glance.n_dropped == 5
    end()
    assert not onlookers.is_any


async def test_a_viewer_of_an_edge_that_does_not_answer_is_told_so(roof, client):
    async with client.ws_connect("/api/sensors/roof/spectrum") as socket, asyncio.timeout(5):
        roof.onlookers.over("edge no1 does not answer · 边缘节点 no1 无应答" * 5)
        closed = await socket.receive()
        assert (closed.type.name, closed.data) == ("CLOSE", looking.CUT_OFF)
        assert closed.extra.startswith("edge no1 does not answer")


async def test_a_viewer_whose_session_ends_is_shown_no_more(roof, client, monkeypatch):
    monkeypatch.setattr(looking, "ASK_S", 0.05)

    async def no_more(_request):
        return False

    monkeypatch.setattr(looking, "still_allowed", no_more)
    async with client.ws_connect("/api/sensors/roof/spectrum") as socket, asyncio.timeout(5):
        assert (await socket.receive()).type.name == "CLOSE"
    await until_nobody_looks(roof)


async def test_what_cannot_be_looked_at_is_told(roof, client, monkeypatch):
    answer = await client.get("/api/sensors/roof/spectrum")
    assert (answer.status, (await answer.json())["code"]) == (426, "websocket-needed")
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/cellar/spectrum")
    assert refused.value.status == 404
    monkeypatch.setattr(looking, "MAX_VIEWERS", 0)
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/spectrum")
    assert refused.value.status == 503


async def test_a_stare_is_made_recorded_and_ended(roof, client, world):
    body = {"center_hz": 169e6, "seconds": 60, "reason": " test burst yesterday "}
    answer = await client.post("/api/sensors/roof/stare", json=body)
    assert answer.status == 200
    told = (await answer.json())["stare"]
    assert (told["center_hz"], told["by"], told["reason"]) == (169e6, "local", "test burst yesterday")
    assert roof.held == [(169e6, 60, "local", "test burst yesterday")]
    assert (await (await client.delete("/api/sensors/roof/stare")).json()) == {"stare": None}
    again = await client.delete("/api/sensors/roof/stare")
    assert (again.status, (await again.json())["code"]) == (409, "not-staring")
    assert [(action, subject) for _, action, subject, _ in world.audit] == [
        ("stare.began", "roof"),
        ("stare.ended", "roof"),
    ]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"seconds": 0}, 400, "bad-parameter"),
        ({"seconds": 1801}, 400, "bad-parameter"),
        ({"reason": "  "}, 400, "bad-parameter"),
        ({"center_hz": -1}, 400, "bad-parameter"),
        ({"center_hz": 2e9}, 409, "cannot-stare"),
    ],
)
async def test_a_stare_that_cannot_be_is_refused_in_words(roof, client, world, change, status, code):
    body = {"center_hz": 169e6, "seconds": 60, "reason": "why", **change}
    answer = await client.post("/api/sensors/roof/stare", json=body)
    told = await answer.json()
    assert (answer.status, told["code"]) == (status, code)
    assert told["detail"]
    assert world.audit == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(CutOffError("edge no1 does not answer"), 503, "cut-off"), (TooOldError("0.0.9"), 409, "edge-too-old")],
)
async def test_what_an_edge_cannot_is_told_as_what_it_is(
    roof, client, world, monkeypatch, error, status, code
):
    async def refuse(*_asked):
        raise error

    monkeypatch.setattr(roof, "stare", refuse)
    monkeypatch.setattr(roof, "end_stare", refuse)
    body = {"center_hz": 169e6, "seconds": 60, "reason": "why"}
    for answer in (
        await client.post("/api/sensors/roof/stare", json=body),
        await client.delete("/api/sensors/roof/stare"),
    ):
        told = await answer.json()
        assert (answer.status, told["code"]) == (status, code)
        assert str(error) in told["detail"]
    assert world.audit == []


async def test_a_sensor_of_another_venue_is_neither_shown_nor_held(roof, client, monkeypatch, world):
    monkeypatch.setattr(looking, "scope_of", lambda _request: Scope(frozenset({"elsewhere"})))
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/sensors/roof/spectrum")
    assert refused.value.status == 404
    body = {"center_hz": 169e6, "seconds": 60, "reason": "why"}
    assert (await client.post("/api/sensors/roof/stare", json=body)).status == 404
    assert roof.held == []
    assert world.audit == []
