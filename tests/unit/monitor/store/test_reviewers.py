"""Twenty reviewers on thousands of alerts: some stall past their lease and come back, some never do.

`EXAMWATCH_REVIEWED=10000` has ten thousand of them. What happened is told by the audit chain alone,
replayed here by the plainest of rules.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from monitor.case.habits import Habits
from monitor.case.machine import LEASE, Step, StepError
from monitor.case.playbook import playbooks
from monitor.case.service import CaseService
from monitor.people.scope import EVERYTHING
from monitor.store import Store
from monitor.store.audit import check_chain
from monitor.store.book import StoreBook
from monitor.store.desk_tables import case_alerts, cases
from monitor.store.tables import audit
from tests.unit.monitor.conftest import NOON, make_alert

N_ALERTS = int(os.environ.get("EXAMWATCH_REVIEWED", "2000"))
N_REVIEWERS = 20
CLAIM_S = 0.2
"""Between two claims of all reviewers together: leases run out amid."""


class RoomClock:
    """Moved on by whoever acts; where all wait, to the instant at which the first of them wakes."""

    def __init__(self) -> None:
        self._at_s = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._at_s)

    def monotonic(self) -> float:
        return self._at_s

    def tick(self, seconds: float) -> None:
        self._at_s += seconds
        while self._sleepers and self._sleepers[0][0] <= self._at_s:
            heapq.heappop(self._sleepers)[2].set_result(None)

    def skip(self) -> None:
        self.tick(self._sleepers[0][0] - self._at_s)

    @property
    def n_sleeping(self) -> int:
        return len(self._sleepers)

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._at_s + seconds, next(self._order), woken))
        await woken


@dataclass
class Room:
    service: CaseService
    clock: RoomClock
    rng: random.Random
    n_awake: int = N_REVIEWERS
    n_decided: int = 0
    names: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    outcomes: Counter[str] = field(default_factory=Counter[str])

    async def away(self, seconds: float) -> None:
        waking = asyncio.ensure_future(self.clock.sleep(seconds))
        await asyncio.sleep(0)
        self.left()
        await waking
        self.n_awake += 1

    def left(self) -> None:
        self.n_awake -= 1
        if self.n_awake == 0 and self.n_decided < N_ALERTS:
            self.clock.skip()

    async def judge(self, case_id: str, name: str, what: str) -> None:
        verdict = self.rng.choice(["benign", "rumour", "scam"])
        try:
            await self.service.step(case_id, Step("judge", name, verdict=verdict), EVERYTHING)
        except StepError as error:
            self.outcomes[f"{what} {error.code}"] += 1
            return
        self.outcomes[what] += 1
        self.n_decided += 1

    async def review(self) -> None:
        name = f"p{next(self.names)}"
        while self.n_decided < N_ALERTS:
            case = await self.service.claim_next(name, EVERYTHING)
            self.clock.tick(CLAIM_S)
            if case is None:
                await self.away(61)
                continue
            what = self.rng.random()
            if what < 0.006:
                await self.away(LEASE.total_seconds() + self.rng.choice([-1, 1, 90]))
                await self.judge(case.id, name, "late")
            elif what < 0.008:
                # Gone for good; another sits down in the same chair.
                self.outcomes["died"] += 1
                name = f"p{next(self.names)}"
            elif what < 0.02:
                await self.judge(case.id, name, "undone")
                await self.service.undo(case.id, name, EVERYTHING)
                self.n_decided -= 1
            else:
                await self.judge(case.id, name, "judged")
        while self.clock.n_sleeping:
            self.clock.skip()
            await asyncio.sleep(0)


@dataclass
class Told:
    """A case as the chain tells it."""

    owner: str | None = None
    until: datetime = NOON
    verdicts: list[str] = field(default_factory=list)
    before: tuple[str | None, datetime] = (None, NOON)


def replay(store: Store) -> dict[str, Told]:
    found: dict[str, Told] = {}
    with store.reader.connect() as db:
        rows = db.execute(sa.select(audit.c.seq, audit.c.entry, audit.c.hash).order_by(audit.c.seq))
        for entry in check_chain(tuple(row) for row in rows):
            if not entry.action.startswith("case."):
                continue
            told = found.setdefault(entry.subject, Told())
            if entry.action in ("case.claim", "case.judge"):
                is_held = told.owner not in (None, entry.actor) and entry.at < told.until
                assert not is_held, f"{entry.actor} took {entry.subject}, which {told.owner} held"
                assert not told.verdicts, f"{entry.subject} was decided, and {entry.actor} came after"
            match entry.action:
                case "case.claim":
                    told.owner, told.until = entry.actor, entry.at + LEASE
                case "case.judge":
                    told.before = told.owner, told.until
                    told.owner, told.until = entry.actor, entry.at
                    told.verdicts.append(entry.body["verdict"])
                case "case.undo":
                    assert (told.owner, entry.body["undone"]) == (entry.actor, "judge")
                    told.owner, told.until = told.before
                    told.verdicts.pop()
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_twenty_reviewers_on_ten_thousand_alerts_decide_each_once(tmp_path):
    clock = RoomClock()
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    for first in range(0, N_ALERTS, 500):
        numbers = range(first, min(first + 500, N_ALERTS))
        await book.merge([make_alert(f"e{n}", labels={"document": f"d{n}"}) for n in numbers])
    room = Room(CaseService(book, Habits(), playbooks(), clock), clock, random.Random(8))
    reviewers = [asyncio.create_task(room.review()) for _ in range(N_REVIEWERS)]
    await asyncio.gather(*reviewers)
    told = replay(book.store)
    assert all(len(one.verdicts) == 1 for one in told.values())
    with book.store.reader.connect() as db:
        links = dict(db.execute(sa.select(case_alerts.c.fingerprint, case_alerts.c.case_id)).tuples().all())
        standing = dict(db.execute(sa.select(cases.c.id, cases.c.state)).tuples().all())
    assert len(links) == len(set(links.values())) == N_ALERTS
    assert standing == {case_id: one.verdicts[0] for case_id, one in told.items()}
    assert room.n_decided == N_ALERTS
    if N_ALERTS >= 5000:
        # All of it happened: late and in time, late and refused, taken back, left lying.
        for what in ("late", "undone", "died"):
            assert room.outcomes[what] > 3, room.outcomes
        assert room.outcomes["late held"] + room.outcomes["late wrong-state"] > 3, room.outcomes
    await book.close()
