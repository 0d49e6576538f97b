from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.case.machine import Case
from monitor.clock import FakeClock
from monitor.crawling import SourceStatus
from monitor.healthkinds import KINDS, SILENT_AFTER
from monitor.healthpart import is_of_hub, of_hub
from monitor.healthwatch import (
    HealthWatch,
    Part,
    case_parts,
    disk_part,
    messages_part,
    receiver_part,
    sensor_part,
    source_part,
)
from monitor.queue import QueueError
from monitor.queue.memory import MemoryQueue
from monitor.server.views import Note, SensorHealth
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)
SILENT = Part("sensor", "roof", "v", ("silent",), None, "unplugged", settled=True)


class World:
    """Parts that a test sets, and what was raised about them."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.clock = FakeClock(NOON)
        self.queue = MemoryQueue()
        self.watch = HealthWatch(lambda: self.parts, self.queue, self.clock)

    async def after(self, seconds: float, *parts: Part) -> list:
        await self.clock.advance(seconds)
        self.parts = list(parts)
        await self.watch.look()
        return [queued.alert for queued in await self.queue.take(100, 0)]


async def test_a_sensor_is_told_once_after_ninety_seconds_and_again_when_it_works():
    world = World()
    assert await world.after(0, SILENT) == []
    assert await world.after(SILENT_AFTER.total_seconds() - 1, SILENT) == []
    (raised,) = await world.after(1, SILENT)
    assert (raised.starts_at, raised.ends_at, raised.level) == (NOON, None, "high")
    assert await world.after(60, SILENT) == []
    (over,) = await world.after(60, replace(SILENT, problems=()))
    assert (over.fingerprint, over.cause, over.ends_at) == (
        raised.fingerprint,
        raised.cause,
        world.clock.now(),
    )
    assert await world.after(60, replace(SILENT, problems=())) == []


async def test_a_sensor_that_knows_when_it_fell_silent_is_told_at_once():
    world = World()
    (raised,) = await world.after(0, replace(SILENT, since=NOON - timedelta(minutes=5)))
    assert raised.starts_at == NOON - timedelta(minutes=5)


async def test_short_trouble_and_trouble_that_comes_anew_are_not_added_up():
    world = World()
    for _ in range(5):
        assert await world.after(60, SILENT) == []
        assert await world.after(60, replace(SILENT, problems=())) == []


async def test_a_part_that_only_starts_resolves_nothing_and_one_that_is_gone_does():
    world = World()
    await world.after(0, SILENT)
    assert len(await world.after(90, SILENT)) == 1
    assert await world.after(15, replace(SILENT, problems=(), settled=False)) == []
    (over,) = await world.after(15)
    assert over.ends_at is not None


async def test_each_sign_of_a_source_is_an_alert_of_its_own_in_both_languages():
    world = World()
    source = Part("source", "forum", None, ("captcha", "layout"), None, None, settled=True)
    raised = await world.after(0, source)
    assert {alert.labels["problem"] for alert in raised} == {"captcha", "layout"}
    assert len({alert.fingerprint for alert in raised}) == 2
    (one,) = [alert for alert in raised if alert.labels["problem"] == "captcha"]
    assert "CAPTCHA" in one.annotations["summary_en"]
    assert "验证码" in one.annotations["summary_zh"]


async def test_what_could_not_be_made_durable_is_told_by_the_next_look():
    class Full(MemoryQueue):
        async def put(self, alerts):
            raise QueueError("disk full")

    world = World()
    source = Part("source", "forum", None, ("captcha",), None, None, settled=True)
    watch = HealthWatch(lambda: [source], Full(), world.clock)
    for _ in range(2):
        with pytest.raises(QueueError):
            await watch.look()


@pytest.mark.parametrize(
    ("state", "problems", "settled"),
    [
        ("ok", (), True),
        ("starting", (), False),
        ("silent", ("silent",), True),
        ("failed", ("silent",), True),
        ("ended", (), True),
    ],
)
def test_a_sensors_state_says_what_is_wrong_and_what_is_known(state, problems, settled):
    part = sensor_part(SensorHealth(id="roof", state=state, venue="v", last_seen_at=NOON))
    assert (part.problems, part.settled) == (problems, settled)


def test_a_source_that_was_never_polled_says_nothing_is_over():
    assert not source_part(SourceStatus("forum", "feed", last_ok_at=NOON)).settled
    assert source_part(SourceStatus("forum", "feed", polled=True)).settled


async def test_a_receiver_that_drifts_is_told_with_the_words_of_the_comparison():
    world = World()
    note = Note(code="drift", en="the floor is 4 dB higher than surveyed", zh="底噪比勘测时高 4 dB")
    odd = receiver_part(SensorHealth(id="roof", state="ok", venue="v", notes=[note]))
    assert await world.after(0, odd) == []
    (raised,) = await world.after(KINDS["receiver"].patience.total_seconds(), odd)
    assert (raised.level, raised.venue) == ("medium", "v")
    assert raised.annotations["summary_en"] == note.en
    assert raised.annotations["summary_zh"] == note.zh
    (over,) = await world.after(60, receiver_part(SensorHealth(id="roof", state="ok", venue="v")))
    assert over.fingerprint == raised.fingerprint


@pytest.mark.parametrize(
    ("total_gb", "free_gb", "is_low"), [(500, 6, False), (500, 4, True), (32, 2, False), (32, 1, True)]
)
async def test_a_disk_is_told_when_little_is_left_for_its_size(total_gb, free_gb, is_low):
    world = World()
    raised = await world.after(0, disk_part("/var", round(total_gb * 1e9), round(free_gb * 1e9)))
    assert [one.level for one in raised] == (["high"] if is_low else [])
    if is_low:
        assert f"{free_gb}.0 GB free" in raised[0].annotations["summary_zh"]


async def test_a_receiver_of_messages_that_takes_none_is_told_after_a_minute():
    world = World()
    down = messages_part("duty", NOON, "duty: status 503")
    assert await world.after(30, down) == []
    (raised,) = await world.after(30, down)
    assert raised.annotations["title_zh"] == "duty 收不到通知"
    assert len(await world.after(10, messages_part("duty", None, None))) == 1


def late_case(case_id, department="radio"):
    return Case(
        id=case_id, kind="radio", title={}, level="high", venue=None, drill=False, department=department,
        opened_at=NOON, updated_at=NOON,
    )  # fmt: skip


async def test_a_department_is_told_once_that_its_cases_are_late_and_when_they_no_longer_are():
    late, queue, clock = [late_case("C1"), late_case("C2")], MemoryQueue(), FakeClock(NOON)

    async def ask():
        return case_parts(late, ["radio", "police"])

    watch = HealthWatch(list, queue, clock, ask)
    await watch.look()
    await watch.look()
    (told,) = [one.alert for one in await queue.take(9, 0.01)]
    assert told.labels == {"part": "cases", "id": "radio", "problem": "late"}
    assert "C1, C2" in told.annotations["summary_zh"]
    late.clear()
    await watch.look()
    (over,) = [one.alert for one in await queue.take(9, 0.01)]
    assert over.ends_at == NOON


async def test_a_store_that_fails_neither_raises_nor_resolves_late_cases():
    answers = [case_parts([late_case("C1")], ["radio"]), StoreError("gone"), case_parts([], ["radio"])]

    async def ask():
        answer = answers.pop(0)
        if isinstance(answer, StoreError):
            raise answer
        return answer

    queue, clock = MemoryQueue(), FakeClock(NOON)
    watch = HealthWatch(list, queue, clock, ask)
    counts = []
    for _ in range(3):
        await watch.look()
        counts.append(len(await queue.take(9, 0.01)))
    assert counts == [1, 0, 1]


async def test_of_two_hubs_each_tells_of_itself_and_resolves_nothing_of_the_other(tmp_path):
    clock, queue = FakeClock(NOON), MemoryQueue()
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    low = Part("disk", "/var", None, ("low",), NOON, "1 GB free", settled=True)
    parts = {"a": [of_hub(low, "a")], "b": [of_hub(replace(low, problems=()), "b")]}

    def of(hub: str) -> HealthWatch:
        return HealthWatch(
            lambda: parts[hub], queue, clock, is_mine=lambda kind, id: is_of_hub(kind, id, hub)
        )

    async def news() -> list:
        raised = [queued.alert for queued in await queue.take(9, 0)]
        await book.merge(raised)
        return [(alert.labels["id"], alert.ends_at is not None) for alert in raised]

    await of("a").look()
    assert await news() == [("a:/var", False)]
    other, again = of("b"), of("a")
    for watch in (other, again):
        await watch.take_over(book)
        await watch.look()
    assert await news() == []
    parts["a"] = parts["b"]
    await other.look()
    assert await news() == []
    parts["a"] = [of_hub(replace(low, problems=()), "a")]
    await again.look()
    assert await news() == [("a:/var", True)]
    await book.close()


def test_what_a_hub_tells_of_itself_bears_its_name():
    link = Part("link", "a", None, (), None, None, settled=True)
    assert of_hub(link, "a").id == "a"
    assert is_of_hub("clock", "a:wall", "a")
    assert not is_of_hub("clock", "ab:wall", "a")
    assert not is_of_hub("sensor", "a:roof", "a")
