from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.clock import SystemClock
from monitor.link.across import Across, longest_s
from monitor.queue import QueueError
from monitor.queue.memory import MemoryQueue
from monitor.store.book import StoreBook
from rules.correlate import Correlator
from rules.load import load_rules
from tests.unit.monitor.conftest import make_alert
from tests.unit.monitor.store.conftest import sqlite_store, store

__all__ = ["sqlite_store", "store"]

AT = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)


class Rules:
    def __init__(self) -> None:
        from monitor.config.load import LIBRARY

        self._correlator = Correlator(load_rules(LIBRARY))

    def match(self, event):
        raise AssertionError("the edges have judged single events already")

    def correlate(self, event, fired):
        return self._correlator.feed(event, fired)


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


@pytest.fixture
async def book(store):
    book = StoreBook(store, SystemClock())
    yield book
    await book.close()


def across_of(book, queue):
    """A hub that has just come to lead."""
    return Across(book, Rules(), lambda: 1800.0, queue, SystemClock())


async def told(queue):
    return [queued.alert for queued in await queue.take(9, 0)]


async def all_of(across):
    while await across.step():
        pass


async def test_an_offer_at_a_crawler_and_an_emission_at_a_sensor_are_one_case(book, queue):
    across = across_of(book, queue)
    await book.merge([offered("crawler-1", "post", 0)])
    await all_of(across)
    await book.merge([heard("sensor-1", "tone", 25)])
    await all_of(across)
    (alert,) = await told(queue)
    assert alert.labels["correlation"] == "corr-offer-and-emission"
    assert (alert.kind, alert.level, alert.venue) == ("correlation", "critical", "no1")


async def test_a_hub_that_comes_to_lead_raises_again_only_what_the_store_knows(book, queue):
    first = across_of(book, queue)
    await book.merge([offered("crawler-1", "post", 0)])
    await all_of(first)
    # The next one never saw the offer, but for the store.
    await book.merge([heard("sensor-1", "tone", 25)])
    await all_of(across_of(book, queue))
    (by_the_next,) = await told(queue)
    first._queue = MemoryQueue()
    await all_of(first)
    (by_the_first,) = await told(first._queue)
    assert await book.merge([by_the_next, by_the_first]) == 1


async def test_what_one_edge_completes_by_itself_is_left_to_it(book, queue):
    across = across_of(book, queue)
    await book.merge([heard("n1", "a", 0, sensor="roof"), heard("n1", "b", 0.2, sensor="gate")])
    await all_of(across)
    assert await told(queue) == []
    await book.merge([heard("n2", "c", 0.3, sensor="hall")])
    await all_of(across)
    assert {alert.labels["correlation"] for alert in await told(queue)} == {"corr-same-signal-two-sensors"}


async def test_a_correlation_that_finds_no_room_is_told_later(book):
    class FullOnce(MemoryQueue):
        fails = 1

        async def put(self, alerts):
            if self.fails:
                self.fails -= 1
                raise QueueError("disk full")
            await super().put(alerts)

    full = FullOnce()
    across = across_of(book, full)
    await book.merge([offered("crawler-1", "post", 0), heard("sensor-1", "tone", 25)])
    with pytest.raises(QueueError):
        await across.step()
    assert await told(full) == []
    await all_of(across)
    assert len(await told(full)) == 1


def test_it_is_read_as_far_back_as_the_longest_shipped_rule_reaches():
    from monitor.config.load import LIBRARY

    assert longest_s(load_rules(LIBRARY)) >= 1800.0
    assert longest_s([]) == 0.0
