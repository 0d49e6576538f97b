"""Timelines of `desk.yml`: routes, silences, inhibition, escalation, hand-over, with and without restarts."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ruamel.yaml import YAML

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister, acknowledge
from monitor.clock import FakeClock
from monitor.config.notify import Notify, Receiver
from monitor.duty.desk import DutyPlans, EscalationDesk
from monitor.duty.ledger import DutyLedger
from monitor.duty.plan import Plan as EscalationPlan
from monitor.duty.plan import PlanStep, Target
from monitor.duty.roster import UTC_ZONE, Person, Roster, Shift
from monitor.notify.desk import NotifyDesk, Plan
from monitor.notify.ledger import Ledger, Notice
from monitor.notify.matcher import parse
from monitor.notify.senders import SendError
from monitor.notify.service import TellingService
from monitor.notify.silence import Asker
from monitor.people.roles import GRANTED
from monitor.people.scope import EVERYTHING
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.desk_tables import case_alerts
from tests.unit.monitor.conftest import make_alert

TIMELINES = YAML(typ="safe").load((Path(__file__).parent / "desk.yml").read_text(encoding="utf-8"))
START = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
LONG_S = 200
"""A timeline of this length is run once: with restarts."""
NAMES = ("duty", "group", "wang", "li", "chen", "desk")
PEOPLE = {name: Person(name, name, name, (name,)) for name in ("wang", "li", "chen")}
ROSTER = Roster(
    UTC_ZONE,
    tuple(PEOPLE.values()),
    (Shift("duty", (PEOPLE["wang"], PEOPLE["li"])), Shift("radio", (PEOPLE["chen"],))),
    (("police", ("desk",)),),
)
PLAN = EscalationPlan(
    (parse("level=critical"),),
    (
        PlanStep(timedelta(minutes=1), (Target("duty", 1),)),
        PlanStep(timedelta(minutes=3), (Target("duty"), Target("radio"))),
        PlanStep(timedelta(minutes=5), (Target("police"),)),
    ),
)


class Inbox:
    """What a receiver took, and whether it takes anything."""

    def __init__(self, receiver: Receiver, stage: Stage) -> None:
        self.receiver, self.stage, self.is_down = receiver, stage, False

    def free_at(self, now: datetime) -> datetime:
        return now

    async def send(self, notice: Notice, now: datetime) -> None:
        if self.is_down:
            raise SendError(f"{self.receiver.id}: status 503", 10.0)
        seconds = round((now - START).total_seconds())
        counts = len(notice.body["firing"]), len(notice.body["resolved"])
        assert not notice.maybe_repeated
        self.stage.told.append(f"{seconds} {self.receiver.id} {notice.reason} {counts[0]} {counts[1]}")


class Stage:
    def __init__(self, folder: Path, timeline: dict[str, Any]) -> None:
        self.folder, self.clock, self.told = folder, FakeClock(START), list[str]()
        self.escalates = timeline.get("escalate", False)
        receivers = [{"id": name, "kind": "wecom", "url": "http://d.test/"} for name in NAMES]
        receivers[0]["fallback"] = "group"
        route = {"receiver": "duty", "group_by": ["venue", "category"], **timeline.get("route", {})}
        inhibit = timeline.get("inhibit", [])
        self.settings = Notify.model_validate({"receivers": receivers, "route": route, "inhibit": inhibit})
        self.inboxes = {one.id: Inbox(one, self) for one in self.settings.receivers}
        self.levels: dict[str, str] = {}
        self.n_raised = 0

    async def begin(self) -> None:
        self.book = StoreBook(Store(f"sqlite:{self.folder / 's.db'}"), self.clock)
        plan = Plan(self.settings.tree, self.settings.inhibitions, "No. 1", "en")
        self.desk = NotifyDesk(plan, self.inboxes, self.book, self.clock, random.Random(1))
        self.telling = TellingService(Ledger(self.book.store), self.book, self.clock)
        duty = DutyPlans((PLAN,) if self.escalates else (), ROSTER, "No. 1", "en")
        self.escalation = EscalationDesk(duty, self.telling, self.book, self.clock)
        await self.desk.open()
        await self.escalation.open()

    async def restart(self) -> None:
        await self.book.close()
        await self.begin()

    def _alert(self, name: str, words: list[str], *, is_over: bool = False):
        now = self.clock.now()
        named = dict(word.split("=") for word in words if "=" in word)
        level = next((word for word in words if word in ("low", "medium", "high", "critical")), None)
        self.levels[name] = level or self.levels.get(name, "medium")
        self.n_raised += 1
        venue = named.get("venue", "v1")
        return replace(
            make_alert(f"{name}{self.n_raised}", channel=name, starts_at=now, updated_at=now),
            labels={"channel": name, "venue": venue} | ({"drill": "true"} if "drill" in words else {}),
            level=self.levels[name],
            kind=named.get("kind", "correlation" if name == "c" and is_over else "radio"),
            venue=venue,
            ends_at=now if is_over else None,
            drill="drill" in words,
            experimental="experimental" in words,
        )

    async def do(self, what: str, words: list[str]) -> None:
        now, name = self.clock.now(), words[0] if words else ""
        register = CaseRegister(self.book.store, Habits())
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "raise": lambda: self.book.merge([self._alert(name, words[1:])]),
            "resolve": lambda: self.book.merge([self._alert(name, words[1:], is_over=True)]),
            "silence": lambda: self.telling.silence(
                [parse(name)], "test", "li", now + timedelta(seconds=int(words[2]))
            ),
            "unsilence": self._unsilence,
            "ack": lambda: self.book.write(
                partial(acknowledge, self.book.store, self._print(name), "li", "", now)
            ),
            "claim": lambda: self.book.write(
                partial(register.step_on_alert, self._print(name), Step("claim", "li"), now)
            ),
            "judge": lambda: self.book.write(
                partial(register.step_on_alert, self._print(name), Step("judge", "li", verdict="benign"), now)
            ),
            "undo": lambda: self.book.write(partial(self._undo, register, self._print(name), now)),
            "hand": lambda: self.book.write(
                partial(DutyLedger(self.book.store).hand_over, name, "boss", words[1], "", {}, now)
            ),
        }
        if what in ("down", "up"):
            self.inboxes[name].is_down = what == "down"
        else:
            await acts[what]()

    async def _unsilence(self) -> None:
        for one in await self.telling.silences():
            await self.telling.unsilence(one.id, Asker("li", GRANTED["operator"], EVERYTHING))

    def _undo(self, register: CaseRegister, fingerprint: str, now: datetime) -> None:
        with self.book.store.reader.connect() as db:
            case_id = db.execute(
                sa.select(case_alerts.c.case_id).where(case_alerts.c.fingerprint == fingerprint)
            ).scalar_one()
        register.undo(case_id, "li", now)

    def _print(self, name: str) -> str:
        return replace(make_alert(), labels={"channel": name, "venue": "v1"}).fingerprint

    async def play(self, timeline: dict[str, Any], restarts: list[int]) -> None:
        due: dict[int, list[list[str]]] = {}
        for line in timeline["do"]:
            second, *words = line.split()
            due.setdefault(int(second), []).append(words)
        last = max([*due, *(int(line.split()[0]) for line in timeline["told"])])
        for second in range(timeline.get("until", last + 20)):
            for words in due.get(second, []):
                await self.do(words[0], words[1:])
            if second in restarts:
                await self.restart()
            await self.clock.advance(1)
            await self.desk.step()
            await self.escalation.step()
            await self.desk.step()


CASES = [
    pytest.param(one, is_restarted, id=f"{one['name']}{', restarted' if is_restarted else ''}")
    for one in TIMELINES
    for is_restarted in (False, True)
    if is_restarted or one.get("until", 0) < LONG_S
]


@pytest.mark.parametrize(("timeline", "is_restarted"), CASES)
async def test_what_is_told_when(timeline, is_restarted, tmp_path):
    stage = Stage(tmp_path, timeline)
    await stage.begin()
    try:
        await stage.play(timeline, timeline["restart"] if is_restarted else [])
        assert sorted(stage.told) == sorted(timeline["told"])
        assert not await stage.escalation.missed()
        stage.book.store.verify()
    finally:
        await stage.book.close()
