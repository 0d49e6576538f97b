from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from monitor.link.across import Across
from monitor.queue import QueueError
from monitor.queue.memory import MemoryQueue
from rules.correlate import Correlator
from rules.load import load_rules
from tests.unit.monitor.conftest import make_alert

AT = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)


class Rules:
    def __init__(self) -> None:
        from monitor.config.load import LIBRARY

        self._correlator = Correlator(load_rules(LIBRARY))

    def match(self, event):
        raise AssertionError("the edges have judged single events already")

    def correlate(self, event, fired):
        return self._correlator.feed(event, fired)


class Sink:
    async def merge(self, raised):
        return len(raised)


def heard(node: str, name: str, minutes: float, **changes):
    event = {
        "kind": "radio", "phase": "in", "exam": "gaokao-2026", "venue": "no1", "sensor": node, "new": True,
        "center_hz": 169.0e6, "bandwidth_hz": 12e3, "snr_db": 15.0, "band_weight": 1.0, "flags": [],
        "at": (AT + timedelta(minutes=minutes)).isoformat(), "node": node,
    }  # fmt: skip
    return make_alert(name, venue="no1", event=event | changes)


def offered(node: str, name: str, minutes: float):
    event = {
        "kind": "web", "phase": "in", "exam": "gaokao-2026", "source": node, "venue": None, "drill": False,
        "text": "高考数学答案出售，开考后半小时内发，加V信 gk2026",
        "at": (AT + timedelta(minutes=minutes)).isoformat(), "node": node,
    }  # fmt: skip
    from monitor.alert.alert import RuleHit

    hit = RuleHit("web-answer-sale", "high", "sell", False, {}, AT, name)
    return make_alert(name, kind="web", venue=None, event=event, rules=[hit])


@pytest.fixture
def queue():
    return MemoryQueue()


async def told(queue):
    return [queued.alert for queued in await queue.take(9, 0)]


async def test_an_offer_at_a_crawler_and_an_emission_at_a_sensor_are_one_case(queue):
    across = Across(Sink(), Rules(), queue)
    assert await across.merge([offered("crawler-1", "post", 0)]) == 1
    await across.merge([heard("sensor-1", "tone", 25)])
    (alert,) = await told(queue)
    assert alert.labels["correlation"] == "corr-offer-and-emission"
    assert (alert.kind, alert.level, alert.venue) == ("correlation", "critical", "no1")


async def test_what_is_delivered_again_completes_nothing_again(queue):
    across = Across(Sink(), Rules(), queue)
    both = [offered("crawler-1", "post", 0), heard("sensor-1", "tone", 25)]
    for _ in range(3):
        await across.merge(both)
    assert len(await told(queue)) == 1


async def test_what_one_edge_completes_by_itself_is_left_to_it(queue):
    across = Across(Sink(), Rules(), queue)
    await across.merge([heard("n1", "a", 0, sensor="roof"), heard("n1", "b", 0.2, sensor="gate")])
    assert await told(queue) == []
    await across.merge([heard("n2", "c", 0.3, sensor="hall")])
    assert {alert.labels["correlation"] for alert in await told(queue)} == {"corr-same-signal-two-sensors"}


async def test_a_correlation_that_finds_no_room_is_told_later(queue):
    class FullOnce(MemoryQueue):
        fails = 1

        async def put(self, alerts):
            if self.fails:
                self.fails -= 1
                raise QueueError("disk full")
            await super().put(alerts)

    full = FullOnce()
    across = Across(Sink(), Rules(), full)
    await across.merge([offered("crawler-1", "post", 0), heard("sensor-1", "tone", 25)])
    assert await told(full) == []
    await across.merge([])
    await asyncio.sleep(0)
    assert len(await told(full)) == 1
