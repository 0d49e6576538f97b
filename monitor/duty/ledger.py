"""Escalations in the store: each start, step and stop is one transaction with its audit entry. Blocking."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from monitor.duty.plan import Escalation, FrozenStep
from monitor.notify.judged import came_again, judged
from monitor.notify.ledger import notice_row
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.audit import Chain
from monitor.store.desk_tables import acks, case_alerts, cases, escalations, handovers, notices
from monitor.store.errors import translated
from monitor.store.merge import Merged
from monitor.store.position import Position
from monitor.store.store import DAEMON, Store, read_merged_row
from monitor.store.tables import alerts

BATCH = 500
POSITION = Position("duty.position", BATCH)
AUDITED = timedelta(hours=24)
REASON = "escalation"


@dataclass(frozen=True, slots=True)
class Start:
    """An alert that is to be escalated from now on."""

    fingerprint: str
    level: str
    steps: tuple[FrozenStep, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    id: str
    at: datetime
    department: str
    by: str
    to: str
    note: str
    body: Mapping[str, Any]
    """What was open then: ``n_cases``, ``n_unseen``, ``cases``, ``unseen``."""


class DutyLedger:
    """Every call may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self) -> None:
        with translated(), self._store.writer.begin() as db:
            POSITION.begin(db)

    def changed(self) -> tuple[list[Merged], int]:
        """Alerts with news since the position, and the position after them."""
        return POSITION.changed(self._store)

    def start(self, starts: Sequence[Start], position: int, now: datetime) -> int:
        """Begin those that nobody has seen and that do not run at this level; how many began."""
        n_begun = 0
        with translated(), self._store.writer.begin() as db:
            chain = Chain(db)
            names = [one.fingerprint for one in starts]
            seen, again = _seen(db, names, now), came_again(db, names)
            for one in starts:
                name = f"{one.fingerprint}-{one.level}"
                if one.fingerprint in again:
                    # Each time that it comes again after it was over has its own.
                    name += f"-{again[one.fingerprint][0]}"
                known = db.execute(sa.select(escalations.c.id).where(escalations.c.id == name)).first()
                if known is not None or one.fingerprint in seen:
                    continue
                row = {
                    "id": name,
                    "fingerprint": one.fingerprint,
                    "started_at": now,
                    "steps": msgspec.to_builtins(one.steps),
                    "n_done": 0,
                    "state": "running",
                    "next_at": one.steps[0].due_at,
                    "ended_at": None,
                    "seen_by": None,
                }
                db.execute(sa.insert(escalations), [row])
                told = {"steps": [[str(step.due_at), *step.to] for step in one.steps]}
                chain.append(now, DAEMON, "escalation.started", name, told)
                n_begun += 1
            POSITION.move(db, position)
            chain.flush()
        return n_begun

    def due(self, now: datetime) -> tuple[list[Escalation], dict[str, str]]:
        """Running ones whose next step is due, and who has seen which alert meanwhile."""
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(
                sa.select(escalations)
                .where(escalations.c.state == "running", escalations.c.next_at <= now)
                .order_by(escalations.c.next_at)
                .limit(BATCH)
            ).mappings()
            found = [_escalation(row) for row in rows]
            return found, _seen(db, [one.fingerprint for one in found], now)

    def alerts(self, fingerprints: Sequence[str]) -> dict[str, Merged]:
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(sa.select(alerts).where(alerts.c.fingerprint.in_(fingerprints))).mappings()
            return {row["fingerprint"]: read_merged_row(row) for row in rows}

    def stop_seen(self, seen: Mapping[str, str], some: Sequence[Escalation], now: datetime) -> None:
        """End those whose alert somebody has seen."""
        with translated(), self._store.writer.begin() as db:
            chain = Chain(db)
            for one in some:
                by = seen[one.fingerprint]
                values = {"state": "seen", "ended_at": now, "seen_by": by, "next_at": None}
                db.execute(sa.update(escalations).where(escalations.c.id == one.id).values(values))
                chain.append(now, DAEMON, "escalation.stopped", one.id, {"seen_by": by})
            chain.flush()

    def step(
        self, some: Sequence[Escalation], messages: Sequence[tuple[str, Mapping[str, Any]]], now: datetime
    ) -> None:
        """Take the due step of `some`: write `messages` (receiver and body) and move on, at once."""
        with translated(), self._store.writer.begin() as db:
            chain = Chain(db)
            rows = [notice_row(REASON, receiver, REASON, body, now) for receiver, body in messages]
            if rows:
                db.execute(sa.insert(notices), rows)
            for one in some:
                n_done = one.n_done + 1
                is_last = n_done == len(one.steps)
                values = {
                    "n_done": n_done,
                    "state": "exhausted" if is_last else "running",
                    "next_at": None if is_last else one.steps[n_done].due_at,
                    "ended_at": now if is_last else None,
                }
                db.execute(sa.update(escalations).where(escalations.c.id == one.id).values(values))
                taken = one.steps[one.n_done]
                told = {"step": n_done, "to": list(taken.to), "receivers": list(taken.receivers)}
                chain.append(now, DAEMON, "escalation.step", one.id, told)
            chain.flush()

    def recent(self, now: datetime) -> tuple[list[Escalation], dict[tuple[str, int], list[str]]]:
        """What the auditor needs: those of the last day, and the states of each step's notices."""
        with translated(), self._store.reader.connect() as db:
            since = now - AUDITED
            wanted = sa.or_(escalations.c.started_at > since, escalations.c.state == "running")
            found = [_escalation(row) for row in db.execute(sa.select(escalations).where(wanted)).mappings()]
            told: dict[tuple[str, int], list[str]] = {}
            rows = db.execute(
                sa.select(notices.c.state, notices.c.body).where(
                    notices.c.reason == REASON, notices.c.created_at > since - AUDITED
                )
            )
            for state, body in rows:
                for one in body["escalations"]:
                    told.setdefault((one["id"], one["step"] - 1), []).append(state)
            return found, told

    def unseen(self, now: datetime, scope: Scope = EVERYTHING) -> list[Escalation]:
        """Running, or run to their end, of the last day: what nobody has seen yet."""
        with translated(), self._store.reader.connect() as db:
            query = (
                sa.select(escalations)
                .join(alerts, alerts.c.fingerprint == escalations.c.fingerprint)
                .where(
                    escalations.c.started_at > now - AUDITED,
                    escalations.c.state != "seen",
                    *scope.conditions(alerts),
                )
                .order_by(escalations.c.started_at)
            )
            found = [_escalation(row) for row in db.execute(query).mappings()]
            seen = _seen(db, [one.fingerprint for one in found], now)
            return [one for one in found if one.fingerprint not in seen]

    # --- hand-over ---

    def hand_over(
        self, department: str, by: str, to: str, note: str, body: Mapping[str, Any], now: datetime
    ) -> Handover:
        made = Handover(secrets.token_hex(6), now, department, by, to, note, dict(body))
        with translated(), self._store.writer.begin() as db:
            db.execute(sa.insert(handovers), [{name: getattr(made, name) for name in Handover.__slots__}])
            chain = Chain(db)
            chain.append(now, by, "duty.handed-over", department, {"to": to, "note": note, **made.body})
            chain.flush()
        return made

    def handovers(self, limit: int, department: str | None = None) -> list[Handover]:
        """The newest first."""
        with translated(), self._store.reader.connect() as db:
            query = sa.select(handovers).order_by(handovers.c.at.desc(), handovers.c.id).limit(limit)
            if department is not None:
                query = query.where(handovers.c.department == department)
            return [
                Handover(**{name: row[name] for name in Handover.__slots__})
                for row in db.execute(query).mappings()
            ]

    def latest_handovers(self, since: datetime) -> dict[str, Handover]:
        """By department, where there was one since then."""
        with translated(), self._store.reader.connect() as db:
            query = sa.select(handovers).where(handovers.c.at > since).order_by(handovers.c.at)
            return {
                row["department"]: Handover(**{name: row[name] for name in Handover.__slots__})
                for row in db.execute(query).mappings()
            }


def _seen(db: sa.Connection, fingerprints: Sequence[str], now: datetime) -> dict[str, str]:
    """Who has seen each: by saying so, or by a step with its case.

    What came again after it was over is seen anew, unless its case is still open; a benign verdict counts
    for as long as it holds.
    """
    if not fingerprints:
        return {}
    again, verdicts = came_again(db, fingerprints), judged(db, fingerprints, now)
    rows = db.execute(
        sa.select(
            case_alerts.c.fingerprint, cases.c.owner, cases.c.is_open, cases.c.state, cases.c.updated_at
        )
        .join(cases, cases.c.id == case_alerts.c.case_id)
        .where(case_alerts.c.fingerprint.in_(fingerprints))
    )
    found: dict[str, str] = {}
    for row in rows:
        verdict = verdicts.get(row.fingerprint)
        if verdict is not None:
            counts = verdict.lifted is None
        else:
            is_at_work = row.is_open and row.state != "benign"
            counts = is_at_work or _is_since(row.updated_at, again.get(row.fingerprint))
        if counts:
            found[row.fingerprint] = row.owner or "case"
    words = db.execute(
        sa.select(acks.c.fingerprint, acks.c.by, acks.c.at).where(acks.c.fingerprint.in_(fingerprints))
    )
    found |= {row.fingerprint: row.by for row in words if _is_since(row.at, again.get(row.fingerprint))}
    return found


def _is_since(at: datetime, came_again: tuple[int, datetime] | None) -> bool:
    return came_again is None or at >= came_again[1]


def _escalation(row: sa.RowMapping) -> Escalation:
    return Escalation(
        id=row["id"],
        fingerprint=row["fingerprint"],
        started_at=row["started_at"],
        steps=msgspec.convert(row["steps"], tuple[FrozenStep, ...]),
        n_done=row["n_done"],
        state=row["state"],
        ended_at=row["ended_at"],
        seen_by=row["seen_by"],
    )
