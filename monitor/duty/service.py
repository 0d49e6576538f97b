"""Duty and hand-over as the server asks for them. Every call may raise `StoreError`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from monitor.case.habits import Department
from monitor.case.reader import CaseReader
from monitor.clock import Clock
from monitor.duty.desk import TAKEN_OVER_FOR, taken_over
from monitor.duty.ledger import DutyLedger, Handover
from monitor.duty.plan import Escalation
from monitor.duty.roster import OnDuty, Roster
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.book import StoreBook

N_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class DutyState:
    """A department now: who is on duty, and what is open with it."""

    department: Department
    on_duty: OnDuty
    handover: Handover | None
    """The newest of the last shift."""
    open_cases: tuple[str, ...]


class DutyService:
    def __init__(
        self, book: StoreBook, roster: Roster, departments: Sequence[Department], clock: Clock
    ) -> None:
        self._book = book
        self._ledger = DutyLedger(book.store)
        self._cases = CaseReader(book.store.reader)
        self._roster = roster
        self._clock = clock
        self.departments = tuple(departments)
        self.people = roster.people

    async def now(self, scope: Scope = EVERYTHING) -> tuple[list[DutyState], list[Escalation]]:
        """Each department, and what nobody has seen."""
        now = self._clock.now()
        latest = await self._book.read(partial(self._ledger.latest_handovers, now - TAKEN_OVER_FOR))
        roster = taken_over(self._roster, {name: one.to for name, one in latest.items()})
        open_cases = await self._book.read(partial(self._cases.open_by_department, scope))
        unseen = await self._book.read(partial(self._ledger.unseen, now, scope))
        states = [
            DutyState(one, roster.on_duty(one.id, now), latest.get(one.id), tuple(open_cases.get(one.id, ())))
            for one in self.departments
        ]
        return states, unseen

    async def hand_over(self, department: str, by: str, to: str, note: str) -> Handover:
        """Give the duty of `department` to `to`, with what is open written beside the note."""
        now = self._clock.now()
        open_cases = (await self._book.read(self._cases.open_by_department)).get(department, [])
        unseen = [one.fingerprint for one in await self._book.read(partial(self._ledger.unseen, now))]
        body = {
            "n_cases": len(open_cases),
            "cases": open_cases[:N_LISTED],
            "n_unseen": len(unseen),
            "unseen": unseen[:N_LISTED],
        }
        return await self._book.write(partial(self._ledger.hand_over, department, by, to, note, body, now))

    async def handovers(self, limit: int, department: str | None) -> list[Handover]:
        """The newest first."""
        return await self._book.read(partial(self._ledger.handovers, limit, department))
