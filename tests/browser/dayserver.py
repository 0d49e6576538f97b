"""The real server and the real store around the made-up morning, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from dayrooms import DaySurvey, machine, rule_desk, show, source_desk, topics
from examday import ExamDay
from morning import morning

from monitor.alert.alert import Alert
from monitor.case.habits import Habits
from monitor.case.playbook import playbooks
from monitor.case.service import CaseService
from monitor.duty.desk import DutyPlans, EscalationDesk
from monitor.duty.plan import Plan, PlanStep, Target
from monitor.duty.roster import Person, Roster, Shift
from monitor.duty.service import DutyService
from monitor.notify.ledger import Ledger
from monitor.notify.matcher import parse
from monitor.notify.service import TellingService
from monitor.people.desk import People
from monitor.people.register import Register
from monitor.people.saved import SavedViews
from monitor.ruledesk.desk import RuleDesk
from monitor.ruledesk.trial import RuleTrials
from monitor.server.app import make_server_app, serving
from monitor.server.services import EvidenceFile, ServerServices, ServerSettings
from monitor.server.views import (
    BandCoverage,
    BandView,
    HealthView,
    Note,
    QueueHealth,
    SensorHealth,
    SessionClock,
    SourceHealth,
)
from monitor.sourcedesk import SourceDesk
from monitor.store.audit import AuditQuery, Entry
from monitor.store.book import StoreBook
from monitor.store.store import Store

T = TypeVar("T")
WANG, LI, CHEN = (
    Person("wang", "Wang Li", "王力", ("wang-sms",)),
    Person("li", "Li Na", "李娜", ("li-sms",)),
    Person("chen", "Chen Yu", "陈宇", ("chen-sms",)),
)
ROSTER = Roster(people=(WANG, LI, CHEN), shifts=(Shift("duty", (WANG, LI)), Shift("radio", (CHEN,))))
PLAN = Plan(
    (parse('level="critical"'),),
    (
        PlanStep(timedelta(minutes=2), (Target("duty", 1),)),
        PlanStep(timedelta(minutes=5), (Target("police", None),)),
    ),
)


def health(day: ExamDay) -> HealthView:
    now = datetime.now(UTC)
    start = day.ago(47)
    return HealthView(
        status="degraded",
        version="0.1.0",
        started_at=day.ago(190),
        now=now,
        sensors=[
            SensorHealth(
                id="楼顶-1",
                state=day.sensor_state,  # type: ignore[arg-type]
                venue="实验中学",
                last_seen_at=day.ago(0),
                n_emissions=214,
                bands=[
                    BandCoverage(low_hz=167e6, high_hz=174e6, revisit_s=0.21, intercept_1s=1.0),
                    BandCoverage(low_hz=440e6, high_hz=470e6, revisit_s=0.9, intercept_1s=0.98),
                ],
            ),
            SensorHealth(
                id="门卫室-2",
                state="ok",
                venue="市第一中学",
                last_seen_at=day.ago(0),
                n_emissions=97,
                n_samples_lost=131072,
                bands=[BandCoverage(low_hz=174e6, high_hz=300e6, revisit_s=3.4, intercept_1s=0.31)],
                unwatched=[
                    BandView(low_hz=24e6, high_hz=174e6),
                    BandView(low_hz=300e6, high_hz=1766e6),
                ],
                notes=[
                    Note(
                        code="floor",
                        en="the noise floor is 3.4 dB higher than at the survey",
                        zh="噪声底比勘测时高 3.4 dB",
                    )
                ],
            ),
        ],
        sources=[
            SourceHealth(
                id="城市论坛·考试版", kind="forum", state="ok", last_ok_at=day.ago(0.4), n_documents=182
            ),
            SourceHealth(
                id="board",
                kind="forum",
                state="ok",
                last_ok_at=day.ago(0.2),
                next_at=now + timedelta(seconds=40),
                n_documents=4,
            ),
            SourceHealth(
                id="StudentBoard · exams",
                kind="forum",
                state="ok",
                last_ok_at=day.ago(0.7),
                n_documents=64,
            ),
            SourceHealth(id="教育新闻", kind="feed", state="ok", last_ok_at=day.ago(2.1), n_documents=35),
            SourceHealth(
                id="贴吧转接",
                kind="feed",
                state="failed",
                last_ok_at=day.ago(31),
                next_at=now + timedelta(minutes=4),
                error="HTTP 503 from 127.0.0.1, tried 6 times",
                n_failures=6,
                n_documents=12,
            ),
        ],
        queue=QueueHealth(),
        sessions=[
            SessionClock(
                exam="2026 高考",
                session="数学",
                exam_en="Gaokao 2026",
                exam_zh="2026 高考",
                session_en="Mathematics",
                session_zh="数学",
                starts_at=start,
                ends_at=start + timedelta(hours=2),
                phase="in",
                venues=["实验中学", "市第一中学"],
            ),
            SessionClock(
                exam="2026 高考",
                session="外语",
                exam_en="Gaokao 2026",
                exam_zh="2026 高考",
                session_en="Foreign language",
                session_zh="外语",
                starts_at=start + timedelta(hours=22),
                ends_at=start + timedelta(hours=24),
                phase="before",
                venues=["实验中学", "市第一中学"],
            ),
        ],
    )


class RunningDay:
    """The server in its own thread, so that a browser can be driven from this one."""

    def __init__(self, day: ExamDay) -> None:
        self.day = day
        self.loop = asyncio.new_event_loop()
        self.url = ""
        self._book = StoreBook(Store(f"sqlite:{day.folder / 'store.db'}"), day.clock)
        site = {"en": "Experimental School", "zh": "实验中学"}
        self.cases = CaseService(self._book, Habits(), playbooks(), day.clock, site)
        self.saved = SavedViews(self._book, day.clock)
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._serving: Any = None
        self._people: People | None = None
        self._sources: SourceDesk | None = None
        self.rules: RuleDesk | None = None
        self.first_login: tuple[str, str] | None = None
        self.instead: dict[str, Any] = {}
        """Services that a test has of its own, in place of the day's."""

    @property
    def book(self) -> StoreBook:
        return self._book

    @property
    def people(self) -> People:
        """Who may log in; there once `with_logins` was called."""
        assert self._people is not None
        return self._people

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def _open_evidence(self, digest: str) -> EvidenceFile | None:
        return self.day.files.get(digest)

    async def _listen(self, port: int) -> str:
        if self.rules is None:
            self.rules = await rule_desk(self.day.folder, self._book, self.day.clock)
            self._sources = await source_desk(self.day.folder, self.day.clock.now())
        services = ServerServices(
            self._book,
            self._open_evidence,
            lambda: health(self.day),
            self.day.clock.now,
            self._people,
            record=self._book.record,
            duty=DutyService(self._book, ROSTER, Habits().departments, self.day.clock),
            cases=self.cases,
            saved=self.saved,
            read_audit=self._book.read_audit,
            read_wall=self._book.read_wall,
            rules=self.rules,
            trials=RuleTrials(self._book.store.reader, ZoneInfo("Asia/Shanghai")),
            telling=TellingService(Ledger(self._book.store), self._book, self.day.clock),
            topics=topics(self.day.clock.now()),
            sources=self._sources,
            machine=machine(self.day.folder, self.day.clock.now()),
            templates=DaySurvey(),
            show=show,
        )
        services = replace(services, **self.instead)
        settings = ServerSettings(health_s=0.5, ping_s=1.0)
        self._serving = serving(make_server_app(services, settings), port=port)
        return await self._serving.__aenter__()

    async def _hang_up(self) -> None:
        await self._serving.__aexit__(None, None, None)

    def listen(self, port: int = 0) -> None:
        self.url = self.call(self._listen(port))

    def hang_up(self) -> None:
        self.call(self._hang_up())

    def with_logins(self) -> None:
        """From now on one has to log in; `first_login` says as whom."""
        self.hang_up()
        self._people = People(Register(self._book.store), self._book, self.day.clock)
        self.first_login = self.call(self._people.first_administrator())
        self.listen()

    def begin_plans(self) -> None:
        """As the daemon does: what is grave and unseen begins its plan."""
        telling = TellingService(Ledger(self._book.store), self._book, self.day.clock)
        desk = EscalationDesk(DutyPlans((PLAN,), ROSTER, "x", "en"), telling, self._book, self.day.clock)
        self.call(desk.open())
        self.call(desk.step())

    def audit(self, action: str) -> list[Entry]:
        """Entries of one kind, the newest first."""
        return self.call(self._book.read_audit(AuditQuery(action=action)))

    def raise_alerts(self, *alerts: Alert) -> None:
        self.call(self._book.merge(alerts))

    def start(self, *, with_morning: bool = True) -> None:
        self._thread.start()
        if with_morning:
            self.raise_alerts(*morning(self.day))
        self.listen()

    def stop(self) -> None:
        self.hang_up()
        if self._people is not None:
            self._people.close()
        self.call(self._book.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@contextmanager
def running(folder: Path, *, with_morning: bool = True) -> Iterator[RunningDay]:
    day = RunningDay(ExamDay(folder))
    day.start(with_morning=with_morning)
    try:
        yield day
    finally:
        day.stop()
