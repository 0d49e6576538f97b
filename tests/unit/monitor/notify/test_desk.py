"""The desk on a fake clock with a real store: timelines, restarts, and a crash after every single commit."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.clock import FakeClock
from monitor.config.notify import Notify, Receiver
from monitor.notify.desk import N_ATTEMPTS, NotifyDesk, Plan
from monitor.notify.ledger import Ledger, Notice
from monitor.notify.matcher import parse
from monitor.notify.senders import SendError
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.leader import NotLeadingError
from tests.unit.monitor.conftest import make_alert

START = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


class Crash(BaseException):
    """The process ends here."""


class Book(StoreBook):
    """Ends the process after so many writes: right after the last of them, or only before the next."""

    n_left: int | None = None
    is_late = False

    async def write(self, work):
        if self.n_left == 0:
            raise Crash
        done = await super().write(work)
        if self.n_left is not None:
            self.n_left -= 1
            if self.n_left == 0 and not self.is_late:
                raise Crash
        return done


@dataclass
class Inbox:
    """A receiver as the world is: what it got, and when it refuses."""

    receiver: Receiver
    clock: FakeClock
    got: list[tuple[datetime, Notice]] = field(default_factory=list)
    down: bool = False
    wait_s: float | None = None
    per_minute: int = 1000

    def free_at(self, now: datetime) -> datetime:
        recent = [at for at, _ in self.got if at > now - timedelta(minutes=1)]
        return recent[0] + timedelta(minutes=1) if len(recent) >= self.per_minute else now

    async def send(self, notice: Notice, now: datetime) -> None:
        if self.down:
            raise SendError(f"{self.receiver.id}: status 503", self.wait_s)
        self.got.append((now, notice))


def config(**more) -> Notify:
    route = {"receiver": "duty", "group_by": ["venue"], **more.pop("route", {})}
    receivers = [
        {"id": "duty", "kind": "wecom", "url": "http://d.test/", "fallback": "group"},
        {"id": "group", "kind": "wecom", "url": "http://g.test/"},
    ]
    return Notify.model_validate({"receivers": receivers, "route": route, **more})


class Stage:
    def __init__(self, folder: Path, settings: Notify, clock: FakeClock | None = None) -> None:
        self.folder, self.settings = folder, settings
        self.clock = clock or FakeClock(START)
        self.inboxes = {one.id: Inbox(one, self.clock) for one in settings.receivers}

    async def begin(self) -> None:
        self.book = Book(Store(f"sqlite:{self.folder / 's.db'}"), self.clock)
        plan = Plan(self.settings.tree, self.settings.inhibitions, "No. 1", "en")
        self.desk = NotifyDesk(plan, self.inboxes, self.book, self.clock, random.Random(1))
        self.ledger = Ledger(self.book.store)
        await self.desk.open()

    async def end(self) -> None:
        self.book.n_left = None
        await self.book.close()

    async def restart(self) -> None:
        await self.end()
        await self.begin()

    async def run(self, seconds: float, every_s: float = 1.0) -> None:
        for _ in range(round(seconds / every_s)):
            await self.clock.advance(every_s)
            await self.desk.step()

    async def raise_(self, name: str, *, lasts_s: float | None = None, **more) -> None:
        now = self.clock.now()
        ends_at = None if lasts_s is None else now + timedelta(seconds=lasts_s)
        made = make_alert(name, channel=name, starts_at=now, updated_at=now, ends_at=ends_at)
        await self.book.merge([replace(made, **more)])

    def told(self, receiver: str = "duty") -> list[tuple[int, str, int, int]]:
        """Seconds from the start, reason, number firing, number over."""
        return [
            (
                round((at - START).total_seconds()),
                notice.reason,
                len(notice.body["firing"]),
                len(notice.body["resolved"]),
            )
            for at, notice in self.inboxes[receiver].got
        ]


@pytest.fixture
async def stage(tmp_path, request):
    made = Stage(tmp_path, getattr(request, "param", None) or config())
    await made.begin()
    yield made
    await made.end()


def routed(**route):
    return pytest.mark.parametrize("stage", [config(route=route)], indirect=True)


async def test_the_first_message_waits_for_others_and_the_next_for_the_interval(stage):
    await stage.raise_("a")
    await stage.run(5)
    await stage.raise_("b")
    await stage.run(15)
    assert stage.told() == [(11, "first", 2, 0)]
    await stage.raise_("c")
    await stage.run(60)
    assert stage.told()[1:] == [(71, "new", 3, 0)]


async def test_a_critical_alert_waits_for_nobody_not_even_in_a_group_that_was_just_told(stage):
    await stage.raise_("a", level="critical")
    await stage.run(5)
    assert stage.told() == [(4, "first", 1, 0)]
    await stage.raise_("b", level="critical")
    await stage.run(5)
    assert stage.told()[1:] == [(9, "new", 2, 0)]


async def test_what_is_over_is_told_once_and_what_goes_on_again_after_hours(stage):
    await stage.raise_("a", lasts_s=90)
    await stage.raise_("b")
    await stage.run(200)
    await stage.run(4 * 3600, every_s=60)
    assert [(reason, n, over) for _, reason, n, over in stage.told()] == [
        ("first", 2, 0), ("resolved", 1, 1), ("repeat", 1, 0),
    ]  # fmt: skip


async def test_what_was_over_before_anybody_was_told_is_not_told_alone(stage):
    await stage.raise_("a", lasts_s=4)
    await stage.run(300)
    assert stage.told() == []


async def test_news_of_an_alert_that_was_told_is_no_message_and_a_graver_level_is_one(stage):
    await stage.raise_("a")
    await stage.run(20)
    await stage.raise_("a", id="a2", cause="c2")
    await stage.run(120)
    assert len(stage.told()) == 1
    await stage.raise_("a", id="a3", cause="c3", level="high")
    await stage.run(70)
    assert [reason for _, reason, *_ in stage.told()] == ["first", "new"]


async def test_a_storm_of_a_thousand_is_a_handful_of_messages_and_the_gravest_comes_first(stage):
    for n in range(1000):
        level = "critical" if n == 500 else "medium"
        await stage.raise_(f"s{n}", level=level, venue=f"v{n % 3}")
        if n % 17 == 0:
            await stage.run(1)
    began = round(1000 / 17 * 500 / 1000)
    await stage.run(60)
    # Three venues, and the critical one at once in its own.
    assert 3 <= len(stage.told()) <= 9
    gravest = next(
        (at, n.body) for at, n in stage.inboxes["duty"].got
        if any(one["level"] == "critical" for one in n.body["firing"])
    )  # fmt: skip
    assert (gravest[0] - START).total_seconds() <= began + 10
    assert gravest[1]["firing"][0]["level"] == "critical"
    assert gravest[1]["text"].count("\n") <= 8
    everyone = {
        one["fingerprint"] for _, notice in stage.inboxes["duty"].got for one in notice.body["firing"]
    }
    assert len(everyone) == 1000


@routed(routes=[{"match": ["drill=true"], "receiver": "group", "drills": True}])
async def test_drills_go_where_they_may_and_unproven_rules_to_nobody(stage):
    await stage.raise_("a", drill=True, labels={"channel": "a", "drill": "true"})
    await stage.raise_("b", experimental=True)
    await stage.run(30)
    assert stage.told("duty") == []
    assert stage.told("group") == [(11, "first", 1, 0)]
    assert stage.inboxes["group"].got[0][1].body["title"].startswith("[DRILL]")


@routed(
    routes=[
        {"match": ["level=critical"], "receiver": "group", "continue": True},
        {"match": ["kind=radio"]},
    ]
)
async def test_one_alert_may_go_to_two_receivers(stage):
    await stage.raise_("a", level="critical")
    await stage.run(12)
    assert len(stage.told("duty")) == len(stage.told("group")) == 1


async def test_a_silence_mutes_until_it_ends_and_then_what_still_fires_is_told(stage):
    ends_at = START + timedelta(minutes=5)
    await stage.book.write(
        lambda: stage.ledger.silence([parse("venue=v1")], "test", "wang", ends_at, stage.clock.now())
    )
    await stage.raise_("a")
    await stage.run(299)
    assert stage.told() == []
    await stage.run(90)
    assert [reason for _, reason, *_ in stage.told()] == ["first"]


async def test_what_is_inhibited_is_not_told_while_its_source_fires(tmp_path):
    rule = {"source": ["kind=correlation"], "target": ["kind=radio"], "equal": ["venue"]}
    stage = Stage(tmp_path, config(inhibit=[rule], route={"group_by": ["kind", "venue"]}))
    await stage.begin()
    await stage.raise_("whole", kind="correlation", level="critical", lasts_s=200)
    await stage.raise_("part")
    await stage.raise_("elsewhere", venue="v2")
    await stage.run(60)
    told = [one["labels"]["channel"] for _, n in stage.inboxes["duty"].got for one in n.body["firing"]]
    assert sorted(told) == ["elsewhere", "whole"]
    await stage.run(300)
    told = [one["labels"]["channel"] for _, n in stage.inboxes["duty"].got for one in n.body["firing"]]
    assert "part" in told
    await stage.end()


async def test_a_receiver_that_is_down_is_tried_again_and_then_its_fallback_takes_over(stage):
    stage.inboxes["duty"].down = True
    await stage.raise_("a")
    await stage.run(60)
    assert stage.told("duty") == []
    assert [reason for _, reason, *_ in stage.told("group")] == ["first"]
    assert stage.desk.counts["duty", "failed"] == N_ATTEMPTS
    assert stage.desk.counts["group", "sent"] == 1
    assert stage.book.store.verify() > 0


async def test_a_receiver_that_asks_for_patience_gets_it(stage):
    stage.inboxes["duty"].down, stage.inboxes["duty"].wait_s = True, 45.0
    await stage.raise_("a")
    await stage.run(20)
    stage.inboxes["duty"].down = False
    await stage.run(34)
    assert stage.told() == []
    await stage.run(5)
    assert len(stage.told()) == 1


async def test_no_more_goes_out_than_the_receiver_takes_and_nothing_is_lost(tmp_path):
    stage = Stage(tmp_path, config(route={"group_by": ["channel"]}))
    stage.inboxes["duty"].per_minute = 20
    await stage.begin()
    for n in range(50):
        await stage.raise_(f"c{n}")
    await stage.run(65)
    assert len(stage.told()) == 20
    await stage.run(130)
    assert len(stage.told()) == 50
    await stage.end()


async def test_what_cannot_be_told_for_a_day_is_given_up_and_stands_in_the_audit(tmp_path):
    stage = Stage(tmp_path, config())
    for inbox in stage.inboxes.values():
        inbox.down = True
    await stage.begin()
    await stage.raise_("a")
    await stage.run(30)
    await stage.clock.advance(25 * 3600)
    await stage.run(3)
    (notice, *_) = stage.ledger.newest(1)
    assert notice.state in ("given up", "waiting")
    assert {one.state for one in stage.ledger.newest(10)} >= {"given up"}
    await stage.end()


async def test_of_what_was_before_there_was_anybody_to_tell_nobody_is_told(tmp_path):
    stage = Stage(tmp_path, config())
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), stage.clock)
    await book.merge([make_alert("old")])
    await book.close()
    await stage.begin()
    await stage.run(60)
    assert stage.told() == []
    await stage.restart()
    await stage.raise_("new")
    await stage.run(60)
    assert stage.told()[0][2] == 1
    await stage.end()


async def test_a_restart_forgets_nothing_and_repeats_nothing(stage):
    await stage.raise_("a", lasts_s=150)
    await stage.run(5)
    await stage.restart()
    await stage.run(30)
    await stage.restart()
    await stage.run(200)
    assert [reason for _, reason, *_ in stage.told()] == ["first", "resolved"]


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("first_point", range(0, 40, 8))
async def test_a_crash_after_any_commit_loses_nothing_and_repeats_at_most_one_message_marked_so(
    tmp_path, first_point, is_late
):
    """Each point of one story, eight to a test: the process ends after its n-th commit, before or after
    what follows it (a message that is sent and whose success is not written down)."""
    n_repeated = 0
    for point in range(first_point + 1, first_point + 9):
        folder = tmp_path / str(point)
        folder.mkdir()
        stage = Stage(folder, config())
        await stage.begin()
        await stage.raise_("a", lasts_s=40)
        await stage.raise_("b", venue="v2")
        stage.book.n_left, stage.book.is_late = point, is_late
        is_crashed = False
        for _ in itertools.repeat(None, 110):
            try:
                await stage.run(1)
            except Crash:
                is_crashed = True
                await stage.restart()
        await stage.end()
        got = stage.inboxes["duty"].got
        fired = Counter(one["labels"]["channel"] for _, n in got for one in n.body["firing"])
        over = Counter(one["labels"]["channel"] for _, n in got for one in n.body["resolved"])
        assert set(fired) == {"a", "b"}, point
        assert set(over) == {"a"}, point
        by_id = Counter(notice.id for _, notice in got)
        repeated = [name for name, n in by_id.items() if n > 1]
        assert len(repeated) <= 1, point
        for name in repeated:
            assert [notice.maybe_repeated for _, notice in got if notice.id == name] == [False, True], point
        n_repeated += len(repeated)
        if not is_crashed:
            break
    # Only a message whose sending was cut off can come twice.
    assert is_late or n_repeated == 0
    assert n_repeated or not is_late or first_point > 8


async def test_a_hub_that_slept_while_it_claimed_claims_again_before_it_sends(stage, monkeypatch):
    claim, n_claims = Ledger.sending, 0

    def slept(ledger, notice) -> None:
        nonlocal n_claims
        n_claims += 1
        claim(ledger, notice)
        if n_claims == 1:
            stage.clock._elapsed_s += 60.0

    monkeypatch.setattr(Ledger, "sending", slept)
    await stage.raise_("a", level="critical")
    await stage.run(6)
    assert n_claims == 2
    assert len(stage.told()) == 1
    assert stage.inboxes["duty"].got[0][1].n_attempts == 0


async def test_a_hub_that_slept_and_leads_no_more_sends_nothing(stage, monkeypatch):
    def refused(_ledger, _notice) -> None:
        raise NotLeadingError("another hub leads")

    monkeypatch.setattr(Ledger, "sending", refused)
    await stage.raise_("a", level="critical")
    with pytest.raises(NotLeadingError):
        await stage.run(6)
    assert stage.told() == []
