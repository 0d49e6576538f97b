"""Whose affair a finding is, and how soon it must be seen to: what a house does unless it says otherwise.

Departments and routes are those of the joint duty rooms (radio administration, exam authority, public
security, secrecy, cyberspace and publicity, discipline inspection, site chief). No law fixes the times:
reviewed within 5 min and routed within 10 of a post's publication is the target of the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from monitor.case.machine import UNJUDGED, Case, House
from monitor.notify.matcher import Matcher, all_hold, parse


@dataclass(frozen=True, slots=True)
class Department:
    id: str
    en: str
    zh: str


DEPARTMENTS: Final = (
    Department("duty", "Joint duty room", "联合值班室"),
    Department("radio", "Radio administration", "无线电管理机构"),
    Department("exam", "Exam authority", "教育考试机构"),
    Department("police", "Public security", "公安机关"),
    Department("secrecy", "Secrecy office", "保密部门"),
    Department("cyberspace", "Cyberspace and publicity", "网信与宣传部门"),
    Department("discipline", "Discipline inspection", "纪检监察部门"),
    Department("site", "Site chief", "考点主考"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """What `matchers` fit goes to `department`, under the playbook `book`."""

    matchers: tuple[Matcher, ...]
    department: str
    book: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """How soon what `matchers` fit must be claimed, judged and passed on."""

    matchers: tuple[Matcher, ...]
    claim: timedelta
    judge: timedelta
    notify: timedelta


def _ways(*rows: tuple[str, str, str]) -> tuple[Way, ...]:
    return tuple(Way((parse(text),), department, book) for text, department, book in rows)


WAYS: Final = _ways(
    ("drill=true", "duty", "drill"),
    ("kind=health", "duty", "health"),
    ("kind=radio", "radio", "radio"),
    ("kind=correlation", "duty", "correlation"),
    ("rule=web-secret-item-before-start", "secrecy", "secret-item"),
    ("category=paper", "exam", "paper"),
    ("category=help", "exam", "help"),
    ("category=~sell|scam", "police", "sell"),
    ("category=proxy", "police", "proxy"),
    ("category=device", "police", "device"),
    ("category=rumour", "cyberspace", "rumour"),
)
_OTHERWISE: Final = Way((), "duty", "web")
TERMS: Final = (
    Term((parse("level=critical"),), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10)),
    Term((parse("level=high"),), timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)),
    Term((), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8)),
)


@dataclass(frozen=True, slots=True)
class Habits:
    """A house's own ways before the usual ones."""

    departments: tuple[Department, ...] = DEPARTMENTS
    ways: Sequence[Way] = ()
    terms: Sequence[Term] = ()
    house: House = field(default_factory=lambda: House(frozenset(one.id for one in DEPARTMENTS)))

    def way(self, labels: Mapping[str, str]) -> Way:
        """Where what has these labels belongs, under which playbook."""
        usual = next((one for one in WAYS if all_hold(one.matchers, labels)), _OTHERWISE)
        own = next((one for one in self.ways if all_hold(one.matchers, labels)), None)
        if own is not None:
            return Way((), own.department, own.book or usual.book)
        known = usual.department in self.house.departments
        return usual if known else Way((), self.departments[0].id, usual.book)

    def due_at(self, case: Case) -> datetime | None:
        """When its next step is late; None where nothing waits."""
        labels = {
            "level": case.level,
            "kind": case.kind,
            "department": case.department,
            "venue": case.venue or "",
            "drill": "true" if case.drill else "false",
        }
        term = next(one for one in (*self.terms, *TERMS) if all_hold(one.matchers, labels))
        if case.state in ("new", "triaged"):
            return case.opened_at + term.claim
        if case.state in UNJUDGED:
            return case.opened_at + term.judge
        if case.state in ("suspected", "confirmed") and case.judged_at is not None:
            return case.judged_at + term.notify
        return None
