"""SIGKILL at any moment loses no resolve, and what people are told twice says that it may be a repetition.

parent             child (forked, killed at a random moment)
told file <──id────── sender took it          raise, resolve ──> queue ──> store ──> notify, escalate
          before the ledger knows

EXAMWATCH_KILLS=2000 pytest tests/fault/test_kill_desk.py
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.alert.alert import Alert
from monitor.clock import SystemClock
from monitor.config.notify import Notify
from monitor.duty.desk import DutyPlans, EscalationDesk
from monitor.duty.plan import Plan, PlanStep, Target
from monitor.duty.roster import UTC_ZONE, Person, Roster, Shift
from monitor.notify import desk as notify_desk
from monitor.notify.desk import NotifyDesk
from monitor.notify.ledger import Ledger
from monitor.notify.service import TellingService
from monitor.pipeline import Pipeline
from monitor.queue import open_queue
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.desk_tables import escalations, notices
from monitor.store.tables import alerts, events
from tests.fault.test_kill import wait_for

N_KILLS = int(os.environ.get("EXAMWATCH_KILLS", "60"))
N_OF_ONE_STORE = 50
"""With all that was raised in hundreds of lives before, no later one would live to its first message."""
LONGEST_LIFE_S = 0.15
N_VENUES = 5
SETTINGS = Notify.model_validate(
    {
        "receivers": [{"id": "duty", "kind": "wecom", "url": "http://d.test/"}],
        "route": {
            "receiver": "duty", "group_by": ["venue"], "group_wait_s": 0, "group_interval_s": 1,
        },
    }
)  # fmt: skip
WANG = Person("wang", "Wang", "王", ("duty",))
DUTY = DutyPlans(
    (Plan((), (PlanStep(timedelta(seconds=0.05), (Target("duty"),)),)),),
    Roster(UTC_ZONE, (WANG,), (Shift("duty", (WANG,)),)),
    "No. 1",
    "en",
)


class Teller:
    """Writes down what it took at once: the ledger learns of it later, or never."""

    def __init__(self, folder: Path) -> None:
        self.receiver = SETTINGS.receivers[0]
        self._file = os.open(folder / "told", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def free_at(self, now):
        return now

    async def send(self, notice, now) -> None:
        line = json.dumps({"id": notice.id, "repeated": notice.maybe_repeated})
        os.write(self._file, line.encode() + b"\n")


def alert(name: str, *, is_over: bool) -> Alert:
    now = datetime.now(UTC)
    return Alert(
        id=f"{name}-{'over' if is_over else 'raised'}",
        cause=name,
        kind="radio",
        level="critical",
        labels={"channel": name},
        annotations={"title_en": "t", "title_zh": "标题"},
        starts_at=now,
        updated_at=now,
        ends_at=now if is_over else None,
        why=[],
        event={"kind": "radio"},
        venue=f"v{len(name) % N_VENUES}",
    )


async def live(folder: Path, run: int, witness: int) -> None:
    notify_desk.GRAVE_WAIT = timedelta(0)
    clock = SystemClock()
    queue = open_queue(f"sqlite:{folder / 'queue.db'}")
    book = StoreBook(Store(f"sqlite:{folder / 'store.db'}"), clock)
    rng = random.Random(run)
    plan = notify_desk.Plan(SETTINGS.tree, (), "No. 1", "en")
    telling = NotifyDesk(plan, {"duty": Teller(folder)}, book, clock, rng)
    duty = EscalationDesk(DUTY, TellingService(Ledger(book.store), book, clock), book, clock)
    await telling.open()
    await duty.open()

    async def raiser() -> None:
        n = 0
        while True:
            name = f"{run}-{n}"
            for is_over in (False, True):
                made = alert(name, is_over=is_over)
                await queue.put([made])
                os.write(witness, f"{made.id}\n".encode())
                await asyncio.sleep(0.002)
            n += 1

    async def desks() -> None:
        while True:
            await telling.step()
            await duty.step()
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(Pipeline(queue, book, clock).run())
        group.create_task(raiser())
        group.create_task(desks())


def child(folder: Path, run: int) -> None:
    witness = os.open(folder / "witness", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(witness, f"born-{run}\n".encode())
    asyncio.run(live(folder, run, witness))


async def finish(folder: Path) -> None:
    """A start that is not killed: everything comes to rest."""
    clock = SystemClock()
    queue = open_queue(f"sqlite:{folder / 'queue.db'}")
    book = StoreBook(Store(f"sqlite:{folder / 'store.db'}"), clock)
    pipeline = Pipeline(queue, book, clock)
    while await pipeline.step(0.0):
        pass
    plan = notify_desk.Plan(SETTINGS.tree, (), "No. 1", "en")
    telling = NotifyDesk(plan, {"duty": Teller(folder)}, book, clock, random.Random(1))
    duty = EscalationDesk(DUTY, TellingService(Ledger(book.store), book, clock), book, clock)
    await telling.open()
    for _ in range(8):
        await telling.step()
        await duty.step()
        await asyncio.sleep(0.4)
    await queue.close()
    await book.close()


@pytest.mark.slow
@pytest.mark.timeout(max(180, 2 * N_KILLS))
def test_kills_lose_no_resolve_and_repeat_no_message_without_saying_so(tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fault.test_kill_desk"])
    rng = random.Random(20261128)
    figures = Counter[str]()
    for first in range(0, N_KILLS, N_OF_ONE_STORE):
        folder = tmp_path / str(first)
        folder.mkdir()
        Store(f"sqlite:{folder / 'store.db'}").close()
        runs = range(first, min(first + N_OF_ONE_STORE, N_KILLS))
        for run in runs:
            kill_one(context, folder, run, rng)
        asyncio.run(finish(folder))
        figures += judge(folder, len(runs))
    told = ", ".join(f"{n} {what}" for what, n in figures.items())
    sys.stdout.write(f"{N_KILLS} kills: {told}\n")


def kill_one(context, folder: Path, run: int, rng: random.Random) -> None:
    process = context.Process(target=child, args=(folder, run))
    process.start()
    wait_for(folder / "witness", f"born-{run}\n" if run % 2 else f"\n{run}-")
    time.sleep(rng.uniform(0, LONGEST_LIFE_S))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def judge(folder: Path, n_kills: int) -> Counter[str]:
    """What must be true after the last kill; the figures."""
    lines = (folder / "witness").read_text().split()
    witnessed = {line for line in lines if not line.startswith("born-")}
    told = [json.loads(line) for line in (folder / "told").read_text().splitlines()]
    store = Store(f"sqlite:{folder / 'store.db'}")
    with store.reader.connect() as db:
        stored = set(db.execute(sa.select(events.c.event_id)).scalars())
        lasting = db.execute(sa.select(alerts.c.labels).where(alerts.c.ends_at.is_(None))).scalars()
        still_open = {labels["channel"] for labels in lasting}
        states = Counter(db.execute(sa.select(notices.c.state)).scalars())
        ids = set(db.execute(sa.select(notices.c.id)).scalars())
        plans = db.execute(sa.select(escalations.c.fingerprint, escalations.c.state)).all()
        n_alerts = db.execute(sa.select(sa.func.count()).select_from(alerts)).scalar_one()
    store.verify()
    store.close()
    assert witnessed <= stored
    over = {name.removesuffix("-over") for name in witnessed if name.endswith("-over")}
    assert over.isdisjoint(still_open), "a resolve was lost"
    assert set(states) == {"sent"}, states
    times = Counter(one["id"] for one in told)
    assert set(times) == ids, "a message that was written down was not sent"
    first_seen: set[str] = set()
    for one in told:
        assert one["repeated"] or one["id"] not in first_seen, "a repetition that does not say so"
        first_seen.add(one["id"])
    n_doubled = sum(n - 1 for n in times.values())
    assert n_doubled <= n_kills, "a kill repeats one message at most"
    assert len(plans) == n_alerts
    assert len({fingerprint for fingerprint, _ in plans}) == n_alerts
    return Counter({"alerts and resolves": len(witnessed), "messages": len(told), "repeated": n_doubled})
