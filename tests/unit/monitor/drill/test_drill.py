"""Drills: a scenario through intake, queue and store on a fake clock, and what is said of it afterwards."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from crawlers.document import Document
from monitor.bandplan import BandPlan
from monitor.bandplan import load as load_plan
from monitor.case.habits import Habits
from monitor.case.machine import Step as CaseStep
from monitor.case.register import CaseRegister, acknowledge
from monitor.clock import FakeClock
from monitor.config.load import LIBRARY
from monitor.drill.desk import DrillDesk, DrillDoors, order
from monitor.drill.record import origin, outcome
from monitor.drill.scenario import Scheduled, load_scenario
from monitor.evidence import EvidenceStore
from monitor.faults import InputError
from monitor.healthwatch import chain_part
from monitor.intake import Heard, Intake
from monitor.pipeline import Pipeline
from monitor.queue import open_queue
from monitor.sensors import SensorError, WorkerStats
from monitor.store import Store
from monitor.store.book import StoreBook
from rules.book import RuleBook
from rules.load import load_rules
from tests.acceptance.stage import CONFIGS, HARMLESS, SALE, instant
from tests.unit.monitor.test_intake import EMISSION

TEXT = f"""\
name: {{en: Morning, zh: 上午}}
steps:
  - {{id: sale, at_s: 10, post: {{title: 答案, text: "{SALE}"}}, rule: web-answer-sale, within_s: 20}}
  - {{id: chat, at_s: 12, post: {{text: "{HARMLESS}"}}, quiet: true, within_s: 20}}
  - {{id: burst, at_s: 0, signal: w.yml, within_s: 60}}
"""


BURST = replace(
    EMISSION, center_hz=169.0e6, bandwidth_hz=12_100.0, snr_db=22.0, start_s=0.0, end_s=30.0, on_time_s=10.5,
    duty_cycle=0.35, modulation="fsk2", bursts=3, burst_period_s=12.0, new=None,
)  # fmt: skip


class Worker:
    """Hears one burst at once, then nothing until it is stopped."""

    def __init__(self, name, post, emission) -> None:
        self._post, self._stopped = post, threading.Event()
        self._emission = replace(emission, sensor=name, id=f"e-{name}")

    def run(self) -> None:
        self._post(Heard(self._emission, None))
        if not self._stopped.wait(10):
            raise SensorError("nobody stopped it")

    def stop(self) -> None:
        self._stopped.set()

    def stats(self) -> WorkerStats:
        return WorkerStats()


class Stage:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(instant("09:30"))
        self.folder, self.n_busy = folder, 0
        self.queue, self.deaf, self.heard = open_queue("memory:"), False, []
        self.book = StoreBook(Store(f"sqlite:{folder / 's.db'}"), self.clock)
        self.pipeline = Pipeline(self.queue, self.book, self.clock)
        rules = RuleBook(load_rules(LIBRARY), "test")
        plan: BandPlan = load_plan(CONFIGS / "bandplan/cn.yml")
        self.intake = Intake(
            rules, _timetable(folder, self.clock.now()), plan, self.queue, EvidenceStore(folder / "ev")
        )
        doors = DrillDoors(
            lambda name, venue, world: lambda post: Worker(
                name, post, replace(BURST, first_seen=self.clock.now(), last_seen=self.clock.now())
            ),
            self.emission, self.document, self.book, self.clock, folder / "drills",
        )  # fmt: skip
        (folder / "w.yml").write_text("rate: 1M\n")
        (folder / "m.yml").write_text(TEXT, encoding="utf-8")
        self.scenario = load_scenario(folder / "m.yml")
        self.desk = DrillDesk(doors, (Scheduled(self.scenario, 100),))

    async def emission(self, heard: Heard) -> None:
        self.heard.append(heard)
        if not self.deaf:
            await self._through(self.intake.emission(heard))

    async def document(self, document: Document, drill: str) -> None:
        await self._through(self.intake.document(document, drill))

    async def _through(self, taken) -> None:
        self.n_busy += 1
        try:
            await taken
            await self.pipeline.step(0)
        finally:
            self.n_busy -= 1

    async def advance(self, seconds: float) -> None:
        async def settle() -> None:
            await asyncio.sleep(0.02)
            while self.n_busy:  # noqa: ASYNC110 - real threads work under a clock that stands still
                await asyncio.sleep(0.005)

        await self.clock.advance(seconds, settle)


def _timetable(folder, now):
    from monitor import timetable
    from tests.acceptance.stage import TIMETABLE

    (folder / "t.yml").write_text(TIMETABLE)
    return timetable.load(folder / "t.yml", now)


@pytest.fixture
async def stage(tmp_path):
    made = Stage(tmp_path)
    yield made
    await made.book.close()


async def play(stage, seconds=70):
    task = asyncio.create_task(stage.desk.play(stage.scenario, "D1", "li"))
    await stage.advance(seconds)
    return await asyncio.wait_for(task, 5)


async def test_what_a_drill_sends_comes_out_marked_and_timed(stage):
    found = await play(stage)
    by_step = {one.step: one for one in found.reactions}
    assert found.passed, by_step
    assert (by_step["sale"].rule, by_step["sale"].found_s) == ("web-answer-sale", 0.0)
    assert (by_step["chat"].alert, by_step["chat"].passed) == (None, True)
    assert by_step["burst"].found_s is not None
    page = await stage.book.list_alerts(_query())
    assert page.alerts
    assert {(one.drill, one.labels["drill"]) for one in page.alerts} == {(True, "D1")}
    assert stage.heard[0].drill == "D1"


def _query():
    from monitor.server.alert_services import AlertQuery

    return AlertQuery(limit=50)


async def test_how_people_react_is_told_afterwards(stage):
    found = await play(stage)
    sale = next(one for one in found.reactions if one.step == "sale")
    await stage.advance(20)
    at = stage.clock.now()
    await stage.book.write(partial(acknowledge, stage.book.store, sale.alert, "li", "", at))
    register = CaseRegister(stage.book.store, Habits())
    await stage.book.write(partial(register.step_on_alert, sale.alert, CaseStep("claim", "li"), at))
    started = {one.step: one.at for one in found.reactions}
    later = next(
        one
        for one in outcome(stage.book.store, stage.scenario, "D1", started).reactions
        if one.step == "sale"
    )
    assert (later.seen_s, later.claimed_s, later.judged_s) == (80.0, 80.0, None)


async def test_two_drills_of_one_scenario_are_not_one_alert(stage):
    first = await play(stage)
    task = asyncio.create_task(stage.desk.play(stage.scenario, "D2", "li"))
    await stage.advance(70)
    second = await task
    assert {one.alert for one in first.reactions if one.alert}.isdisjoint(
        one.alert for one in second.reactions
    )
    assert second.passed


async def test_a_chain_that_is_broken_is_a_health_alert_until_it_is_whole_again(stage):
    running = asyncio.create_task(stage.desk.run())
    (chain,) = stage.desk.chains
    assert chain_part(chain).problems == ()
    assert not chain_part(chain).settled
    stage.deaf = True
    await stage.advance(100)
    await stage.advance(70)
    assert (chain_part(chain).problems, chain_part(chain).error) == (("broken",), "burst")
    stage.deaf = False
    await stage.advance(100)
    await stage.advance(70)
    assert (chain_part(chain).problems, chain_part(chain).settled) == ((), True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_order_in_the_folder_is_played_and_a_bad_one_is_told(stage):
    running = asyncio.create_task(stage.desk.run())
    good = order(stage.folder / "drills", stage.folder / "m.yml", "cli", stage.clock.now())
    bad = order(stage.folder / "drills", stage.folder / "none.yml", "cli", stage.clock.now())
    (stage.folder / "drills/spool/x.json").write_text("[]")
    for _ in range(5):
        await stage.advance(15)
    said = {drill: json.loads((stage.folder / f"drills/{drill}.json").read_text()) for drill in (good, bad)}
    assert (said[good]["state"], set(said[good]["started"])) == ("played", {"sale", "chat", "burst"})
    assert (said[bad]["state"], "none.yml" in said[bad]["error"]) == ("failed", True)
    assert list((stage.folder / "drills/spool").iterdir()) == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_scenario_is_read_with_every_fault_at_its_line(tmp_path):
    (tmp_path / "s.yml").write_text(
        "name: {en: x, zh: x}\n"
        "steps:\n"
        "  - {id: a, at_s: 1}\n"
        "  - {id: b, at_s: -1, post: {text: x}}\n"
        "  - {id: c, signal: none.yml}\n"
        "  - {id: d, post: {text: x}, quiet: true, rule: r}\n"
    )
    with pytest.raises(InputError) as told:
        load_scenario(tmp_path / "s.yml")
    lines = [line.removeprefix(f"{tmp_path / 's.yml'}:") for line in str(told.value).splitlines()]
    assert [line[0] for line in lines] == ["3", "4", "5", "6"]
    assert "either a signal or a post" in lines[0]
    assert "no such file" in lines[2]
    assert "a quiet step names no rule" in lines[3]


def test_the_scenarios_that_come_with_the_program_are_right():
    files = sorted((CONFIGS / "drills").glob("*.yml"))
    named = [load_scenario(file) for file in files if not file.name.endswith(".world.yml")]
    assert named
    assert origin("D1", "a") == "drill-D1-a"
