"""Rules that change while the daemon runs: read, tested, swapped, tried, rolled back, all of it audited."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.alert.alert import Alert, RuleHit
from monitor.clock import FakeClock
from monitor.ruledesk.desk import KEEP_S, WATCH_S, RuleDesk
from monitor.ruledesk.load import DayLoad
from monitor.ruledesk.opening import open_rules
from monitor.ruledesk.shelf import RuleFiles, Shelf
from monitor.store import Store
from monitor.store.book import StoreBook
from rules.book import NoEditionError
from rules.fault import RuleErrors
from rules.load import LIBRARY, load_rules

NINE = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
RULE = """\
id: loud
title: {{en: Loud, zh: 响}}
advice: {{en: Listen, zh: 监听}}
kind: radio
level: high
category: signal
selections:
  loud: {{snr_db|gte: {limit}}}
condition: loud
owner: radio
version: 1
samples:
  fires: [{{event: {{snr_db: 40}}}}]
  quiet: [{{event: {{snr_db: 5}}}}]
"""


class Room:
    """A folder of rules, and the desk over it."""

    def __init__(self, folder: Path, book: StoreBook, clock: FakeClock) -> None:
        self.file = folder / "rules" / "loud.yml"
        self.data, self.audit, self.clock = folder / "data", book, clock
        self.files = RuleFiles((self.file.parent,))

    def write(self, limit: int, text: str = RULE) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(text.format(limit=limit))

    async def open(self) -> RuleDesk:
        book, shelf = open_rules(load_rules(self.file.parent), (), self.files, self.data)
        memory = self.data / "rules" / "correlations.json"
        desk = RuleDesk(book, self.files, shelf, memory, self.audit, self.clock, DayLoad(1), {"no1", "no2"})
        await desk.open()
        return desk

    async def actions(self) -> list[tuple[str, str]]:
        def read() -> list[tuple[str, str]]:
            with self.audit.store.reader.connect() as db:
                rows = db.exec_driver_sql("SELECT entry FROM audit ORDER BY seq").scalars()
                return [(entry["actor"], entry["action"]) for entry in map(json.loads, rows)]

        return await self.audit.read(read)


@pytest.fixture
async def room(tmp_path):
    clock = FakeClock(NINE)
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    room = Room(tmp_path, book, clock)
    room.write(10)
    yield room
    await book.close()


def fires(desk: RuleDesk, snr_db: float, venue: str | None = None) -> bool:
    return bool(desk.book.match({"kind": "radio", "snr_db": snr_db, "venue": venue}))


async def settled(clock: FakeClock, seconds: float, done) -> None:
    """Move on, and let the threads of the desk come to an end."""
    await clock.advance(seconds)
    for _ in range(2000):
        if done():
            return
        await asyncio.sleep(0.005)
        await clock.advance(WATCH_S)
    raise AssertionError("it did not happen")


async def noted(room: Room, actor: str, action: str) -> None:
    """The entry follows the change by a commit."""
    for _ in range(2000):
        if (actor, action) in await room.actions():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it was not audited")


async def test_a_reload_holds_from_the_next_event_on_and_is_audited(room):
    desk = await room.open()
    assert fires(desk, 15)
    room.write(20)
    edition = await desk.reload("wang")
    assert (edition.author, fires(desk, 15), fires(desk, 25)) == ("wang", False, True)
    assert await room.actions() == [("wang", "rules.changed")]


async def test_rules_with_a_fault_are_refused_whole_and_the_old_ones_stay(room):
    desk = await room.open()
    room.write(50)  # the firing sample of 40 dB fires no more
    with pytest.raises(RuleErrors):
        await desk.reload("wang")
    assert fires(desk, 15)
    assert any("loud.yml:" in fault for fault in desk.faults)
    assert await room.actions() == [("wang", "rules.refused")]
    room.write(20)
    await desk.reload("wang")
    assert desk.faults == []


async def test_a_changed_file_is_read_by_itself(room):
    desk = await room.open()
    watching = asyncio.create_task(desk.run())
    await asyncio.sleep(0)
    room.write(20)
    await settled(room.clock, WATCH_S, lambda: not fires(desk, 15))
    await noted(room, "files", "rules.changed")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_trial_holds_at_its_venues_until_it_is_spread(room):
    desk = await room.open()
    room.write(20)
    await desk.reload("wang", {"no1"})
    assert (fires(desk, 15, "no1"), fires(desk, 15, "no2")) == (False, True)
    # A restart does not spread what was only on trial.
    assert fires(await room.open(), 15, "no1")
    await desk.spread("li")
    assert not fires(desk, 15, "no2")
    assert not fires(await room.open(), 15, "no2")
    assert await room.actions() == [("wang", "rules.tried"), ("li", "rules.changed")]


async def test_a_roll_back_stays_over_a_restart_until_a_file_changes(room):
    desk = await room.open()
    room.write(20)
    await desk.reload("wang")
    await desk.roll_back("li")
    assert fires(desk, 15)
    again = await room.open()
    assert fires(again, 15)
    room.write(30)
    third = await room.open()
    assert (fires(third, 25), fires(third, 35)) == (False, True)


async def test_the_end_of_a_trial_stays_over_a_restart(room):
    desk = await room.open()
    room.write(20)
    await desk.reload("wang", {"no1"})
    await desk.roll_back("li")
    assert fires(desk, 15, "no1")
    assert fires(await room.open(), 15, "no1")


async def test_one_goes_back_to_what_held_in_an_earlier_run(room):
    await room.open()
    room.write(20)
    desk = await room.open()
    assert not fires(desk, 15)
    await desk.roll_back("li")
    assert fires(desk, 15)


async def test_without_anything_earlier_there_is_nothing_to_go_back_to(room):
    desk = await room.open()
    with pytest.raises(NoEditionError):
        await desk.roll_back("li")
    with pytest.raises(NoEditionError):
        await desk.spread("li")


async def test_a_roll_back_by_command_reaches_the_running_desk(room):
    await room.open()
    room.write(20)
    desk = await room.open()
    watching = asyncio.create_task(desk.run())
    shelf = Shelf(room.data / "rules")
    shelf.turn_away(room.files.digest(), shelf.before(shelf.number_of(room.files)), "root")
    await settled(room.clock, WATCH_S, lambda: fires(desk, 15))
    await noted(room, "root", "rules.rolled-back")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_what_correlations_remember_is_written_down_and_taken_up(room):
    desk = await room.open()
    watching = asyncio.create_task(desk.run())
    memory = room.data / "rules" / "correlations.json"
    await settled(room.clock, KEEP_S, memory.exists)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    memory.write_text("no state")
    assert fires(await room.open(), 15)


def test_only_so_many_editions_are_kept(tmp_path):
    folder, shelf = tmp_path / "rules", Shelf(tmp_path / "data")
    folder.mkdir()
    for number in range(25):
        (folder / "a.yml").write_text(f"id: r{number}\n")
        shelf.keep(RuleFiles((folder,)))
    assert (shelf.newest(), shelf.before(25), shelf.before(6)) == (25, 24, 0)
    assert shelf.keep(RuleFiles((folder,))) == 25


def raised(rule: str, channel: int, at: datetime) -> Alert:
    hit = RuleHit(rule, "high", "signal", False, {}, at, "e")
    return Alert(
        id=f"{channel}",
        cause=f"{channel}",
        kind="radio",
        level="high",
        labels={"venue": "no1", "channel": f"{channel}"},
        annotations={},
        starts_at=at,
        updated_at=at,
        ends_at=None,
        why=[],
        event={},
        rules=[hit],
    )


def test_a_day_over_budget_is_said_and_a_new_day_begins_anew():
    rules = [rule for rule in load_rules(LIBRARY) if rule.id == "radio-unknown-narrowband"]
    load = DayLoad(1, ZoneInfo("Asia/Shanghai"))
    load.raised([raised(rules[0].id, 1, NINE), raised(rules[0].id, 1, NINE)], rules)
    assert load.over(rules) == []
    load.raised([raised(rules[0].id, 2, NINE)], rules)
    (over,) = load.over(rules)
    assert (over.n_alerts, over.n_allowed, load.n_alerts(rules[0].id)) == (2, 1, 3)
    assert "预算" in over.texts[1]
    # Midnight in China, not in Greenwich.
    load.raised([raised(rules[0].id, 3, datetime(2026, 6, 7, 16, 30, tzinfo=UTC))], rules)
    assert load.over(rules) == []
