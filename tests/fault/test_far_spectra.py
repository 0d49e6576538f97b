"""An edge's spectra at the hub's console, over the real broker: past, live, within the budget, cut off."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.clock import SystemClock
from monitor.link import spectra_in, spectra_out, words
from monitor.link.asking import MOST_BYTES, unpacked
from monitor.link.bus import Bus, BusSettings, LinkError
from monitor.link.edge import Edge, Identity
from monitor.link.evidence_out import Budget
from monitor.link.nodes import Nodes
from monitor.link.outbox import Outbox
from monitor.link.spectra_out import SpectraServer
from monitor.link.stamp import machine_stamper
from monitor.onlookers import Onlookers
from monitor.people.scope import Scope
from monitor.server.app import make_server_app
from monitor.server.looking import CUT_OFF
from monitor.server.services import ServerServices
from monitor.server.spectrum_services import PastQuery
from monitor.server.views import HealthView, QueueHealth, SensorHealth
from monitor.spectrum import HistoryFiles
from scripts.servers import NatsServer
from sdr.history import History
from sdr.history_feed import Series
from sdr.lookout import SpectrumRow
from tests.fault.province import QUICK, Province, TestHub, Uplink, until
from tests.fault.test_link_parts import broker, province
from tests.unit.monitor.server.conftest import world

__all__ = ["broker", "province", "world"]
pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]
NINE = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
N_BINS = 64
QUERY = {
    "from": "2026-06-07T09:00:00+08:00",
    "to": "2026-06-07T09:01:00+08:00",
    "low_hz": "168500000",
    "high_hz": "169500000",
}
ROW = SpectrumRow(NINE, 0.04, 167.8e6, 2343.75, bytes(range(1, 201)))


class Roof:
    """A sensor that is heard 25 times a second while somebody looks."""

    def __init__(self) -> None:
        self.onlookers = Onlookers()
        self.n_shown = 0

    def look(self):
        return self.onlookers.add(lambda: None)

    async def run(self) -> None:
        while True:
            self.n_shown += self.onlookers.is_any
            self.onlookers.show(replace(ROW, started_at=NINE + timedelta(seconds=0.04 * self.n_shown)))
            await asyncio.sleep(0.04)


@dataclass
class Place:
    province: Province
    hub: TestHub
    uplink: Uplink
    edge: Edge
    roof: Roof
    client: TestClient
    audit: list[tuple[Any, ...]]


def history(folder) -> HistoryFiles:
    kept = History(folder, "roof")
    series = Series(169_000_000, 1_000_000, N_BINS, 1)
    mean = np.full(N_BINS, 1e-12)
    peak = np.where(np.arange(N_BINS) == 40, 1e-9, mean)
    for second in range(60):
        kept.add(series, NINE + timedelta(seconds=second), mean, peak)
    kept.close()
    return HistoryFiles(folder, ["roof"])


def health(at: datetime) -> HealthView:
    return HealthView(
        status="ok",
        version="1",
        started_at=at,
        now=at,
        sensors=[SensorHealth(id="roof", state="ok", venue="v1")],
        sources=[],
        queue=QueueHealth(),
        sessions=[],
    )


@asynccontextmanager
async def standing(
    province: Province, broker: NatsServer, world, tmp_path, prepare: Callable[[Edge], None]
) -> AsyncIterator[Place]:
    """One edge with a roof, behind an uplink, and a hub's console; `prepare` the edge for what it can."""
    hub = await province.hub()
    uplink = Uplink(broker.port)
    await uplink.restore()
    bus = Bus(BusSettings(f"nats://127.0.0.1:{uplink.port}", "no1", **QUICK), SystemClock(), random.Random(1))
    stamper = machine_stamper()
    outbox = Outbox.open(tmp_path / "outbox.db", 10**9, stamper)
    identity = Identity("no1", "sensor", "run-1", "v1")
    edge = Edge(identity, bus, outbox, tmp_path / "edge", 2000, stamper, SystemClock())
    roof = Roof()
    edge.show_spectra(history(tmp_path / "history"), {"roof": roof})
    prepare(edge)
    at = datetime.now(UTC)
    running = [asyncio.create_task(edge.run(lambda: health(at), list)), asyncio.create_task(roof.run())]
    await until(lambda: "no1:roof" in hub.hub.spectra.held)
    audit: list[tuple[Any, ...]] = []

    async def record(*what: Any) -> None:
        audit.append(what)

    hub.hub.spectra._record = record
    services = ServerServices(
        world.book,
        world.open_evidence,
        world.health,
        lambda: NINE,
        past=hub.hub.spectra,
        held=hub.hub.spectra.held,
        templates=hub.hub.spectra.surveys,
        record=record,
    )
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield Place(province, hub, uplink, edge, roof, client, audit)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await outbox.close()
    await uplink.cut()


@pytest.fixture
async def place(province: Province, broker: NatsServer, world, tmp_path) -> AsyncIterator[Place]:
    async with standing(province, broker, world, tmp_path, lambda _edge: None) as made:
        yield made


async def test_the_past_of_an_edges_sensor_is_as_that_of_one_here_and_the_look_is_recorded(place):
    answer = await place.client.get("/api/sensors/no1:roof/history", params=QUERY)
    assert answer.status == 200
    view = await answer.json()
    shape = view["n_rows"], view["n_bins"]
    assert shape == (60, N_BINS)
    peak = np.frombuffer(b64decode(view["max"]), np.uint8).reshape(shape)
    assert np.all(view["code_1_db"] + (peak[:, 40] - 1.0) * view["step_db"] == -90.0)
    assert [(what[1], what[2]) for what in place.audit] == [("spectrum.fetched", "no1:roof")]
    wrong = await place.client.get("/api/sensors/no1:roof/history", params={**QUERY, "high_hz": "1"})
    assert wrong.status == 400
    for name in ("no1:cellar", "no2:roof", "roof"):
        assert (await place.client.get(f"/api/sensors/{name}/history", params=QUERY)).status == 404


async def test_live_rows_come_at_a_modest_rate_and_end_by_themselves(place, monkeypatch):
    monkeypatch.setattr(spectra_out, "LOOKS_S", 1.0)
    async with (
        place.client.ws_connect("/api/sensors/no1:roof/spectrum") as one,
        place.client.ws_connect("/api/sensors/no1:roof/spectrum") as two,
    ):
        first = await one.receive_bytes(timeout=10)
        assert struct.unpack_from("<d", first, 16) == (167.8e6,)
        assert first[32:] == ROW.codes
        began_s, n_frames = time.monotonic(), 0
        while time.monotonic() - began_s < 2.5:
            await one.receive_bytes(timeout=10)
            n_frames += 1
        assert 1.0 < n_frames / (time.monotonic() - began_s) < 4.5
        await two.receive_bytes(timeout=10)
        assert place.edge._spectra is not None
        assert place.edge._spectra.n_viewers == 1, "two who look at the hub are one question"
    await until(lambda: not place.roof.onlookers.is_any, 10)


async def test_an_edge_that_is_cut_off_is_told_as_such_and_comes_back(place, monkeypatch):
    monkeypatch.setattr(spectra_in, "ROWS_S", 1.0)
    async with place.client.ws_connect("/api/sensors/no1:roof/spectrum") as socket:
        await socket.receive_bytes(timeout=10)
        await place.uplink.cut()
        async with asyncio.timeout(15):
            while not socket.closed:
                await socket.receive()
        assert socket.close_code == CUT_OFF
    answer = await place.client.get("/api/sensors/no1:roof/history", params=QUERY)
    told = await answer.json()
    assert (answer.status, told["code"]) == (503, "cut-off")
    assert "no1 does not answer" in told["detail"]
    assert "无应答" in told["detail"]
    await place.uplink.restore()
    async with asyncio.timeout(20):
        # The edge is asked until it answers.
        while (await place.client.get("/api/sensors/no1:roof/history", params=QUERY)).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def query(asker: str, start: datetime = NINE) -> PastQuery:
    return PastQuery("no1:roof", 168.5e6, 169.5e6, start, start + timedelta(minutes=1), 60, N_BINS, asker)


async def test_one_question_of_each_person_is_under_way_at_a_time(place, monkeypatch):
    spectra, asked = place.hub.hub.spectra, list[str]()
    fetch, most = spectra._fetch, 0

    async def slowly(node, sensor, wanted):
        nonlocal most
        asked.append(wanted.asker)
        most = max(most, asked.count("li"))
        await asyncio.sleep(0.1)
        past = await fetch(node, sensor, wanted)
        asked.remove(wanted.asker)
        return past

    monkeypatch.setattr(spectra, "_fetch", slowly)
    views = await asyncio.gather(
        *(spectra.view(query("li")) for _ in range(6)), spectra.view(query("wang")), return_exceptions=True
    )
    refused = [view for view in views if isinstance(view, LinkError)]
    assert len(refused) == 6 - spectra_in.MOST_WAITING
    assert most == 1
    assert views[-1].n_rows == 60
    assert not spectra._turns, "nothing is kept of who asked"


class Noise:
    """A history of noise, which does not pack."""

    async def view(self, wanted: PastQuery):
        rng = np.random.default_rng(1)
        codes = rng.integers(1, 250, wanted.n_rows * wanted.n_bins, np.uint8).tobytes()
        return spectra_in._view(
            words.Past(NINE, 1.0, 0.0, 1.0, wanted.n_rows, wanted.n_bins, -150.0, 0.5, codes, codes)
        )


class Straight:
    """A bus without a broker: questions are answered as by the edge, and what that costs is counted."""

    def __init__(self, server: SpectraServer) -> None:
        self._server = server
        self.sizes: list[int] = []

    async def request(self, _subject, body, _timeout_s):
        @dataclass
        class Said:
            data: bytes

        answer = await self._server.answer(body)
        self.sizes.append(len(answer))
        return Said(answer)


@pytest.mark.parametrize("kbps", [64, 512])
async def test_a_narrow_uplink_gives_less_detail_in_bounded_pieces(kbps):
    clock, bytes_per_s = SystemClock(), kbps * 125
    server = SpectraServer(Noise(), {}, Budget(bytes_per_s, clock), bytes_per_s, clock)
    bus, nodes = Straight(server), Nodes()

    async def record(*_what: Any) -> None:
        pass

    spectra = spectra_in.FarSpectra("hub", nodes, bus, record, clock)  # pyright: ignore
    report = words.NodeReport(
        "no1", "sensor", "r", "v1", NINE, 0.0, health(NINE), [], words.OutboxReport(0, 0, 1)
    )
    nodes.heard(report, NINE)
    assert spectra.held["no1:roof"].venue == "v1"
    assert not Scope(venues=frozenset({"v2"})).holds(spectra.held["no1:roof"].venue)
    view = await spectra.view(replace(query("li"), n_rows=480, n_bins=1024))
    assert view is not None
    assert view.n_rows * view.n_bins <= max(spectra_out.LEAST_PAST_BYTES, 4 * bytes_per_s) / 2
    assert view.n_rows > 40
    assert max(bus.sizes) <= min(bytes_per_s, 65_536) + 100
    assert sum(bus.sizes) <= max(spectra_out.LEAST_PAST_BYTES, 4 * bytes_per_s) * 1.05


async def test_the_hub_believes_no_edge_that_says_too_much():
    import zlib

    import msgspec

    with pytest.raises(LinkError, match="cannot be read"):
        unpacked(zlib.compress(bytes(MOST_BYTES + 10)), words.Past, "no1")
    with pytest.raises(LinkError, match="cannot be read"):
        unpacked(b"nonsense", words.Past, "no1")
    server = SpectraServer(Noise(), {}, Budget(1e9, SystemClock()), 1e9, SystemClock())
    told = msgspec.msgpack.decode(await server.answer(b"\x81"), type=words.Piece)
    assert told.error is not None
    newer = msgspec.msgpack.encode({"type": "holograms", "sensor": "roof"})
    told = msgspec.msgpack.decode(await server.answer(newer), type=words.Piece)
    assert "does not know the question" in str(told.error)
