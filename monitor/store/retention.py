"""How long each kind of record is kept, and letting go of what is older. Blocking.

    alert, its changes, acks, escalations   gone
    its events                              gone; their ids stay, so that the chain can be checked
    audit                                   stays for ever; each letting-go is an entry of it

What an open case holds is never let go, nor what a closed one holds until the case itself is old. An event
that is gone without an entry that says so is a broken chain (`Store.verify`). A month of events of which
nothing stays goes as a whole, after its alerts (`monitor.store.partitions`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from monitor.store import partitions
from monitor.store.audit import Chain
from monitor.store.batches import batches
from monitor.store.desk_tables import (
    acks,
    case_alerts,
    case_events,
    cases,
    escalations,
    notices,
    notify_members,
)
from monitor.store.errors import translated
from monitor.store.people_tables import personal
from monitor.store.store import DAEMON, FORGOT, Store
from monitor.store.tables import alerts, changes, events, evidence_alerts

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """Of alerts, from their last news on; of the rest, from when it was written."""

    radio: timedelta = timedelta(days=400)
    web: timedelta = timedelta(days=400)
    correlation: timedelta = timedelta(days=400)
    health: timedelta = timedelta(days=90)
    drill: timedelta = timedelta(days=90)
    """Whatever its kind."""
    cases: timedelta = timedelta(days=1100)
    """From their last step on, once they are closed."""
    personal: timedelta = timedelta(days=90)
    """Names and seats."""
    messages: timedelta = timedelta(days=400)

    def items(self) -> Iterator[tuple[str, timedelta]]:
        for one in fields(self):
            yield one.name, getattr(self, one.name)


@dataclass(frozen=True, slots=True)
class Holding:
    """What there is of a kind now."""

    kind: str
    kept: timedelta
    n: int
    oldest_at: datetime | None


ALERT_KINDS: Final = ("radio", "web", "correlation", "health", "drill")


def forget(store: Store, kept: Kept, now: datetime) -> dict[str, int]:
    """Let go of what is older than `kept` says; how many of each kind. Raises `StoreError`.

    One batch is one transaction: it can be broken off anywhere.
    """
    gone: dict[str, int] = {}
    whole = _whole_months(store, kept, now)
    for kind, span in kept.items():
        before = now - span
        if kind in ALERT_KINDS:
            n = 0
            while taken := _forget_alerts(store, kind, before, now - kept.cases, now, whole):
                n += taken
        elif kind == "cases":
            n = _forget_cases(store, before, now)
        else:
            n = _forget_rows(store, kind, before, now)
        if n:
            gone[kind] = n
    for month in whole:
        _forget_month(store, month, now)
    return gone


def holdings(store: Store, kept: Kept) -> list[Holding]:
    """What is there of each kind. Raises `StoreError`."""
    found: list[Holding] = []
    with translated(), store.reader.connect() as db:
        for kind, span in kept.items():
            table, column, wanted = _place(kind)
            row = db.execute(
                sa.select(sa.func.count(), sa.func.min(column)).select_from(table).where(*wanted)
            ).one()
            found.append(Holding(kind, span, row[0], row[1]))
    return found


def _place(kind: str) -> tuple[sa.Table, sa.Column[datetime], list[sa.ColumnElement[bool]]]:
    if kind == "cases":
        return cases, cases.c.updated_at, []
    if kind == "personal":
        return personal, personal.c.seen_at, []
    if kind == "messages":
        return notices, notices.c.created_at, []
    return alerts, alerts.c.updated_at, [_is(kind)]


def _is(kind: str) -> sa.ColumnElement[bool]:
    if kind == "drill":
        return alerts.c.drill
    return sa.and_(alerts.c.kind == kind, sa.not_(alerts.c.drill))


def _may_go(kind: str, before: datetime, cases_before: datetime, now: datetime) -> sa.ColumnElement[bool]:
    held = (
        sa.select(sa.literal(1))
        .select_from(case_alerts.join(cases, cases.c.id == case_alerts.c.case_id))
        .where(
            case_alerts.c.fingerprint == alerts.c.fingerprint,
            sa.or_(cases.c.is_open, cases.c.updated_at >= cases_before),
        )
    )
    return sa.and_(
        _is(kind),
        alerts.c.updated_at < before,
        sa.func.coalesce(alerts.c.ends_at < now, False),
        ~held.exists(),
    )


def _whole_months(store: Store, kept: Kept, now: datetime) -> Sequence[datetime]:
    """Months of which every alert may go."""
    if not partitions.is_parted(store.reader):
        return ()
    spans = {kind: span for kind, span in kept.items() if kind in ALERT_KINDS}
    may_go = sa.or_(*(_may_go(kind, now - span, now - kept.cases, now) for kind, span in spans.items()))
    with translated(), store.reader.connect() as db:
        old = [
            month
            for month in partitions.months(db)
            if partitions.month_after(month) <= now - min(spans.values())
        ]
        return [month for month in old if not _has_alerts(db, month, sa.not_(may_go))]


def _has_alerts(db: sa.Connection, month: datetime, which: sa.ColumnElement[bool]) -> bool:
    inside = sa.and_(events.c.at >= month, events.c.at < partitions.month_after(month))
    held = sa.select(alerts.c.fingerprint).join(events, events.c.fingerprint == alerts.c.fingerprint)
    return db.execute(held.where(inside, which).limit(1)).first() is not None


def _forget_month(store: Store, month: datetime, now: datetime) -> None:
    with translated(), store.writer.begin() as db:
        if _has_alerts(db, month, sa.true()):
            return
        end = partitions.month_after(month)
        inside = sa.and_(events.c.at >= month, events.c.at < end)
        n_events = db.execute(sa.select(sa.func.count()).select_from(events).where(inside)).scalar_one()
        partitions.drop(db, month)
        chain = Chain(db)
        chain.append(now, DAEMON, FORGOT, partitions.name_of(month), {"n_events": n_events, "before": end})
        chain.flush()


def _forget_alerts(
    store: Store,
    kind: str,
    before: datetime,
    cases_before: datetime,
    now: datetime,
    whole: Sequence[datetime],
) -> int:
    """A batch; its events too, but for those whose month goes as a whole."""
    apart = [sa.or_(events.c.at < month, events.c.at >= partitions.month_after(month)) for month in whole]
    with translated(), store.writer.begin() as db:
        fingerprints = list(
            db.execute(
                sa.select(alerts.c.fingerprint).where(_may_go(kind, before, cases_before, now)).limit(BATCH)
            ).scalars()
        )
        if not fingerprints:
            return 0
        gone = db.execute(sa.delete(events).where(events.c.fingerprint.in_(fingerprints), *apart))
        for table in (alerts, changes, acks, escalations, notify_members, case_alerts, evidence_alerts):
            db.execute(sa.delete(table).where(table.c.fingerprint.in_(fingerprints)))
        chain = Chain(db)
        told = {"n_alerts": len(fingerprints), "n_events": gone.rowcount, "before": before}
        chain.append(now, DAEMON, FORGOT, kind, told)
        chain.flush()
        return len(fingerprints)


def _forget_cases(store: Store, before: datetime, now: datetime) -> int:
    with translated(), store.writer.begin() as db:
        old = sa.select(cases.c.id).where(cases.c.is_open.is_(False), cases.c.updated_at < before)
        names = list(db.execute(old).scalars())
        if not names:
            return 0
        for some in batches(names, BATCH):
            # Nobody has judged any more what stays although its case goes: it has had news since.
            held = sa.select(case_alerts.c.fingerprint).where(case_alerts.c.case_id.in_(some))
            db.execute(sa.update(alerts).where(alerts.c.fingerprint.in_(held)).values(judged=False))
        for table, column in (
            (case_events, case_events.c.case_id),
            (case_alerts, case_alerts.c.case_id),
            (cases, cases.c.id),
        ):
            for some in batches(names, BATCH):
                db.execute(sa.delete(table).where(column.in_(some)))
        _told(db, "cases", len(names), before, now)
        return len(names)


def _forget_rows(store: Store, kind: str, before: datetime, now: datetime) -> int:
    table, column, _ = _place(kind)
    wanted = [column < before]
    if table is notices:
        wanted.append(notices.c.state.in_(("sent", "given up")))
    with translated(), store.writer.begin() as db:
        n = db.execute(sa.delete(table).where(*wanted)).rowcount
        if n:
            _told(db, kind, n, before, now)
        return n


def _told(db: sa.Connection, kind: str, n: int, before: datetime, now: datetime) -> None:
    chain = Chain(db)
    chain.append(now, DAEMON, FORGOT, kind, {"n": n, "before": before})
    chain.flush()
