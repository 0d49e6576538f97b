"""The sections of the alert desk: departments and cases."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from monitor.case.habits import DEPARTMENTS, Department, Habits, Term, Way
from monitor.case.machine import House
from monitor.config.notify import MatcherText
from monitor.notify.matcher import parse
from monitor.paths import ExistingPath, FilePath
from monitor.store.retention import Kept
from monitor.strict import Id, Strict


class DepartmentEntry(Strict):
    """One of the joint duty room's departments."""

    id: Id
    en: str
    zh: str


class WayEntry(Strict):
    match: tuple[MatcherText, ...] = ()
    department: Id
    playbook: Id | None = None


class TermEntry(Strict):
    match: tuple[MatcherText, ...] = ()
    claim_min: float = Field(gt=0, le=10_000)
    judge_min: float = Field(gt=0, le=10_000)
    notify_min: float = Field(gt=0, le=10_000)


class Cases(Strict):
    persons_to_confirm: int = Field(default=2, ge=1, le=5)
    lease_min: float = Field(default=10, gt=0, le=240)
    routes: tuple[WayEntry, ...] = ()
    terms: tuple[TermEntry, ...] = ()
    playbooks: ExistingPath | None = None
    """A folder of one's own, beside those that come with the program."""


class Retention(Strict):
    """Days that each kind of record is kept; alerts from their last news on."""

    radio_days: float = Field(default=400, ge=1)
    web_days: float = Field(default=400, ge=1)
    correlation_days: float = Field(default=400, ge=1)
    health_days: float = Field(default=90, ge=1)
    drill_days: float = Field(default=90, ge=1)
    cases_days: float = Field(default=1100, ge=1)
    """Once they are closed; what an open case holds is kept however old."""
    personal_days: float = Field(default=90, ge=1)
    """Names and seats read off pictures."""
    messages_days: float = Field(default=400, ge=1)

    @property
    def kept(self) -> Kept:
        return Kept(
            **{
                name.removesuffix("_days"): timedelta(days=getattr(self, name))
                for name in type(self).model_fields
            }
        )


class TestSignals(Strict):
    """A scenario that is played again and again: what goes in must come out."""

    scenario: ExistingPath
    every_min: float = Field(default=60, ge=1, le=10_080)


class Audit(Strict):
    """Signed heads of the audit chain, written where this machine's keeper cannot change them."""

    file: FilePath | None = None
    """On another disk or host, best one that can only be appended to; None: none are written."""
    key_file: FilePath | None = None
    """Made at the first start, readable by its owner alone; ``audit.key`` in ``data_dir`` by itself."""
    every_min: float = Field(default=10, ge=0.1, le=1440)
    receiver: Id | None = None
    """Of ``notify``: is sent a head as a message, which its mailbox keeps."""
    send_every_min: float = Field(default=60, ge=1, le=10_080)


def departments_of(entries: tuple[DepartmentEntry, ...]) -> tuple[Department, ...]:
    return tuple(Department(one.id, one.en, one.zh) for one in entries) or DEPARTMENTS


def habits_of(entries: tuple[DepartmentEntry, ...], cases: Cases) -> Habits:
    departments = departments_of(entries)
    names = frozenset(one.id for one in departments)
    ways = tuple(
        Way(tuple(map(parse, one.match)), one.department, one.playbook or "") for one in cases.routes
    )
    terms = tuple(
        Term(
            tuple(map(parse, one.match)),
            timedelta(minutes=one.claim_min),
            timedelta(minutes=one.judge_min),
            timedelta(minutes=one.notify_min),
        )
        for one in cases.terms
    )
    house = House(names, cases.persons_to_confirm, timedelta(minutes=cases.lease_min))
    return Habits(departments, ways, terms, house)
