"""Roster, plans, the desk on a fake clock with a real store, and a crash after every single commit."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.case.register import acknowledge
from monitor.clock import FakeClock
from monitor.duty.desk import DutyPlans, EscalationDesk, taken_over
from monitor.duty.ledger import DutyLedger
from monitor.duty.plan import GRACE, Escalation, FrozenStep, Plan, PlanStep, Target, freeze, missed, plan_for
from monitor.duty.roster import Person, Roster, Shift, load_roster
from monitor.faults import InputError
from monitor.notify.ledger import Ledger
from monitor.notify.matcher import parse
from monitor.notify.service import TellingService
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.conftest import make_alert

CHINA = ZoneInfo("Asia/Shanghai")
ROSTER_FILE = Path(__file__).parents[4] / "configs/roster.yml"
START = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
"""09:00 in China."""
WANG, LI, CHEN = (Person(name, name, name, (f"{name}-sms",)) for name in ("wang", "li", "chen"))
ROSTER = Roster(
    CHINA,
    (WANG, LI, CHEN),
    (
        Shift("duty", (WANG, LI), START - timedelta(hours=2), START + timedelta(hours=4)),
        Shift("duty", (LI,), START + timedelta(hours=4), START + timedelta(hours=8)),
        Shift("radio", (CHEN,)),
    ),
    (("police", ("police-desk",)),),
)


def minutes(after: float, *to: str) -> PlanStep:
    named = [one.partition(":") for one in to]
    return PlanStep(
        timedelta(minutes=after), tuple(Target(name, int(rank) if rank else None) for name, _, rank in named)
    )


PLAN = Plan(
    (parse('level="critical"'),), (minutes(2, "duty:1"), minutes(5, "duty", "radio"), minutes(10, "police"))
)


# --- roster ---


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}").replace(tzinfo=CHINA).astimezone(UTC)


def test_a_roster_is_read_with_every_fault_at_its_line(tmp_path):
    file = tmp_path / "r.yml"
    file.write_text(
        "time_zone: Asia/Shanghai\n"
        "people:\n"
        "  - {id: wang, name: Wang}\n"
        "  - {id: wang, name: Wang}\n"
        "shifts:\n"
        "  - {department: duty, people: [zhao]}\n"
        "  - {department: duty, people: [wang], start: 2026-06-07 07:00}\n"
        "  - {department: duty, people: [wang], start: 2026-06-07 07:00, end: 2026-06-07 06:00}\n"
        '  - {department: duty, people: [wang], daily: "25:00-07:00"}\n'
    )
    with pytest.raises(InputError) as told:
        load_roster(file)
    assert [line.partition(":")[2] for line in str(told.value).replace(str(file), "").splitlines()] == [
        "4: id 'wang' stands twice",
        "6: unknown person 'zhao' (there is wang)",
        "7: a shift has start and end, or daily, or neither: then it goes on always",
        "8: the shift ends at 2026-06-07 06:00, not after its start 2026-06-07 07:00",
        "9: daily: '25:00-07:00' is no pair of times such as \"07:00-19:00\"",
    ]


def test_the_sample_roster_is_right_and_says_who_is_on_duty():
    roster = load_roster(ROSTER_FILE)
    duty = roster.on_duty("duty", at("07 12:59"))
    assert [one.id for one in duty.people] == ["wang", "li"]
    assert (duty.since, duty.until) == (at("07 07:00"), at("07 13:00"))
    assert [one.id for one in roster.on_duty("duty", at("07 13:00")).people] == ["li", "wang"]
    assert roster.on_duty("duty", at("07 19:00")).people == ()
    assert [one.id for one in roster.on_duty("radio", at("30 18:59")).people] == ["chen"]
    assert roster.on_duty("radio", at("30 19:00")).people == ()
    assert roster.receivers("police", None, at("07 09:00")) == ("police-desk",)


def test_a_shift_over_midnight_is_one_shift():
    night = Roster(CHINA, (WANG,), (Shift("duty", (WANG,), daily=(_time("19:00"), _time("07:00"))),))
    for text, there in (("07 18:59", False), ("07 19:00", True), ("08 00:00", True), ("08 06:59", True)):
        assert bool(night.on_duty("duty", at(text)).people) == there, text
    assert night.on_duty("duty", at("08 03:00")).since == at("07 19:00")
    assert night.on_duty("duty", at("08 07:00")).people == ()


def _time(text: str):
    return datetime.fromisoformat(f"2026-06-07 {text}").time()


def test_who_took_over_by_hand_is_called_first_even_when_no_shift_names_them():
    changed = taken_over(ROSTER, {"duty": "chen", "radio": "nobody"})
    assert [one.id for one in changed.on_duty("duty", START).people] == ["chen", "wang", "li"]
    assert changed.receivers("duty", 1, START) == ("chen-sms",)
    assert changed.on_duty("radio", START) == ROSTER.on_duty("radio", START)


# --- plans ---


def test_a_plan_is_frozen_with_who_is_on_duty_when_each_step_is_due():
    late = START + timedelta(hours=3, minutes=56)
    steps = freeze(PLAN, ROSTER, late)
    assert [step.receivers for step in steps] == [
        ("wang-sms",),
        ("li-sms", "chen-sms"),  # the shift has changed by then
        ("police-desk",),
    ]


def test_a_step_that_reaches_nobody_does_not_keep_the_next_waiting():
    night = START + timedelta(hours=12)
    steps = freeze(PLAN, replace(ROSTER, shifts=ROSTER.shifts[:2]), night)
    assert [(step.due_at - night, step.receivers) for step in steps] == [
        (timedelta(minutes=2), ()),
        (timedelta(minutes=2), ()),
        (timedelta(minutes=2), ("police-desk",)),
    ]


def test_a_drill_is_escalated_only_by_a_plan_that_says_so():
    labels = {"level": "critical", "drill": "true"}
    assert plan_for((PLAN,), labels) is None
    assert plan_for((PLAN, replace(PLAN, drills=True)), labels) == replace(PLAN, drills=True)


@given(
    st.lists(st.integers(0, 900), min_size=1, max_size=5).map(sorted),
    st.integers(0, 5),
    st.integers(0, 2000),
    st.booleans(),
)
def test_the_auditor_misses_just_what_was_due_and_did_not_run(dues, n_done, now_s, is_taken):
    steps = tuple(FrozenStep(START + timedelta(seconds=s), ("duty",), ("x",)) for s in dues)
    n_done = min(n_done, len(steps))
    one = Escalation("e", "f", START, steps, n_done, "running")
    told = {("e", n): ["sent" if is_taken else "given up"] for n in range(n_done)}
    now = START + timedelta(seconds=now_s)
    found = {one.n_step for one in missed([one], told, now)}
    assert found == {
        n for n, s in enumerate(dues) if s + GRACE.total_seconds() <= now_s and (n >= n_done or not is_taken)
    }


# --- the desk ---


class Crash(BaseException):
    """The process ends here."""


class Book(StoreBook):
    n_left: int | None = None

    async def write(self, work):
        done = await super().write(work)
        if self.n_left is not None:
            self.n_left -= 1
            if self.n_left == 0:
                raise Crash
        return done


class Stage:
    def __init__(self, folder, plans=(PLAN,)) -> None:
        self.folder, self.plans, self.clock = folder, plans, FakeClock(START)

    async def begin(self) -> None:
        self.book = Book(Store(f"sqlite:{self.folder / 's.db'}"), self.clock)
        self.ledger = DutyLedger(self.book.store)
        self.telling = TellingService(Ledger(self.book.store), self.book, self.clock)
        duty = DutyPlans(self.plans, ROSTER, "No. 1", "en")
        self.desk = EscalationDesk(duty, self.telling, self.book, self.clock)
        await self.desk.open()

    async def restart(self) -> None:
        self.book.n_left = None
        await self.book.close()
        await self.begin()

    async def run(self, seconds: int, every_s: int = 1) -> None:
        for _ in range(seconds // every_s):
            await self.clock.advance(every_s)
            await self.desk.step()

    async def raise_(self, name: str, **more) -> str:
        now = self.clock.now()
        made = make_alert(name, channel=name, starts_at=now, updated_at=now, level="critical")
        made = replace(made, **more)
        await self.book.merge([made])
        return made.fingerprint

    async def told(self) -> list[tuple[int, str, int]]:
        """Seconds from the start, receiver, alerts in the message; as they were written."""
        found = await self.book.read(partial(Ledger(self.book.store).newest, 500))
        return sorted(
            (
                round((one.created_at - START).total_seconds()),
                one.receiver,
                len(one.body["firing"]),
            )
            for one in found
        )

    async def see(self, fingerprint: str) -> None:
        await self.book.write(partial(acknowledge, self.book.store, fingerprint, "li", "", self.clock.now()))


@pytest.fixture
async def stage(tmp_path):
    made = Stage(tmp_path)
    await made.begin()
    yield made
    await made.book.close()


async def test_what_nobody_sees_goes_to_the_next_and_the_auditor_is_content(stage):
    await stage.raise_("a")
    await stage.raise_("b", level="high")
    await stage.run(700)
    assert await stage.told() == [
        (121, "wang-sms", 1),
        (301, "chen-sms", 1), (301, "li-sms", 1), (301, "wang-sms", 1),
        (601, "police-desk", 1),
    ]  # fmt: skip
    notices = await stage.book.read(partial(Ledger(stage.book.store).newest, 1))
    assert notices[0].body["title"] == "No. 1 · Escalation 3 of 3 · 1 alert not acknowledged for 10 min"
    assert [one.state for one in await stage.desk.exhausted()] == ["exhausted"]
    assert stage.book.store.verify() == 6


async def test_what_somebody_has_seen_goes_no_further(stage):
    seen = await stage.raise_("a")
    other = await stage.raise_("b")
    await stage.run(150)
    await stage.see(seen)
    await stage.run(1000, every_s=10)
    by_step = {}
    for when, _, n in await stage.told():
        by_step.setdefault(when // 60, set()).add(n)
    assert by_step == {2: {2}, 5: {1}, 10: {1}}
    assert [one.fingerprint for one in await stage.desk.exhausted()] == [other]
    await stage.see(other)
    assert await stage.desk.exhausted() == []


async def test_a_storm_calls_each_person_once_and_not_a_thousand_times(stage):
    for n in range(1000):
        await stage.raise_(f"s{n}", starts_at=stage.clock.now())
        if n % 20 == 19:
            await stage.run(1)
    await stage.run(800)
    told = await stage.told()
    assert len(told) <= 20
    assert sum(n for _, receiver, n in told if receiver == "police-desk") == 1000
    recent, by_step = await stage.book.read(partial(stage.ledger.recent, stage.clock.now()))
    assert {one.n_done for one in recent} == {3}
    assert len(by_step) == 3000


async def test_a_silence_and_an_experimental_rule_escalate_nothing(stage):
    await stage.telling.silence([parse("venue=v1")], "test", "li", START + timedelta(hours=1))
    await stage.raise_("a")
    await stage.raise_("b", venue="v2", labels={"venue": "v2"}, experimental=True)
    await stage.raise_("c", venue="v2", labels={"venue": "v2", "channel": "c"})
    await stage.run(400)
    assert {n for _, _, n in await stage.told()} == {1}


async def test_a_plan_that_runs_is_not_changed_by_a_configuration_that_does(stage, tmp_path):
    await stage.raise_("a")
    await stage.run(130)
    stage.plans = (Plan(PLAN.matchers, (minutes(1, "police"),)),)
    await stage.restart()
    await stage.run(200)
    assert [receiver for _, receiver, _ in await stage.told()] == [
        "wang-sms", "chen-sms", "li-sms", "wang-sms",
    ]  # fmt: skip


async def test_a_crash_after_any_commit_loses_and_repeats_no_step(tmp_path):
    whole = None
    for n in itertools.count(1):
        folder = tmp_path / str(n)
        folder.mkdir()
        stage = Stage(folder)
        await stage.begin()
        await stage.raise_("a")
        stage.book.n_left = n
        crashed = False
        for _ in range(70):
            try:
                await stage.run(10, every_s=10)
            except Crash:
                crashed = True
                await stage.restart()
        told = [(receiver, count) for _, receiver, count in await stage.told()]
        assert not await stage.desk.missed()
        await stage.book.close()
        whole = whole or told
        assert told == whole, n
        if not crashed:
            break
    assert n >= 4
    assert len(whole) == 5


async def test_a_desk_that_stood_still_is_found_out_by_the_auditor(stage):
    print_ = await stage.raise_("a")
    await stage.run(10)
    await stage.clock.advance(300)
    late = await stage.desk.missed()
    assert [(one.fingerprint, one.n_step) for one in late] == [(print_, 0)]
    assert stage.desk.unmanned() == ["police"]
