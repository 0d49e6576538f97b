"""Of several hubs one tells people: a leader that is killed is followed, one that slept sends nothing more.

    parent: raises ──> PostgreSQL <── hub, hub: whoever leads tells ──> told file
       └── SIGKILL, SIGSTOP and SIGCONT of the one that leads

EXAMWATCH_FAULTS is the number of leaders that are killed (4 by itself). The lease is shortened to 1.5 s here;
EXAMWATCH_LEASE_S=12 takes the real one.
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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.clock import SystemClock
from monitor.duty.desk import EscalationDesk
from monitor.leading import Leadership
from monitor.notify import desk as notify_desk
from monitor.notify.desk import NotifyDesk
from monitor.notify.ledger import Ledger
from monitor.notify.service import TellingService
from monitor.store import Store, engine
from monitor.store.book import StoreBook
from monitor.store.desk_tables import escalations, notices
from monitor.store.errors import StoreError
from monitor.store.leader import LASTS_S, Lease
from monitor.store.tables import leaders
from tests.fault.test_kill_desk import DUTY, SETTINGS, alert

N_FAULTS = int(os.environ.get("EXAMWATCH_FAULTS", "4"))
LEASE_S = float(os.environ.get("EXAMWATCH_LEASE_S", "1.5"))
LOOK_S = LEASE_S / 4
pytestmark = [
    pytest.mark.tools,
    pytest.mark.slow,
    pytest.mark.timeout(120 + round(N_FAULTS * (5 + 4 * LEASE_S))),
]


class Teller:
    """Writes down what it took at once, and by which hub."""

    def __init__(self, folder: Path) -> None:
        self.receiver = SETTINGS.receivers[0]
        self._file = os.open(folder / "told", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def free_at(self, now):
        return now

    async def send(self, notice, now) -> None:
        await asyncio.sleep(0.005)
        line = json.dumps({"id": notice.id, "repeated": notice.maybe_repeated, "pid": os.getpid()})
        os.write(self._file, line.encode() + b"\n")


class SleepsAmidClaim(Ledger):
    """Is stopped just before it writes down that it sends, once."""

    def __init__(self, store: Store, folder: Path) -> None:
        super().__init__(store)
        self._folder = folder

    def sending(self, notice) -> None:
        mark = self._folder / "slept"
        if not mark.exists():
            mark.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGSTOP)
        super().sending(notice)


async def _live(folder: Path, url: str, password_file: Path, sleeps: bool) -> None:
    notify_desk.GRAVE_WAIT = notify_desk.GRAVE_WAIT * 0
    notify_desk.CLAIM_LASTS_S = LEASE_S / 3
    engine._LET_GO = f"-c idle_in_transaction_session_timeout={round(LEASE_S * 800)}"
    clock = SystemClock()
    lease = Lease(url, password_file, f"hub-{os.getpid()}", LEASE_S)
    leadership = Leadership(lease, clock, LOOK_S)
    book = StoreBook(Store(url, password_file, leadership.guard), clock)
    plan = notify_desk.Plan(SETTINGS.tree, (), "No. 1", "en")
    telling = NotifyDesk(plan, {"duty": Teller(folder)}, book, clock, random.Random(0))
    duty = EscalationDesk(DUTY, TellingService(Ledger(book.store), book, clock), book, clock)
    if sleeps:
        telling._ledger = SleepsAmidClaim(book.store, folder)

    async def duties() -> None:
        await telling.open()
        await duty.open()
        while True:
            try:
                await telling.step()
                await duty.step()
            except StoreError:
                # As the desks do, which tell it in the log.
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.01)

    await leadership.run(duties)


def child(*arguments: Any) -> None:
    asyncio.run(_live(*arguments))


@dataclass
class Hubs:
    folder: Path
    url: str
    password_file: Path
    store: Store
    processes: dict[int, Any] = field(default_factory=dict[int, Any])
    n_raised: int = 0

    def start(self, *, sleeps: bool = False) -> int:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.fault.test_leaders"])
        process = context.Process(target=child, args=(self.folder, self.url, self.password_file, sleeps))
        process.start()
        assert process.pid is not None
        self.processes[process.pid] = process
        return process.pid

    def leader(self) -> tuple[int, int]:
        """Process number and epoch of the hub that leads, or led last; zeros before the first."""
        with self.store.reader.connect() as db:
            row = db.execute(sa.select(leaders.c.holder, leaders.c.epoch)).one_or_none()
        return (int(row.holder.removeprefix("hub-") or 0), row.epoch) if row else (0, 0)

    def raise_one(self) -> None:
        one = alert(f"a{self.n_raised}", is_over=False)
        self.store.merge([one], one.starts_at)
        self.n_raised += 1

    def raise_until(self, holds, within_s: float = 30.0) -> float:
        """Raise alerts until `holds`; how long that took."""
        began_s = time.monotonic()
        while not holds():
            assert time.monotonic() - began_s < within_s, f"it never came, in {within_s} s"
            self.raise_one()
            time.sleep(0.05)
        return time.monotonic() - began_s

    def raise_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.raise_until(lambda: time.monotonic() > until, seconds + 30)

    def told(self) -> list[dict[str, Any]]:
        place = self.folder / "told"
        return [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []

    def n_told_by(self, pid: int) -> int:
        return sum(one["pid"] == pid for one in self.told())

    def at_rest(self) -> bool:
        with self.store.reader.connect() as db:
            states = set(db.execute(sa.select(notices.c.state)).scalars())
            running = db.execute(
                sa.select(escalations.c.id).where(escalations.c.state == "running").limit(1)
            ).first()
            n_plans = db.execute(sa.select(sa.func.count()).select_from(escalations)).scalar_one()
        return states == {"sent"} and running is None and n_plans == self.n_raised

    def check(self) -> int:
        """All that was written down was told, once, or the second time marked; the number of repetitions."""
        deadline = time.monotonic() + 60
        while not self.at_rest():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        told = self.told()
        with self.store.reader.connect() as db:
            ids = set(db.execute(sa.select(notices.c.id)).scalars())
        times = Counter(one["id"] for one in told)
        assert set(times) == ids
        unmarked = Counter(one["id"] for one in told if not one["repeated"])
        assert not [id for id, n in unmarked.items() if n > 1], "a repetition that does not say so"
        self.store.verify()
        return sum(times.values()) - len(times)


@pytest.fixture
def hubs(tmp_path, cluster) -> Iterator[Hubs]:
    url = cluster.new_database()
    store = Store(url, cluster.password_file)
    # From here on, so that the first hub does not take what is raised meanwhile for old.
    Ledger(store).open()
    with store.writer.begin() as db:
        from monitor.duty.ledger import POSITION

        POSITION.begin(db)
    made = Hubs(tmp_path, url, cluster.password_file, store)
    yield made
    for pid, process in made.processes.items():
        if process.is_alive():
            os.kill(pid, signal.SIGKILL)
            process.join()
    store.close()


def test_a_leader_killed_amid_sends_is_followed_and_nothing_is_told_twice_unmarked(hubs):
    hubs.start()
    hubs.start()
    took_s: list[float] = []
    rng = random.Random(7)
    for _ in range(N_FAULTS):
        hubs.raise_until(lambda: hubs.n_told_by(hubs.leader()[0]) > 2)
        hubs.raise_for(rng.uniform(0, 0.3))
        leader, epoch = hubs.leader()
        os.kill(leader, signal.SIGKILL)
        took_s.append(hubs.raise_until(lambda epoch=epoch: hubs.leader()[1] > epoch))
        hubs.start()
    n_repeated = hubs.check()
    assert n_repeated <= N_FAULTS, "a kill repeats one message at most"
    assert max(took_s) < LEASE_S + 2 * LOOK_S + 5
    figures = f"{hubs.n_raised} alerts, {len(hubs.told())} messages, {n_repeated} repeated and marked"
    sys.stdout.write(f"{N_FAULTS} leaders killed, followed within {max(took_s):.1f} s: {figures}\n")


def test_a_leader_that_slept_at_any_moment_sends_nothing_that_is_not_marked(hubs):
    hubs.start()
    hubs.start()
    for _ in range(max(2, N_FAULTS // 2)):
        hubs.raise_until(lambda: hubs.n_told_by(hubs.leader()[0]) > 2)
        sleeper, epoch = hubs.leader()
        os.kill(sleeper, signal.SIGSTOP)
        hubs.raise_until(lambda sleeper=sleeper: hubs.leader()[0] != sleeper)
        leader, _ = hubs.leader()
        n_before = hubs.n_told_by(leader)
        hubs.raise_until(lambda leader=leader, n=n_before: hubs.n_told_by(leader) > n)
        n_told = hubs.n_told_by(sleeper)
        os.kill(sleeper, signal.SIGCONT)
        hubs.raise_for(2 * LEASE_S)
        assert hubs.leader() == (leader, epoch + 1), "it must not take the lead back"
        # One at most: what it was just handing over when it was stopped.
        assert hubs.n_told_by(sleeper) <= n_told + 1
    assert hubs.check() <= max(2, N_FAULTS // 2)


def test_a_leader_that_slept_before_it_claimed_a_send_is_refused(hubs):
    sleeper = hubs.start(sleeps=True)
    hubs.raise_until((hubs.folder / "slept").exists)
    assert hubs.leader()[0] == sleeper
    hubs.start()
    hubs.raise_until(lambda: hubs.leader()[0] != sleeper)
    hubs.raise_until(lambda: len(hubs.told()) > 3)
    os.kill(sleeper, signal.SIGCONT)
    hubs.raise_for(2 * LEASE_S)
    assert hubs.n_told_by(sleeper) == 0
    assert hubs.check() == 0


def test_a_leader_that_ends_hands_over_at_once(cluster):
    url = cluster.new_database()
    Store(url, cluster.password_file).close()
    one, two = (Lease(url, cluster.password_file, name, 60.0) for name in ("one", "two"))
    first = one.take()
    assert first == 1
    assert two.take() is None
    assert one.renew(first)
    assert one.release(first)
    second = two.take()
    assert second == 2
    assert not one.renew(first)
    assert one.take() is None
    for lease in (one, two):
        lease.close()


def test_the_shipped_lease_leaves_time_for_two_looks_within_half_a_minute():
    from monitor.leading import LOOK_S as SHIPPED_LOOK_S
    from monitor.notify.desk import CLAIM_LASTS_S

    assert LASTS_S + 2 * SHIPPED_LOOK_S < 30
    assert CLAIM_LASTS_S + SHIPPED_LOOK_S < LASTS_S
