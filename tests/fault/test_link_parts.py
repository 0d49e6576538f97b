"""The parts of the link over the real broker: the queue's promises, refusals, reports, evidence."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import nats
import pytest

from monitor.alert.alert import EvidenceRef
from monitor.clock import SystemClock
from monitor.link import words
from monitor.link.bus import Bus, BusSettings, LinkError
from monitor.link.edge import Edge, Identity
from monitor.link.outbox import Outbox
from monitor.link.stamp import machine_stamper
from monitor.queue.nats import NatsQueue
from monitor.server.views import HealthView, QueueHealth, SensorHealth
from scripts.servers import MissingError, NatsServer, free_port
from tests.fault.province import QUICK, Province, until
from tests.unit.monitor.conftest import make_alert

BOTH = pytest.mark.parametrize("broker", ["debian", "current"], indirect=True)
"""What depends on the broker most; EXAMWATCH_NATS_SERVER runs all of it with another one."""
pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]


@pytest.fixture
def broker(tmp_path, request) -> Iterator[NatsServer]:
    try:
        server = NatsServer(tmp_path / "nats", which=getattr(request, "param", "debian"))
    except MissingError as error:
        pytest.skip(str(error))
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def queue(broker) -> AsyncIterator[NatsQueue]:
    bus = Bus(BusSettings(broker.url, "n", **QUICK), SystemClock(), random.Random(0))
    running = asyncio.create_task(bus.run())
    yield NatsQueue(bus, "S", 1_000_000, "n")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def province(tmp_path, broker) -> AsyncIterator[Province]:
    made = Province(tmp_path, broker.port, f"sqlite:{tmp_path / 'store.db'}", None)
    yield made
    await made.close()


@BOTH
async def test_the_broker_keeps_the_promises_of_a_queue(queue):
    alerts = [make_alert(str(n)) for n in range(5)]
    await queue.put(alerts)
    await queue.put(alerts[:1])
    taken = await queue.take(3, 5.0)
    while len(taken) < 3:
        taken += await queue.take(3 - len(taken), 5.0)
    assert [queued.alert.id for queued in taken] == [alert.id for alert in alerts[:3]]
    assert taken[0].alert.event == {**alerts[0].event, "node": "n"}
    await queue.give_back([taken[1].seq])
    await queue.ack([taken[0].seq, taken[2].seq])
    rest = await queue.take(10, 5.0)
    while len(rest) < 3:
        rest += await queue.take(10, 5.0)
    assert {queued.alert.id for queued in rest} == {"id-1", "id-3", "id-4"}
    await queue.ack([queued.seq for queued in rest])
    assert await queue.take(10, 0.2) == []
    state = await queue.state()
    assert state.done_seq == state.last_seq == 5


@BOTH
async def test_a_full_stream_refuses_and_says_so(queue):
    with pytest.raises(LinkError, match="maximum bytes exceeded"):
        await queue.put([make_alert(str(n), event={"text": "x" * 10_000}) for n in range(150)])


async def test_without_a_broker_the_reason_is_told(tmp_path):
    bus = Bus(BusSettings("nats://127.0.0.1:1", "n", **QUICK), SystemClock(), random.Random(0))
    running = asyncio.create_task(bus.run())
    with pytest.raises(LinkError, match=r"nats://127\.0\.0\.1:1"):
        await bus.client(1.0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_the_hub_cannot_read_is_put_aside_and_holds_nobody_up(province, monkeypatch):
    hub = await province.hub()
    edge = await province.edge("venue-1")
    request = edge.bus.request

    async def of_a_newer_version(subject, body, timeout_s, headers=None):
        if headers and headers["Nats-Msg-Id"] == "venue-1-2":
            body = body.replace(b'"kind":"radio"', b'"kind":"laser"')
        return await request(subject, body, timeout_s, headers)

    monkeypatch.setattr(edge.bus, "request", of_a_newer_version)
    await edge.put(3)
    await province.drained()
    assert set(province.stored()) == {"venue-1-1", "venue-1-3"}
    assert (await edge.outbox.report()).n_refused == hub.queue.n_refused == 1


async def test_edges_behind_a_citys_leaf_node_reach_the_provinces_stream(tmp_path):
    port = free_port()
    try:
        centre = NatsServer(tmp_path / "centre", f"leafnodes {{ listen: '127.0.0.1:{port}' }}")
        remote = f"leafnodes {{ remotes: [ {{ url: 'nats-leaf://127.0.0.1:{port}' }} ] }}"
        leaf = NatsServer(tmp_path / "leaf", remote, jetstream=False)
    except MissingError as error:
        pytest.skip(str(error))
    centre.start()
    leaf.start()
    province = Province(tmp_path, centre.port, f"sqlite:{tmp_path / 'store.db'}", None)
    try:
        await province.hub()
        edge = await province.edge("venue-1", port=leaf.port)
        await edge.put(20)
        await province.drained()
        leaf.kill()
        await edge.put(20)
        await asyncio.to_thread(leaf.start)
        assert await province.check() == 40
    finally:
        await province.close()
        leaf.kill()
        centre.kill()


async def test_an_edge_is_in_the_hubs_health_and_its_evidence_in_the_hubs_folder(province, broker, tmp_path):
    hub = await province.hub()
    outbox = Outbox.open(tmp_path / "outbox.db", 10**9, machine_stamper())
    bus = Bus(BusSettings(broker.url, "venue-1", **QUICK), SystemClock(), random.Random(1))
    here, content = tmp_path / "edge", b"fLaC" * 100_000
    here.mkdir()
    digest = hashlib.sha256(content).hexdigest()
    (here / f"{digest}.flac").write_bytes(content)
    at = datetime.now(UTC)
    ref = EvidenceRef(f"sha256:{digest}", "audio/flac", "audio", f"{digest}.flac", len(content), at)
    await outbox.put([make_alert("a", evidence=[ref])])
    edge = Edge(
        Identity("venue-1", "sensor", "run-1", "v1"),
        bus,
        outbox,
        here,
        100_000,
        machine_stamper(),
        SystemClock(),
    )
    view = HealthView(
        status="ok",
        version="1",
        started_at=at,
        now=at,
        sensors=[SensorHealth(id="roof", state="ok", venue="v1")],
        sources=[],
        queue=QueueHealth(),
        sessions=[],
    )
    running = asyncio.create_task(edge.run(lambda: view, list))
    await until(lambda: bool(hub.hub.sensors()) and (tmp_path / "hub-evidence" / f"{digest}.flac").exists())
    assert [(sensor.id, sensor.state) for sensor in hub.hub.sensors()] == [("venue-1:roof", "ok")]
    assert (tmp_path / "hub-evidence" / f"{digest}.flac").read_bytes() == content
    await until(lambda: not outbox.stats().n_waiting)
    assert all(not part.problems for part in hub.hub.parts())
    report = await edge.report(view, [])
    assert report.offset_s is not None
    assert abs(report.offset_s) < 0.5
    other = msgspec.json.encode(msgspec.structs.replace(report, node="venue-2"))
    await bus.publish(words.health("venue-1"), other)
    await bus.publish(words.health("venue-1"), b"{}")
    await bus.request(words.ask("venue-1"), b"{}", 5.0)
    assert list(hub.hub.nodes.known) == ["venue-1"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await outbox.close()


def frozen(name: str) -> bytes:
    return (Path(__file__).parents[1] / "data" / "link" / f"{name}.json").read_bytes()


async def test_an_edge_of_the_first_release_is_served_by_this_hub(province, broker):
    hub = await province.hub()
    client = await nats.connect(broker.url)
    receipts = await client.subscribe("examwatch.receipts.no1-high")
    await client.flush()
    await hub.queue.take(1, 0.0)
    await client.publish("examwatch.health.no1-high", frozen("report"))
    asked = await client.request("examwatch.ask.no1-high", frozen("ask"), timeout=10)
    assert set(json.loads(frozen("answer"))) <= set(json.loads(asked.data))
    sent = await client.request(
        "examwatch.alerts.no1-high", frozen("alert"), timeout=10, headers={"Nats-Msg-Id": "e1"}
    )
    assert json.loads(sent.data)["seq"] == 1
    receipt = json.loads((await receipts.next_msg(10)).data)
    assert receipt["ids"] == ["e1"]
    assert [sensor.id for sensor in hub.hub.sensors()] == ["no1-high:roof"]
    await client.close()


async def test_this_edge_is_served_by_a_hub_of_the_first_release(province, broker):
    """What that hub says is played by a script; what it reads is looked at as it would."""
    client = await nats.connect(broker.url)
    await client.jetstream().add_stream(name="EXAMWATCH", subjects=["examwatch.alerts.*"])
    first = json.loads(frozen("alert"))
    read: list[str] = []

    async def asked(said) -> None:
        assert set(json.loads(frozen("ask"))) == set(json.loads(said.data))
        await said.respond(frozen("answer"))

    async def stored(said) -> None:
        alert = json.loads(said.data)
        assert set(first) <= set(alert)
        read.append(alert["id"])
        told = {**json.loads(frozen("receipt")), "ids": [alert["id"]], "refused": {}}
        await client.publish("examwatch.receipts.venue-1", json.dumps(told).encode())

    await client.subscribe("examwatch.ask.*", queue="hubs", cb=asked)
    await client.subscribe("examwatch.alerts.*", cb=stored)
    await client.flush()
    edge = await province.edge("venue-1")
    await edge.put(20)
    await province.drained()
    assert set(read) == set(edge.raised)
    await client.close()
