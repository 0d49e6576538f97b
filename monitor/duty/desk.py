"""The escalation desk at work: what nobody has seen is told to the next, and the auditor watches the desk.

Each look: alerts with news begin their plan; those that somebody has seen end; steps that are due are
taken. All of a look that go to the same receivers are one message, and the same receivers get no more
than one in half a minute: a storm calls a person once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from monitor.alert.alert import LEVEL_RANK
from monitor.clock import Clock
from monitor.duty.ledger import BATCH, DutyLedger, Start
from monitor.duty.message import body
from monitor.duty.plan import Escalation, Missed, Plan, freeze, missed, plan_for
from monitor.duty.roster import Roster, Shift
from monitor.notify.matcher import all_hold, labels_of
from monitor.notify.message import Language
from monitor.notify.service import TellingService
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError
from monitor.store.merge import Merged

LOOK_S: Final = 1.0
FOLD: Final = timedelta(seconds=30)
TAKEN_OVER_FOR: Final = timedelta(hours=16)
"""A hand-over by hand counts no longer than the longest shift."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DutyPlans:
    plans: tuple[Plan, ...]
    roster: Roster
    site: str
    language: Language
    venues: Mapping[str, str] = field(default_factory=dict[str, str])
    """Id to name in `language`."""


class EscalationDesk:
    def __init__(self, duty: DutyPlans, telling: TellingService, book: StoreBook, clock: Clock) -> None:
        self._duty = duty
        self._telling = telling
        self._book = book
        self._ledger = DutyLedger(book.store)
        self._clock = clock
        self._told: dict[tuple[str, ...], datetime] = {}

    async def open(self) -> None:
        """Take up what the last run left. Raises `StoreError`."""
        await self._book.write(self._ledger.open)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            try:
                await self.step()
            except StoreError as error:
                log.error("nothing is escalated while the store fails", error=str(error))

    async def step(self) -> None:
        """One look. Raises `StoreError`; the next look goes on where this one stopped."""
        while await self._begin():
            pass
        now = self._clock.now()
        due, seen = await self._book.read(partial(self._ledger.due, now))
        known = [one for one in due if one.fingerprint in seen]
        if known:
            await self._book.write(partial(self._ledger.stop_seen, seen, known, now))
        groups: dict[tuple[str, ...], list[Escalation]] = {}
        for one in due:
            if one.fingerprint not in seen:
                groups.setdefault(one.steps[one.n_done].receivers, []).append(one)
        for receivers, some in groups.items():
            last = self._told.get(receivers)
            if receivers and last is not None and now - last < FOLD:
                continue
            await self._tell(receivers, some, now)

    async def _begin(self) -> bool:
        """Start what is new; whether there may be more."""
        changed, position = await self._book.read(self._ledger.changed)
        if not changed:
            return False
        now = self._clock.now()
        silences = await self._telling.silences()
        roster = await self._roster(now)
        starts: list[Start] = []
        for alert in changed:
            labels = labels_of(alert)
            plan = None if alert.experimental else plan_for(self._duty.plans, labels)
            if plan is not None and not any(all_hold(one.matchers, labels) for one in silences):
                starts.append(Start(alert.fingerprint, alert.level, freeze(plan, roster, now)))
        await self._book.write(partial(self._ledger.start, starts, position, now))
        return len(changed) == BATCH

    async def _roster(self, now: datetime) -> Roster:
        """The roster, with who took over by hand called first."""
        latest = await self._book.read(partial(self._ledger.latest_handovers, now - TAKEN_OVER_FOR))
        return taken_over(self._duty.roster, {name: one.to for name, one in latest.items()})

    async def _tell(self, receivers: tuple[str, ...], some: Sequence[Escalation], now: datetime) -> None:
        messages: list[tuple[str, Mapping[str, Any]]] = []
        if receivers:
            alerts: Mapping[str, Merged] = await self._book.read(
                partial(self._ledger.alerts, [one.fingerprint for one in some])
            )
            ranked = sorted(some, key=lambda one: _weight(alerts.get(one.fingerprint)))
            duty = self._duty
            told = body(ranked, alerts, duty.site, duty.venues, duty.language, now)
            messages = [(receiver, told) for receiver in receivers]
        else:
            log.warning("nobody is on duty to escalate to", n=len(some))
        await self._book.write(partial(self._ledger.step, some, messages, now))
        self._told[receivers] = now

    async def missed(self) -> list[Missed]:
        """What the auditor finds: steps that should have run and did not. Raises `StoreError`."""
        recent, told = await self._book.read(partial(self._ledger.recent, self._clock.now()))
        return missed(recent, told, self._clock.now())

    async def exhausted(self) -> list[Escalation]:
        """Run to the end of their plan, and still nobody has seen them. Raises `StoreError`."""
        unseen = await self._book.read(partial(self._ledger.unseen, self._clock.now()))
        return [one for one in unseen if one.state == "exhausted"]

    @property
    def departments(self) -> list[str]:
        """All that a plan names."""
        return sorted({one.department for plan in self._duty.plans for step in plan.steps for one in step.to})

    def unmanned(self) -> list[str]:
        """Departments of the plans of which nobody is on duty now."""
        now = self._clock.now()
        return [name for name in self.departments if not self._duty.roster.on_duty(name, now).people]


def _weight(alert: Merged | None) -> int:
    return -LEVEL_RANK[alert.level] if alert is not None else 0


def taken_over(roster: Roster, by_department: Mapping[str, str]) -> Roster:
    """`roster` with a department's new person called first, also one whom no shift of it names."""
    known = {one.id: one for one in roster.people}
    shifts: list[Shift] = []
    for shift in roster.shifts:
        person = known.get(by_department.get(shift.department, ""))
        if person is not None:
            shift = replace(shift, people=tuple(dict.fromkeys((person, *shift.people))))
        shifts.append(shift)
    return replace(roster, shifts=tuple(shifts))
