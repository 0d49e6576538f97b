"""Cases for the event loop: the register in the store's writing thread, the reader in its others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from monitor.case.habits import Habits
from monitor.case.machine import Case, Step, StepError
from monitor.case.playbook import Playbooks
from monitor.case.press import Press
from monitor.case.reader import CaseQuery, CaseReader, Listed, Whole
from monitor.case.register import CaseRegister, NoSuchError, acknowledge
from monitor.case.report import Language
from monitor.clock import Clock
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.book import StoreBook
from monitor.timetable import Timetable

T = TypeVar("T")


class CaseService:
    """Every call may raise `StoreError`; see `CaseRegister` for the others."""

    def __init__(
        self,
        book: StoreBook,
        habits: Habits,
        playbooks: Playbooks,
        clock: Clock,
        site: Mapping[str, str] | None = None,
        timetable: Timetable | None = None,
    ) -> None:
        """`site` and `timetable` stand in reports; without a timetable, the zone is the machine's own."""
        self._book = book
        self._press = Press(book.store, playbooks, site or {}, habits.departments, timetable)
        self._register = CaseRegister(book.store, habits)
        self._reader = CaseReader(book.store.reader)
        self.habits = habits
        self.playbooks = playbooks
        self._clock = clock

    async def page(self, query: CaseQuery, scope: Scope) -> tuple[list[Listed], int]:
        return await self._book.read(partial(self._reader.page, query, self._clock.now(), scope))

    async def get(self, case_id: str, scope: Scope) -> Whole:
        return await self._book.read(partial(self._reader.get, case_id, scope))

    async def report(self, case_id: str, language: Language, scope: Scope) -> str:
        """One case as HTML."""
        return await self._book.read(partial(self._press.case, case_id, language, self._clock.now(), scope))

    async def session_report(self, first: datetime, last: datetime, language: Language, scope: Scope) -> str:
        """What was found from `first` to `last`, as HTML."""
        now = self._clock.now()
        return await self._book.read(partial(self._press.session, first, last, language, now, scope))

    async def late(self) -> list[Case]:
        return await self._book.read(partial(self._reader.late, self._clock.now()))

    async def step(self, case_id: str, step: Step, scope: Scope, version: int | None = None) -> Case:
        return await self._write(lambda now: self._register.step(case_id, step, now, scope, version))

    async def step_on_alert(self, fingerprint: str, step: Step, scope: Scope) -> Case:
        return await self._write(lambda now: self._register.step_on_alert(fingerprint, step, now, scope))

    async def step_on_alerts(
        self, fingerprints: Sequence[str], step: Step, scope: Scope
    ) -> list[tuple[str, Case | StepError | NoSuchError]]:
        """The same step on many: each its case, or why it could not be taken."""
        done: list[tuple[str, Case | StepError | NoSuchError]] = []
        for fingerprint in fingerprints:
            try:
                done.append((fingerprint, await self.step_on_alert(fingerprint, step, scope)))
            except (StepError, NoSuchError) as error:
                done.append((fingerprint, error))
        return done

    async def open(self, fingerprints: Sequence[str], actor: str, scope: Scope) -> Case:
        return await self._write(lambda now: self._register.open(fingerprints, actor, now, scope))

    async def claim_next(self, actor: str, scope: Scope, kinds: Collection[str] = ()) -> Case | None:
        return await self._write(lambda now: self._register.claim_next(actor, now, scope, kinds))

    async def link(self, case_id: str, fingerprints: Sequence[str], actor: str, scope: Scope) -> Case:
        return await self._write(lambda now: self._register.link(case_id, fingerprints, actor, now, scope))

    async def split(self, case_id: str, fingerprints: Sequence[str], actor: str, scope: Scope) -> Case:
        return await self._write(lambda now: self._register.split(case_id, fingerprints, actor, now, scope))

    async def merge(self, case_id: str, other_id: str, actor: str, scope: Scope) -> Case:
        return await self._write(lambda now: self._register.merge(case_id, other_id, actor, now, scope))

    async def undo(self, case_id: str, actor: str, scope: Scope) -> Case:
        return await self._write(lambda now: self._register.undo(case_id, actor, now, scope))

    async def acknowledge(self, fingerprint: str, actor: str, note: str, scope: Scope = EVERYTHING) -> None:
        await self._write(lambda now: acknowledge(self._book.store, fingerprint, actor, note, now, scope))

    async def _write(self, work: Callable[[datetime], T]) -> T:
        now = self._clock.now()
        done = await self._book.write(lambda: work(now))
        self._book.wake()
        return done
