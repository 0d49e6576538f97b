from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.clock import FakeClock
from monitor.healthwatch import HealthWatch, Part, disk_part, sensor_part
from monitor.link import nodebook
from monitor.link.nodes import Nodes
from monitor.link.words import NodeReport, OutboxReport
from monitor.queue.memory import MemoryQueue
from monitor.server.views import HealthView, QueueHealth, SensorHealth
from tests.unit.monitor.conftest import NOON
from tests.unit.monitor.store.conftest import sqlite_store, store  # noqa: F401

LONG = timedelta(minutes=10)


def report(node: str, venue: str | None = "v1", **changes) -> NodeReport:
    sensors = [
        SensorHealth(id=name, state=state, venue=venue)
        for name, state in changes.pop("sensors", {"roof": "ok"}).items()
    ]
    health = HealthView(
        status="ok",
        version="1",
        started_at=NOON,
        now=NOON,
        sensors=sensors,
        sources=[],
        queue=QueueHealth(),
        sessions=[],
    )
    values = {
        "node": node,
        "role": "sensor",
        "run": "r1",
        "venue": venue,
        "at": NOON,
        "offset_s": 0.0,
        "health": health,
        "parts": [*map(sensor_part, sensors), disk_part("/data", 10**12, 10**12)],
        "outbox": OutboxReport(0, 0, 1000),
    }
    return NodeReport(**(values | changes))


def bad(
    nodes: Nodes, after: timedelta, listening_since=NOON - LONG
) -> dict[tuple[str, str], tuple[str, ...]]:
    return {part.key: part.problems for part in nodes.parts(NOON + after, listening_since) if part.problems}


def heard(*reports: NodeReport) -> Nodes:
    nodes = Nodes()
    for one in reports:
        nodes.heard(one, NOON)
    return nodes


def test_an_edge_is_silent_after_90_s_and_its_parts_are_unknown():
    nodes = heard(report("n1"))
    assert bad(nodes, timedelta(seconds=89)) == {}
    assert bad(nodes, timedelta(seconds=91)) == {("node", "n1"): ("silent",)}
    parts = {part.key: part for part in nodes.parts(NOON + LONG, NOON - LONG)}
    assert not parts["sensor", "n1:roof"].settled
    [sensor] = nodes.sensors(NOON + LONG)
    assert (sensor.id, sensor.state) == ("n1:roof", "silent")
    assert nodes.sensors(NOON)[0].state == "ok"


def test_while_the_hub_cannot_hear_nobody_is_called_silent_nor_over():
    nodes = heard(report("n1"))
    assert bad(nodes, LONG, listening_since=None) == {}
    assert bad(nodes, LONG, listening_since=NOON + LONG - timedelta(seconds=30)) == {}
    assert not any(part.settled for part in nodes.parts(NOON + LONG, None))


def test_several_silent_at_a_venue_are_one_alert_of_the_venue():
    nodes = heard(report("n1"), report("n2"), report("n3", venue="v2"))
    assert bad(nodes, LONG) == {("venue", "v1"): ("silent",), ("node", "n3"): ("silent",)}
    venue = next(part for part in nodes.parts(NOON + LONG, NOON - LONG) if part.key == ("venue", "v1"))
    assert (venue.error, venue.since) == ("n1, n2", NOON)


def test_several_silent_sensors_of_a_living_edge_are_rolled_up_as_well():
    nodes = heard(report("n1", sensors={"roof": "silent", "gate": "failed", "hall": "ok"}))
    assert bad(nodes, timedelta(0)) == {("venue", "v1"): ("silent",)}


def test_one_silent_sensor_is_told_by_its_own_name():
    nodes = heard(report("n1", sensors={"roof": "silent", "gate": "ok"}))
    assert bad(nodes, timedelta(0)) == {("sensor", "n1:roof"): ("silent",)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"offset_s": 1.9}, {}),
        ({"offset_s": -3600.0}, {("offset", "n1"): ("off",)}),
        ({"offset_s": None}, {}),
        ({"outbox": OutboxReport(9, 801, 1000)}, {("outbox", "n1"): ("nearing",)}),
        ({"outbox": OutboxReport(9, 1, 1000, n_dropped={"low": 2})}, {("outbox", "n1"): ("dropped",)}),
        ({"parts": [disk_part("/data", 10**12, 10**6)]}, {("disk", "n1:/data"): ("low",)}),
        ({"parts": [Part("of-a-newer-version", "x", None, ("odd",), None, None, settled=True)]}, {}),
    ],
)
def test_what_an_edge_reports_of_itself_becomes_parts(changes, expected):
    assert bad(heard(report("n1", **changes)), timedelta(0)) == expected


async def test_a_silent_edge_is_told_and_told_again_when_it_is_back():
    clock, queue = FakeClock(NOON), MemoryQueue()
    nodes = heard(report("n1"))
    watch = HealthWatch(lambda: nodes.parts(clock.now(), NOON - LONG), queue, clock)
    await watch.look()
    await clock.advance(91)
    await watch.look()
    nodes.heard(report("n1"), clock.now())
    await clock.advance(5)
    await watch.look()
    told = [queued.alert for queued in await queue.take(9, 0)]
    assert [alert.annotations["title_en"] for alert in told] == ["Edge n1 is not heard"] * 2
    assert [alert.ends_at for alert in told] == [None, clock.now()]
    assert (told[0].starts_at, told[0].venue) == (NOON, "v1")


def test_edges_are_known_again_after_the_hub_was_started_anew(store):  # noqa: F811
    nodes = heard(report("n1"), report("n2", venue=None))
    nodebook.write(store, [*nodes.known.values()])
    nodes.heard(report("n1", run="r2"), NOON + LONG)
    nodebook.write(store, [nodes.known["n1"]])
    read = {known.report.node: known for known in nodebook.read(store)}
    assert read == nodes.known
