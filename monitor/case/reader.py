"""Reading cases: a page, one whole, what changed since, what is late. Blocking, read-only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.case.machine import OVER, Case, State
from monitor.case.rows import NoSuchError, read_case
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.batches import batches
from monitor.store.count import bounded
from monitor.store.desk_tables import case_alerts, case_events, cases
from monitor.store.dialect import CaseText
from monitor.store.errors import translated
from monitor.store.tables import alerts

RELATED = timedelta(minutes=30)
"""As far apart as events of the shipped correlations may lie."""
LASTS = timedelta(days=1)
"""What began earlier than so long before is no news of that hour, though it may still ring."""
N_RELATED = 20


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which cases to list. Empty sets and None do not restrict."""

    states: frozenset[State] = frozenset()
    is_open: bool | None = None
    department: str | None = None
    owner: str | None = None
    venue: str | None = None
    kind: str | None = None
    text: str | None = None
    """In the id or a title."""
    late: bool = False
    limit: int = 50
    after: tuple[datetime, str] | None = None
    """Time and id of the last case of the page before."""


@dataclass(frozen=True, slots=True)
class Listed:
    case: Case
    due_at: datetime | None
    alerts: tuple[str, ...]
    """Fingerprints."""
    seq: int


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    at: datetime
    actor: str
    action: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    listed: Listed
    events: tuple[Event, ...]
    related: tuple[str, ...]
    """Alerts of the same place and time that are in no case."""


class CaseReader:
    """Every call may raise `StoreError`."""

    def __init__(self, reader: sa.Engine) -> None:
        self._reader = reader

    def page(self, query: CaseQuery, now: datetime, scope: Scope = EVERYTHING) -> tuple[list[Listed], int]:
        """The newest first; and how many there are in all, one more than `N_COUNTED` where they are more."""
        wanted = [*scope.conditions(cases), *_conditions(query, now)]
        with translated(), self._reader.connect() as db:
            total = bounded(db, sa.select(cases.c.id).where(*wanted))
            if query.after is not None:
                at, case_id = query.after
                key = sa.tuple_(cases.c.updated_at, cases.c.id)
                wanted.append(key < sa.tuple_(sa.literal(at, cases.c.updated_at.type), sa.literal(case_id)))
            rows = (
                db.execute(
                    sa.select(cases)
                    .where(*wanted)
                    .order_by(cases.c.updated_at.desc(), cases.c.id.desc())
                    .limit(query.limit)
                )
                .mappings()
                .all()
            )
            return _listed(db, rows), total

    def get(self, case_id: str, scope: Scope = EVERYTHING) -> Whole:
        """Raises `NoSuchError`."""
        with translated(), self._reader.connect() as db:
            wanted = [cases.c.id == case_id, *scope.conditions(cases)]
            rows = db.execute(sa.select(cases).where(*wanted)).mappings().all()
            if not rows:
                raise NoSuchError(f"there is no case {case_id!r}")
            listed = _listed(db, rows)[0]
            events = db.execute(
                sa.select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.seq)
            ).mappings()
            return Whole(
                listed,
                tuple(
                    Event(row["seq"], row["at"], row["actor"], row["action"], row["body"]) for row in events
                ),
                _related(db, listed, scope),
            )

    def of_alerts(self, fingerprints: Sequence[str], scope: Scope = EVERYTHING) -> list[Listed]:
        """Cases that hold any of these alerts, the one with the newest step first."""
        found: dict[str, Listed] = {}
        with translated(), self._reader.connect() as db:
            for some_of in batches(fingerprints):
                some = case_alerts.c.fingerprint.in_(some_of)
                held = sa.select(case_alerts.c.case_id).where(some)
                wanted = sa.select(cases).where(cases.c.id.in_(held), *scope.conditions(cases))
                rows = db.execute(wanted).mappings().all()
                found |= {one.case.id: one for one in _listed(db, rows)}
        return sorted(found.values(), key=lambda one: (one.case.updated_at, one.case.id), reverse=True)

    def changed_since(self, after: int, limit: int) -> list[Listed]:
        with translated(), self._reader.connect() as db:
            rows = (
                db.execute(
                    sa.select(cases)
                    .where(cases.c.changed_seq > after)
                    .order_by(cases.c.changed_seq)
                    .limit(limit)
                )
                .mappings()
                .all()
            )
            return _listed(db, rows)

    def late(self, now: datetime) -> list[Case]:
        """Open cases whose next step is overdue, drills left out."""
        with translated(), self._reader.connect() as db:
            rows = db.execute(
                sa.select(cases.c.body)
                .where(cases.c.is_open, cases.c.due_at <= now, cases.c.drill.is_(False))
                .order_by(cases.c.due_at)
            ).scalars()
            return [read_case(body) for body in rows]

    def open_by_department(self, scope: Scope = EVERYTHING) -> dict[str, list[str]]:
        """Ids of open cases, the gravest and oldest first."""
        found: dict[str, list[str]] = {}
        with translated(), self._reader.connect() as db:
            rows = db.execute(
                sa.select(cases.c.department, cases.c.id)
                .where(cases.c.is_open, *scope.conditions(cases))
                .order_by(cases.c.level_rank.desc(), cases.c.opened_at, cases.c.id)
            )
            for department, case_id in rows:
                found.setdefault(department, []).append(case_id)
        return found


def _conditions(query: CaseQuery, now: datetime) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if query.states:
        wanted.append(cases.c.state.in_(sorted(query.states)))
        if not query.states & OVER:
            # Said again as an index says it: the open ones are few.
            wanted.append(cases.c.is_open)
    if query.is_open is not None:
        wanted.append(cases.c.is_open if query.is_open else sa.not_(cases.c.is_open))
    for column, value in (
        (cases.c.department, query.department),
        (cases.c.owner, query.owner),
        (cases.c.venue, query.venue),
    ):
        if value is not None:
            wanted.append(column == value)
    if query.kind is not None:
        wanted.append(cases.c.body["kind"].as_string() == query.kind)
    if query.text is not None:
        wanted.append(CaseText(cases.c.id, cases.c.body).contains(query.text.lower(), autoescape=True))
    if query.late:
        wanted += [cases.c.is_open, cases.c.due_at <= now]
    return wanted


def _listed(db: sa.Connection, rows: Iterable[sa.RowMapping]) -> list[Listed]:
    found = list(rows)
    held: dict[str, list[str]] = {row["id"]: [] for row in found}
    links = db.execute(
        sa.select(case_alerts.c.case_id, case_alerts.c.fingerprint)
        .where(case_alerts.c.case_id.in_(held))
        .order_by(case_alerts.c.fingerprint)
    )
    for case_id, fingerprint in links:
        held[case_id].append(fingerprint)
    return [
        Listed(read_case(row["body"]), row["due_at"], tuple(held[row["id"]]), row["changed_seq"])
        for row in found
    ]


def _related(db: sa.Connection, listed: Listed, scope: Scope) -> tuple[str, ...]:
    case = listed.case
    if case.venue is None or not listed.alerts:
        return ()
    span = db.execute(
        sa.select(sa.func.min(alerts.c.starts_at), sa.func.max(alerts.c.updated_at)).where(
            alerts.c.fingerprint.in_(listed.alerts)
        )
    ).one()
    first, last = span
    if first is None or last is None:
        return ()
    rows = db.execute(
        sa.select(alerts.c.fingerprint)
        .outerjoin(case_alerts, case_alerts.c.fingerprint == alerts.c.fingerprint)
        .where(
            case_alerts.c.case_id.is_(None),
            alerts.c.venue == case.venue,
            alerts.c.drill == case.drill,
            alerts.c.kind != "health",
            alerts.c.starts_at <= last + RELATED,
            alerts.c.starts_at >= first - RELATED - LASTS,
            alerts.c.updated_at >= first - RELATED,
            *scope.conditions(alerts),
        )
        .order_by(alerts.c.level_rank.desc(), alerts.c.updated_at.desc(), alerts.c.fingerprint)
        .limit(N_RELATED)
    ).scalars()
    return tuple(rows)
