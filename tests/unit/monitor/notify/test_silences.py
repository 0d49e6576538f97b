"""Silences against the plainest of models: whatever is raised, silenced, ended, restarted, in any order.

Each alert is a group of its own, and every look comes after all waits are over: what is told then
depends on nothing but what fires, what was told, and which silence lasts.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from monitor.clock import FakeClock
from monitor.config.notify import Notify
from monitor.notify.desk import NotifyDesk, Plan
from monitor.notify.ledger import Ledger
from monitor.notify.matcher import parse, within
from monitor.notify.service import TellingService
from monitor.notify.silence import Asker
from monitor.people.roles import GRANTED
from monitor.people.scope import EVERYTHING
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.conftest import NOON, make_alert

LOOK_S = 70
"""Longer than a group's wait and than its interval."""
ALERTS = {"a": "v1", "b": "v1", "c": "v2", "d": None}
LEVELS = ("low", "medium", "high", "critical")
FITS = ("venue=v1", "venue=v2", "channel=a", "kind=radio", "level=high")
LI = Asker("li", GRANTED["operator"], EVERYTHING)
SCOPES = (None, frozenset({"v1"}), frozenset({"v2"}))
CONFIG = Notify.model_validate(
    {
        "receivers": [{"id": "duty", "kind": "wecom", "url": "http://d.test/"}],
        "route": {"receiver": "duty", "group_by": ["channel"], "repeat_interval_s": 86400},
    }
)


@dataclass
class Shown:
    level: str = "low"
    fires: bool = False
    told: str | None = None
    at: datetime = NOON


@dataclass
class Quiet:
    fits: str
    scope: frozenset[str] | None
    ends_at: datetime
    id: str = ""

    def hides(self, name: str, alert: Shown) -> bool:
        key, value = self.fits.split("=")
        labels = {"venue": ALERTS[name] or "", "channel": name, "kind": "radio", "level": alert.level}
        return labels[key] == value and (self.scope is None or ALERTS[name] in self.scope)


class Inbox:
    receiver = CONFIG.receivers[0]

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []

    def free_at(self, now: datetime) -> datetime:
        return now

    async def send(self, notice, now: datetime) -> None:
        for kind in ("firing", "resolved"):
            self.got += [(kind, one["labels"]["channel"]) for one in notice.body[kind]]


@cache
def empty_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Store(f"sqlite:{folder}/s.db").close()
        return Path(folder, "s.db").read_bytes()


class AnySilences(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="silences-"))
        (self.folder / "s.db").write_bytes(empty_store())
        self.runner, self.clock, self.inbox = asyncio.Runner(), FakeClock(NOON), Inbox()
        self.alerts: dict[str, Shown] = {}
        self.quiet: list[Quiet] = []
        self.n_raised = 0
        self.begin()

    def begin(self) -> None:
        self.book = StoreBook(Store(f"sqlite:{self.folder / 's.db'}"), self.clock)
        plan = Plan(CONFIG.tree, (), "x", "en")
        self.desk = NotifyDesk(plan, {"duty": self.inbox}, self.book, self.clock, random.Random(1))
        self.telling = TellingService(Ledger(self.book.store), self.book, self.clock)
        self.runner.run(self.desk.open())

    def teardown(self) -> None:
        self.runner.run(self.book.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    def put(self, name: str, level: str, *, fires: bool) -> None:
        now = self.clock.now()
        self.n_raised += 1
        made = make_alert(f"{self.n_raised:06d}", channel=name, starts_at=now, updated_at=now, level=level)
        labels = {"channel": name}
        made = replace(made, labels=labels, venue=ALERTS[name], ends_at=None if fires else now)
        self.runner.run(self.book.merge([made]))
        shown = self.alerts.setdefault(name, Shown())
        shown.level = max(shown.level, level, key=LEVELS.index)
        shown.fires, shown.at = fires, now

    @rule(name=st.sampled_from(sorted(ALERTS)), level=st.sampled_from(LEVELS))
    def raise_(self, name, level):
        self.put(name, level, fires=True)

    @rule(name=st.sampled_from(sorted(ALERTS)))
    def resolve(self, name):
        self.put(name, "low", fires=False)

    @rule(fits=st.sampled_from(FITS), scope=st.sampled_from(SCOPES), looks=st.sampled_from([1, 2, 3]))
    def silence(self, fits, scope, looks):
        matchers = [parse(fits), *([within(scope)] if scope is not None else [])]
        ends_at = self.clock.now() + timedelta(seconds=LOOK_S * looks)
        made = Quiet(fits, scope, ends_at)
        n_hidden = self.runner.run(self.telling.would_hide(matchers))
        assert n_hidden == sum(made.hides(name, shown) for name, shown in self.alerts.items())
        made.id = self.runner.run(self.telling.silence(matchers, "why", "li", ends_at)).id
        self.quiet.append(made)

    @rule(data=st.data())
    def end_silence(self, data):
        if self.quiet:
            one = data.draw(st.sampled_from(self.quiet))
            lasts = one.ends_at > self.clock.now()
            assert self.runner.run(self.telling.unsilence(one.id, LI)) == lasts
            self.quiet.remove(one)

    @rule()
    def restart(self):
        self.runner.run(self.book.close())
        self.begin()

    @rule()
    def look(self):
        """Alerts join their groups as they come, and what is due is told once the waits are over."""
        self.runner.run(self.desk.step())
        self.inbox.got.clear()
        self.runner.run(self.clock.advance(LOOK_S))
        self.runner.run(self.desk.step())
        lasting = [one for one in self.quiet if one.ends_at > self.clock.now()]
        expected: Counter[tuple[str, str]] = Counter()
        for name, shown in self.alerts.items():
            if any(one.hides(name, shown) for one in lasting):
                continue
            is_news = shown.told is None or LEVELS.index(shown.level) > LEVELS.index(shown.told)
            if shown.fires and is_news:
                expected["firing", name] += 1
                shown.told = shown.level
            elif not shown.fires and shown.told is not None:
                expected["resolved", name] += 1
                shown.told = None
        assert Counter(self.inbox.got) == expected
        listed = {one.id for one in self.runner.run(self.telling.silences())}
        assert listed == {one.id for one in lasting}


TestAnySilences = AnySilences.TestCase
TestAnySilences.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
