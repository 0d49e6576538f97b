"""Reading alerts: one page, one alert, what changed since. Blocking, read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from monitor.alert import wire
from monitor.alert.alert import LEVEL_RANK, ranked
from monitor.case.machine import Case
from monitor.case.reader import CaseReader
from monitor.people.scope import Scope
from monitor.server.alert_services import AlertQuery, Change
from monitor.server.case_views import case_view
from monitor.server.views import (
    AlertDetail,
    AlertPage,
    AlertView,
    CaseBrief,
    EvidenceRef,
    ReasonView,
    RuleView,
)
from monitor.store.batches import batches
from monitor.store.count import N_COUNTED
from monitor.store.desk_tables import acks, case_alerts, cases
from monitor.store.errors import translated
from monitor.store.listing import Listing, cursor_of, is_firing
from monitor.store.merge import Merged
from monitor.store.store import read_merged_row
from monitor.store.tables import alerts, changes, events, evidence_alerts

N_HISTORY = 20
N_EVENTS = 100
"""What a view carries of an alert's past: the newest. The store keeps all of it."""


class AlertReader:
    """Views of what the store holds, as at the instants it is asked about."""

    def __init__(self, reader: sa.Engine) -> None:
        self._reader = reader

    def list_alerts(self, query: AlertQuery, now: datetime) -> AlertPage:
        """One page; raises `BadCursorError` if the cursor is not one of ours."""
        with translated(), self._reader.connect() as db:
            live_id = _last_change(db)
            listing = Listing(query, now)
            total = listing.count(db)
            rows = listing.rows(db)
            page = rows[: query.limit]
            views = self._views(db, page, now)
        cursor = cursor_of(page[-1]) if len(rows) > len(page) and page else None
        return AlertPage(
            alerts=views,
            next_cursor=cursor,
            total=min(total, N_COUNTED),
            more=total > N_COUNTED,
            live_id=live_id,
        )

    def of_span(self, first: datetime, last: datetime, now: datetime, scope: Scope) -> list[AlertView]:
        """What was going on at some time from `first` to `last`, the gravest and newest first."""
        began, failure = alerts.c.starts_at <= last, alerts.c.kind == "health"
        lasted = sa.or_(
            sa.and_(sa.not_(failure), alerts.c.updated_at >= first),
            # A failure has no news while it lasts.
            sa.and_(failure, sa.or_(alerts.c.ends_at.is_(None), alerts.c.ends_at >= first)),
        )
        names = sa.select(alerts.c.fingerprint).where(began, lasted, *scope.conditions(alerts))
        with translated(), self._reader.connect() as db:
            found = db.execute(names).scalars().all()
            views: list[AlertView] = []
            for names_of in batches(found):
                some = alerts.c.fingerprint.in_(names_of)
                views += self._views(db, db.execute(sa.select(alerts).where(some)).mappings().all(), now)
        return sorted(
            views, key=lambda one: (LEVEL_RANK[one.level], one.updated_at, one.fingerprint), reverse=True
        )

    def first_told(self, fingerprints: Sequence[str]) -> dict[str, datetime]:
        """When each was stored first: a view carries the newest of its history alone."""
        first = (
            sa.select(changes.c.at)
            .where(changes.c.fingerprint == alerts.c.fingerprint)
            .order_by(changes.c.seq)
            .limit(1)
            .scalar_subquery()
        )
        found: dict[str, datetime] = {}
        with translated(), self._reader.connect() as db:
            for names in batches(fingerprints):
                some = alerts.c.fingerprint.in_(names)
                rows = db.execute(sa.select(alerts.c.fingerprint, first).where(some))
                found |= {fingerprint: at for fingerprint, at in rows if at is not None}
        return found

    def get_alert(self, fingerprint: str, now: datetime) -> AlertDetail | None:
        with translated(), self._reader.connect() as db:
            rows = db.execute(sa.select(alerts).where(alerts.c.fingerprint == fingerprint)).mappings().all()
            if not rows:
                return None
            view = self._views(db, rows, now)[0]
            bodies = db.execute(
                sa.select(events.c.body)
                .where(events.c.fingerprint == fingerprint)
                .order_by(events.c.at.desc(), events.c.event_id.desc())
                .limit(N_EVENTS)
            ).scalars()
            flat = [wire.decode(body).event for body in bodies]
        return AlertDetail(**msgspec.structs.asdict(view), events=flat[::-1])

    def changes_since(self, after: int, limit: int, now: datetime) -> list[Change]:
        """Alerts and cases whose newest change is later than `after`, in the order of those changes."""
        with translated(), self._reader.connect() as db:
            rows = (
                db.execute(
                    sa.select(alerts)
                    .where(alerts.c.changed_seq > after)
                    .order_by(alerts.c.changed_seq)
                    .limit(limit)
                )
                .mappings()
                .all()
            )
            views = self._views(db, rows, now)
        found = [Change(row["changed_seq"], alert=view) for row, view in zip(rows, views, strict=True)]
        stepped = CaseReader(self._reader).changed_since(after, limit)
        found += [Change(one.seq, case=case_view(one)) for one in stepped]
        return sorted(found, key=lambda change: change.id)[:limit]

    def last_change(self) -> int:
        with translated(), self._reader.connect() as db:
            return _last_change(db)

    def radio_channels(self, since: datetime) -> list[tuple[str, str]]:
        """Place and channel of the radio alerts that had news since then."""
        with translated(), self._reader.connect() as db:
            rows = db.execute(
                sa.select(alerts.c.labels).where(alerts.c.kind == "radio", alerts.c.updated_at > since)
            ).scalars()
            return [
                (labels.get("venue") or labels.get("sensor", ""), labels["channel"])
                for labels in rows
                if "channel" in labels
            ]

    def counts(self, now: datetime) -> dict[tuple[str, str], int]:
        """Firing alerts by kind and level."""
        with translated(), self._reader.connect() as db:
            rows = db.execute(
                sa.select(alerts.c.kind, alerts.c.level, sa.func.count())
                .where(is_firing(now))
                .group_by(alerts.c.kind, alerts.c.level)
            )
            return {(kind, level): n for kind, level, n in rows}

    def _views(self, db: sa.Connection, rows: Sequence[sa.RowMapping], now: datetime) -> list[AlertView]:
        histories = _histories(db, [row["fingerprint"] for row in rows])
        reviews = _reviews(db, [row["fingerprint"] for row in rows])
        return [
            _view(
                read_merged_row(row),
                histories.get(row["fingerprint"], []),
                reviews.get(row["fingerprint"], _UNREVIEWED),
                now,
            )
            for row in rows
        ]

    def in_scope(self, digest: str, scope: Scope) -> bool:
        """Whether a file of evidence belongs to an alert that `scope` holds."""
        if scope.venues is None:
            return True
        with translated(), self._reader.connect() as db:
            found = db.execute(
                sa.select(alerts.c.fingerprint)
                .join(evidence_alerts, evidence_alerts.c.fingerprint == alerts.c.fingerprint)
                .where(evidence_alerts.c.digest == digest, *scope.conditions(alerts))
                .limit(1)
            ).first()
            return found is not None


def _last_change(db: sa.Connection) -> int:
    newest = [
        db.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.changed_seq), 0))).scalar_one()
        for table in (alerts, cases)
    ]
    return max(newest)


def _histories(db: sa.Connection, fingerprints: list[str]) -> dict[str, list[dict[str, Any]]]:
    if not fingerprints:
        return {}
    older = changes.alias()
    # The oldest that is wanted is looked up first: of what rang for a day, all would be read and sorted.
    oldest = (
        sa.select(older.c.seq)
        .where(older.c.fingerprint == alerts.c.fingerprint)
        .order_by(older.c.seq.desc())
        .offset(N_HISTORY - 1)
        .limit(1)
        .scalar_subquery()
    )
    rows = db.execute(
        sa.select(changes)
        .select_from(alerts)
        .join(
            changes,
            sa.and_(
                changes.c.fingerprint == alerts.c.fingerprint, changes.c.seq >= sa.func.coalesce(oldest, 0)
            ),
        )
        .where(alerts.c.fingerprint.in_(fingerprints))
        .order_by(changes.c.seq)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.fingerprint, []).append(
            {"at": row.at, "event_id": row.event_id, "action": row.action, "seq": row.seq}
        )
    return found


@dataclass(frozen=True, slots=True)
class _Review:
    """What people have made of an alert."""

    case: CaseBrief | None = None
    acked_by: str | None = None
    acked_at: datetime | None = None


_UNREVIEWED = _Review()


def _reviews(db: sa.Connection, fingerprints: list[str]) -> dict[str, _Review]:
    if not fingerprints:
        return {}
    seen = {
        row.fingerprint: (row.by, row.at)
        for row in db.execute(sa.select(acks).where(acks.c.fingerprint.in_(fingerprints)))
    }
    rows = db.execute(
        sa.select(case_alerts.c.fingerprint, cases.c.body)
        .join(cases, cases.c.id == case_alerts.c.case_id)
        .where(case_alerts.c.fingerprint.in_(fingerprints))
    )
    briefs = {fingerprint: _brief(msgspec.convert(body, Case)) for fingerprint, body in rows}
    return {one: _Review(briefs.get(one), *seen.get(one, (None, None))) for one in {*seen, *briefs}}


def _brief(case: Case) -> CaseBrief:
    return CaseBrief(
        id=case.id,
        state=case.state,
        verdict=case.verdict,
        owner=case.owner,
        lease_until=case.lease_until,
        version=case.version,
    )


def _view(merged: Merged, history: list[dict[str, Any]], review: _Review, now: datetime) -> AlertView:
    return AlertView(
        fingerprint=merged.fingerprint,
        kind=merged.kind,
        level=merged.level,
        labels=merged.labels,
        annotations=merged.annotations,
        starts_at=merged.starts_at,
        updated_at=merged.updated_at,
        ends_at=merged.ends_at,
        firing=merged.ends_at is None or merged.ends_at > now,
        count=merged.count,
        venue=merged.venue,
        drill=merged.drill,
        experimental=merged.experimental,
        rules=[
            RuleView(
                rule=h.rule,
                level=h.level,
                category=h.category,
                experimental=h.experimental,
                texts=h.texts,
                at=h.at,
            )
            for h in ranked(merged.rules)
        ],
        why=msgspec.convert(merged.why, list[ReasonView]),
        event=merged.event,
        evidence=[
            EvidenceRef(digest=r.digest, media_type=r.media_type, role=r.role) for r in merged.evidence
        ],
        history=history,
        case=review.case,
        acked_by=review.acked_by,
        acked_at=review.acked_at,
    )
