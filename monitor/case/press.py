"""Reports out of a store: gathers what is on the page, within the asker's scope. Blocking, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from monitor.case.habits import DEPARTMENTS, Department
from monitor.case.playbook import Playbooks
from monitor.case.reader import CaseReader
from monitor.case.report import Frame, Language, Sat, case_report, session_report
from monitor.people.scope import EVERYTHING, Scope
from monitor.proof import ACTION, Covered, covered
from monitor.store.audit import AuditQuery, Entry, read_entries
from monitor.store.errors import translated
from monitor.store.query import AlertReader
from monitor.store.store import Store
from monitor.timetable import Timetable

PAGE: Final = 200


def _in_scope(seen: Covered, scope: Scope) -> Covered:
    """The part of `seen` that is the asker's affair."""
    return replace(
        seen,
        watched=tuple(one for one in seen.watched if scope.holds(one.venue)),
        unwatched=tuple(one for one in seen.unwatched if scope.holds(one[0])),
    )


def local_zone() -> tzinfo:
    """The machine's own."""
    return datetime.now(UTC).astimezone().tzinfo or UTC


@dataclass(frozen=True, slots=True)
class Press:
    """Every call may raise `StoreError`."""

    store: Store
    books: Playbooks
    site: Mapping[str, str] = field(default_factory=dict[str, str])
    """The site's name in ``en`` and ``zh``."""
    departments: tuple[Department, ...] = DEPARTMENTS
    timetable: Timetable | None = None
    """What sat, and what venues are called; its zone is that of reports, else the machine's own."""

    def case(self, case_id: str, language: Language, now: datetime, scope: Scope = EVERYTHING) -> str:
        """One case as HTML. Raises `NoSuchError`."""
        whole = CaseReader(self.store.reader).get(case_id, scope)
        reader = AlertReader(self.store.reader)
        found = (reader.get_alert(one, now) for one in whole.listed.alerts)
        # A case may hold alerts of several venues: each is seen by whoever sees its venue.
        alerts = sorted(
            (one for one in found if one is not None and scope.holds(one.venue)),
            key=lambda one: (one.starts_at, one.fingerprint),
        )
        book = self.books.get(whole.listed.case.kind)
        return case_report(whole, alerts, book, self._frame(language, now))

    def session(
        self, first: datetime, last: datetime, language: Language, now: datetime, scope: Scope = EVERYTHING
    ) -> str:
        """What was found from `first` to `last`, as HTML."""
        reader = AlertReader(self.store.reader)
        alerts = reader.of_span(first, last, now, scope)
        prints = [one.fingerprint for one in alerts]
        cases = CaseReader(self.store.reader).of_alerts(prints, scope)
        seen = _in_scope(covered(self._proofs(first, last)), scope)
        raised = reader.first_told(prints)
        sat = self._sat(first, last, language, scope)
        return session_report(alerts, cases, first, last, self._frame(language, now), seen, raised, sat)

    def _sat(self, first: datetime, last: datetime, language: Language, scope: Scope) -> list[Sat]:
        """The sessions that lay in that time, at the asker's venues."""
        found: list[Sat] = []
        if self.timetable is None:
            return found
        for one in self.timetable.sessions:
            venues = [venue for venue in one.venues if scope.holds(venue)]
            if venues and one.starts_at <= last and one.ends_at >= first:
                exam = self.timetable.exam_name(one.exam).of(language)
                found.append(Sat(exam, one.name.of(language), one.starts_at, one.ends_at, venues))
        return found

    def _proofs(self, first: datetime, last: datetime) -> list[Entry]:
        found: list[Entry] = []
        before: int | None = None
        with translated(), self.store.reader.connect() as db:
            while True:
                page = read_entries(db, AuditQuery(action=ACTION, before=before, limit=PAGE))
                found += [one for one in page if first <= one.at <= last]
                if len(page) < PAGE or page[-1].at < first:
                    return found
                before = page[-1].seq

    def _frame(self, language: Language, now: datetime) -> Frame:
        names = {one.id: one.zh if language == "zh" else one.en for one in self.departments}
        venues = self.timetable.venue_names(language) if self.timetable is not None else {}
        zone = self.timetable.zone if self.timetable is not None else local_zone()
        return Frame(self.site.get(language, ""), language, now, zone, self.store.head(), names, venues)
