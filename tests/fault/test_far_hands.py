"""An edge's sensor listened to and held from the hub's console, over the real broker; what breaks that."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientConnectionError, ClientSession, WSMsgType
from structlog.testing import capture_logs

from monitor.clock import SystemClock
from monitor.config.model import Sensor
from monitor.earphone import Earphone, Piece
from monitor.link import listen_in, listen_out, spectra_in, stare_in, stare_out, survey_in
from monitor.link.bus import Bus, BusSettings
from monitor.link.edge import Edge, Identity
from monitor.link.outbox import Outbox
from monitor.link.stamp import machine_stamper
from monitor.sensors import SensorError
from monitor.server import listening
from monitor.server.looking import CUT_OFF
from monitor.server.views import StareView
from monitor.templates import SiteTemplates
from scripts.servers import NatsServer, free_port
from sdr.survey import Key, Template
from sdr.survey.template import VERSION, HourLevels, Stretch, write
from tests.fault.province import QUICK, Province, until
from tests.fault.test_far_spectra import NINE, Place, health, history, standing
from tests.fault.test_link_parts import BOTH, broker, province
from tests.unit.monitor.server.conftest import world

__all__ = ["broker", "province", "world"]
pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]
N = 8000
TONE = np.round(9000 * np.sin(2 * np.pi * 800 * np.arange(N) / 16_000)).astype("<i2")
LISTEN = "/api/sensors/no1:roof/listen?hz=169000000"
STARE = "/api/sensors/no1:roof/stare"
BODY = {"center_hz": 169e6, "seconds": 600, "reason": "a burst yesterday"}


class Tone:
    """An ear that hears a tone, half a second of it every tenth."""

    def __init__(self) -> None:
        self.is_closed = False

    def pieces(self) -> Iterator[Piece]:
        while not self.is_closed:
            yield Piece(TONE.tobytes())
            time.sleep(0.1)

    def close(self) -> None:
        self.is_closed = True


class Mast:
    """The roof's receiver, as far as hands go."""

    def __init__(self) -> None:
        self.ears: list[Tone] = []
        self.held: StareView | None = None

    @property
    def n_open(self) -> int:
        return sum(not ear.is_closed for ear in self.ears)

    async def listen(self, _channel_hz, _mode, _actor) -> Earphone:
        self.ears.append(Tone())
        return Earphone(self.ears[-1])

    async def stare(self, center_hz, seconds, actor, reason) -> StareView:
        if center_hz > 1e9:
            raise SensorError("a recording cannot be tuned: it plays what was recorded")
        until_at = datetime.now(UTC) + timedelta(seconds=seconds)
        self.held = StareView(center_hz=center_hz, until=until_at, by=actor, reason=reason)
        return self.held

    async def end_stare(self, _actor) -> bool:
        was, self.held = self.held, None
        return was is not None


@pytest.fixture
def mast() -> Mast:
    return Mast()


@pytest.fixture
async def place(province: Province, broker: NatsServer, world, tmp_path, mast) -> AsyncIterator[Place]:
    def lend(edge: Edge) -> None:
        edge.lend({"roof": mast}, [(351e6, 358e6)])

    async with standing(province, broker, world, tmp_path, lend) as made:
        yield made


async def closed(socket, within_s: float = 20.0) -> tuple[Any, Any, list[Any]]:
    """Code and reason of the end, and what was told before it."""
    told: list[Any] = []
    async with asyncio.timeout(within_s):
        while True:
            said = await socket.receive()
            if said.type is WSMsgType.CLOSE:
                return said.data, said.extra, told
            if said.type is WSMsgType.TEXT:
                told.append(said.json())


@BOTH
async def test_who_listens_hears_the_edges_sound_and_both_sides_write_it_down(place, mast):
    with capture_logs() as logs:
        async with place.client.ws_connect(LISTEN) as socket:
            heard = [np.frombuffer(await socket.receive_bytes(timeout=10), "<i2") for _ in range(6)]
            assert mast.n_open == 1
        await until(lambda: not mast.n_open, 5)
        await until(lambda: len(place.audit) == 2, 5)
    for piece in heard:
        assert len(piece) == N
        noise = np.mean((piece.astype(float) - TONE) ** 2)
        assert 10 * np.log10(np.mean(TONE.astype(float) ** 2) / noise) > 25
    what = {"channel_hz": 169e6, "mode": "nfm"}
    (actor, began, name, about), (_, ended, _, result) = place.audit
    assert (actor, began, name, about) == ("local", "listening.began", "no1:roof", what)
    assert ended == "listening.ended"
    assert result["sound_s"] >= 3.0
    there = {entry["event"]: entry for entry in logs if "from the hub" in entry["event"]}
    begun = there["somebody listens from the hub"]
    assert (begun["person"], begun["hub"], begun["sensor"]) == ("local", "hub", "roof")
    assert there["listening from the hub has ended"]["why"] == "the listener has gone"


async def test_an_uplink_cut_while_listening_is_told_and_nobody_listens_on(place, mast):
    async with place.client.ws_connect(LISTEN) as socket:
        await socket.receive_bytes(timeout=10)
        await place.uplink.cut()
        code, reason, told = await closed(socket)
    assert code == CUT_OFF
    assert reason.startswith("edge no1 does not answer")
    assert {"away_hz": None} in told, "meanwhile nothing comes, which is said"
    await until(lambda: not mast.n_open, listen_out.LEASE_S + 4)
    assert [entry[1] for entry in place.audit] == ["listening.began", "listening.ended"]


async def test_a_broker_that_is_started_anew_only_interrupts_a_listener(place, mast, broker, monkeypatch):
    # As if the broker came back at once: this machine may be slow to start it.
    monkeypatch.setattr(listen_out, "LEASE_S", 30.0)
    monkeypatch.setattr(listen_in, "PATIENCE_S", 30.0)
    async with place.client.ws_connect(LISTEN) as socket:
        await socket.receive_bytes(timeout=10)
        broker.kill()
        await asyncio.sleep(1.0)
        await asyncio.to_thread(broker.start)
        async with asyncio.timeout(40):
            n_sounds = 0
            while n_sounds < 20:
                said = await socket.receive()
                assert said.type in (WSMsgType.BINARY, WSMsgType.TEXT), said
                n_sounds += said.type is WSMsgType.BINARY
        assert mast.n_open == len(mast.ears) == 1
    await until(lambda: len(place.audit) == 2, 5)
    assert place.audit[1][3]["n_dropped"] > 0, "what came meanwhile is late, and counted"


async def test_no_more_listen_than_the_uplink_carries(place, mast):
    most = listen_out.most_listeners(2000 * 125)
    sockets = [await place.client.ws_connect(LISTEN) for _ in range(most)]
    for socket in sockets:
        await socket.receive_bytes(timeout=10)
    async with place.client.ws_connect(LISTEN) as one_more:
        code, reason, _ = await closed(one_more)
    assert code == listening.REFUSED
    assert reason.startswith("4 may listen over this edge's 2000 kbit")
    for socket in sockets:
        await socket.close()
    await until(lambda: not mast.n_open, 10)


async def test_what_the_edges_own_plan_closes_stays_closed(place, mast):
    async with place.client.ws_connect("/api/sensors/no1:roof/listen?hz=352000000") as socket:
        code, reason, _ = await closed(socket)
    assert (code, reason[:11]) == (listening.REFUSED, "this edge's")
    assert not mast.ears


@BOTH
async def test_a_receiver_is_held_from_the_console_and_let_go_and_the_hub_knows_at_once(place, mast):
    answer = await place.client.post(STARE, json=BODY)
    assert answer.status == 200
    assert (await answer.json())["stare"]["by"] == "local"
    assert mast.held is not None
    assert (mast.held.center_hz, mast.held.reason) == (169e6, "a burst yesterday")
    refused = await place.client.post(STARE, json={**BODY, "center_hz": 2e9})
    assert (refused.status, (await refused.json())["code"]) == (409, "cannot-stare")
    assert (await place.client.delete(STARE)).status == 200
    assert mast.held is None
    assert (await place.client.delete(STARE)).status == 409
    assert [entry[1] for entry in place.audit] == ["stare.began", "stare.ended"]


async def test_what_is_held_is_kept_while_its_hub_lives_and_let_go_when_it_does_not(place, mast, monkeypatch):
    monkeypatch.setattr(stare_out, "LEASE_S", 3.0)
    # The first word that it is still wanted comes after the usual time: say it by hand until then.
    spectra = place.hub.hub.spectra
    assert (await place.client.post(STARE, json=BODY)).status == 200
    for _ in range(9):
        await asyncio.sleep(0.5)
        for key, one in spectra.stares._kept.items():
            await spectra.stares._keep(key, one)
    assert mast.held is not None, "after more than a lease it is still wanted"
    with capture_logs() as logs:
        await place.hub.stop()
        await until(lambda: mast.held is None, 10)
    assert [entry["why"] for entry in logs if "why" in entry] == ["its hub is not heard any more"]


@asynccontextmanager
async def hub_process(folder: Path, broker_url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A hub as it is run, and its console's address."""
    port = free_port()
    (folder / "hub.yml").write_text(
        f"site: {{id: hub, name: {{en: Hub, zh: 中心}}}}\ndata_dir: {folder / 'hub'}\nauth: off\n"
        f"server: {{port: {port}}}\nlink: {{url: '{broker_url}', node: hub}}\n"
    )
    program = "from monitor.cli import main; main()"
    command = [sys.executable, "-c", program, "run", str(folder / "hub.yml"), "--role", "hub"]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_hub_killed_while_it_listens_and_holds_leaves_neither(broker, tmp_path, mast, monkeypatch):
    monkeypatch.setattr(stare_out, "LEASE_S", 5.0)
    stamper = machine_stamper()
    outbox = Outbox.open(tmp_path / "outbox.db", 10**9, stamper)
    bus = Bus(BusSettings(broker.url, "no1", **QUICK), SystemClock(), random.Random(1))
    edge = Edge(Identity("no1", "sensor", "run-1", "v1"), bus, outbox, tmp_path, 2000, stamper, SystemClock())
    edge.lend({"roof": mast}, [])
    at = datetime.now(UTC)
    running = asyncio.create_task(edge.run(lambda: health(at), list))
    async with hub_process(tmp_path, broker.url) as (hub, address), ClientSession() as client:
        async with asyncio.timeout(90):
            while not mast.held:
                await edge._tell()
                await asyncio.sleep(0.3)
                with contextlib.suppress(ClientConnectionError):
                    await client.post(f"{address}{STARE}", json=BODY)
        async with client.ws_connect(f"{address}{LISTEN}") as socket:
            await socket.receive_bytes(timeout=10)
            assert (mast.held is not None, mast.n_open) == (True, 1)
            hub.kill()
            killed_s = time.monotonic()
            await until(lambda: mast.held is None and not mast.n_open, 30)
            assert time.monotonic() - killed_s < listen_out.LEASE_S + 8
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await outbox.close()


async def test_of_two_hubs_the_one_that_asks_hears_and_the_other_can_let_go(place, mast):
    other = await place.province.hub("hub-2")
    await place.edge._tell()
    await until(lambda: "no1:roof" in other.hub.spectra.held)
    async with place.client.ws_connect(LISTEN) as socket:
        await socket.receive_bytes(timeout=10)
        hearing = await other.hub.spectra.held["no1:roof"].listen(170e6, "am", "wang")
        assert (await hearing.take())[0].pcm
        assert mast.n_open == 2
        hearing.close()
        await until(lambda: mast.n_open == 1, 5)
        await socket.receive_bytes(timeout=10)
    assert (await place.client.post(STARE, json=BODY)).status == 200
    stares = place.hub.hub.spectra.stares
    assert list(stares.kept) == [("no1", "roof")]
    await place.edge._tell()
    assert await other.hub.spectra.held["no1:roof"].end_stare("wang")
    assert mast.held is None
    for key, one in tuple(stares._kept.items()):
        await stares._keep(key, one)
    assert not stares.kept, "the hub that held it hears that it is let go"


def surveyed(path: Path) -> SiteTemplates:
    """The roof's site, surveyed at nine o'clock."""
    first = round(168.5e6 / 12_500)
    levels = {name: [-70.0] * 80 for name in ("p10", "p50", "p90", "p99", "max")}
    hour = HourLevels(1, 100, -110.0, levels, [0.0] * 80)
    write(path, Template(VERSION, Key(), NINE, NINE, 60.0, 12_500.0, [Stretch(first, 80, [hour])], []))
    values = {"id": "roof", "source": "rtl:0", "baseline": str(path)}
    return SiteTemplates([Sensor.model_validate(values, context={"base": path.parent})])


async def test_a_sites_survey_is_read_over_the_link_once_and_kept(
    province, broker, world, tmp_path, monkeypatch
):
    templates, n_read = surveyed(tmp_path / "roof.json"), 0
    view = templates.view

    async def counted(query):
        nonlocal n_read
        n_read += 1
        return await view(query)

    monkeypatch.setattr(templates, "view", counted)
    monkeypatch.setattr(survey_in, "ANSWER_S", 1.0)

    def prepare(edge: Edge) -> None:
        edge._can.clear()
        edge.show_spectra(history(tmp_path / "past"), {}, templates)

    query = {"low_hz": "168500000", "high_hz": "169500000", "bins": "64"}
    path = "/api/sensors/no1:roof/template"
    async with standing(province, broker, world, tmp_path, prepare) as place:
        for _ in range(2):
            answer = await place.client.get(path, params=query)
            assert answer.status == 200
            template = (await answer.json())["template"]
            assert template["p50"][10] == pytest.approx(-70 - 10 * np.log10(12_500), abs=0.1)
        assert n_read == 1
        await place.uplink.cut()
        assert (await place.client.get(path, params=query)).status == 200, "it is kept"
        for most_s in (10.0, 0.9):
            began_s = time.monotonic()
            answer = await place.client.get(path, params={**query, "bins": "32"})
            assert (answer.status, (await answer.json())["code"]) == (503, "cut-off")
            # The second time nobody waits for an edge that did not answer.
            assert time.monotonic() - began_s < most_s


async def test_an_edge_that_is_cut_off_is_not_held(place, mast, monkeypatch):
    monkeypatch.setattr(stare_in, "ANSWER_S", 1.0)
    await place.uplink.cut()
    answer = await place.client.post(STARE, json=BODY)
    told = await answer.json()
    assert (answer.status, told["code"]) == (503, "cut-off")
    assert "无应答" in told["detail"]
    assert place.audit == []


async def test_an_edge_of_an_earlier_version_is_told_as_such_at_once(
    province, broker, world, tmp_path, monkeypatch
):
    def earlier(edge: Edge) -> None:
        # Its reports say nothing of what it can.
        edge._can.clear()

    async with standing(province, broker, world, tmp_path, earlier) as place:
        began_s = time.monotonic()
        async with place.client.ws_connect(LISTEN) as socket:
            code, reason, _ = await closed(socket)
        assert (code, reason[:30]) == (listening.TOO_OLD, "edge no1 runs an earlier versi")
        query = {"low_hz": "168500000", "high_hz": "169500000"}
        for answer in (
            await place.client.post(STARE, json=BODY),
            await place.client.delete(STARE),
            await place.client.get("/api/sensors/no1:roof/template", params=query),
        ):
            told = await answer.json()
            assert (answer.status, told["code"]) == (409, "edge-too-old")
            assert "版本过旧" in told["detail"]
        assert time.monotonic() - began_s < spectra_in.ROWS_S, "nobody waits for what cannot come"
        assert place.audit == []
