"""Cases in the database: each step and its audit entry in one transaction. Blocking.

    alerts ──case_alerts──> cases ──┬── case_events   every step, with the case as it was before
                                    └── audit         the same step, in the chain

A case is opened by the first step on one of its alerts. All writers are one at a time (the
store's own lock), so of two people who decide at once the second sees what the first did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from monitor.alert.alert import LEVEL_RANK, Level
from monitor.case.habits import Habits
from monitor.case.machine import OVER, UNDO, UNJUDGED, Case, Step, StepError, take
from monitor.notify.matcher import labels_of
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.audit import Chain
from monitor.store.errors import translated
from monitor.store.merge import Merged
from monitor.store.store import Store, read_merged_row
from monitor.store.tables import acks, alerts, case_alerts, case_events, cases

MAX_ALERTS: Final = 500
"""Of one case; a storm of more is a fault of a rule and not a case."""


class NoSuchError(Exception):
    """There is no case, or no alert, of that name (in the asker's scope). The message is one line."""


class StaleError(Exception):
    """The case has changed since the asker saw it."""


class CaseRegister:
    """Every call may raise `StoreError`; those that change something `StepError` and `NoSuchError` too."""

    def __init__(self, store: Store, habits: Habits) -> None:
        self._store = store
        self.habits = habits

    # --- steps ---

    def step(
        self, case_id: str, step: Step, now: datetime, scope: Scope = EVERYTHING, version: int | None = None
    ) -> Case:
        """Take `step`; `version`, where given, must be the case's. Raises `StaleError` if it is not."""
        with translated(), self._store.writer.begin() as db:
            case = _found(db, case_id, scope)
            if version is not None and version != case.version:
                raise StaleError(f"case {case.id} has changed: it is version {case.version}")
            return self._apply(db, case, step, now)

    def step_on_alert(self, fingerprint: str, step: Step, now: datetime, scope: Scope = EVERYTHING) -> Case:
        """Take `step` with the case of an alert, which is opened where there is none."""
        with translated(), self._store.writer.begin() as db:
            case = self._of_alert(db, fingerprint, step.actor, now, scope)
            return self._apply(db, case, step, now)

    def open(self, fingerprints: Sequence[str], actor: str, now: datetime, scope: Scope = EVERYTHING) -> Case:
        """One case for these alerts; those that are in another one stay there, unless all are in one."""
        with translated(), self._store.writer.begin() as db:
            case = self._of_alert(db, fingerprints[0], actor, now, scope)
            return self._linked(db, case, fingerprints[1:], actor, now, scope)

    def claim_next(
        self, actor: str, now: datetime, scope: Scope = EVERYTHING, kinds: Collection[str] = ()
    ) -> Case | None:
        """Claim what waits longest among the gravest: an alert without a case, or a case nobody holds."""
        with translated(), self._store.writer.begin() as db:
            waiting = self._next_case(db, now, scope, actor, kinds)
            wanted = [case_alerts.c.case_id.is_(None), *_alert_scope(scope)]
            if kinds:
                wanted.append(alerts.c.kind.in_(kinds))
            row = db.execute(
                sa.select(alerts.c.fingerprint, alerts.c.level_rank)
                .outerjoin(case_alerts, case_alerts.c.fingerprint == alerts.c.fingerprint)
                # What is judged is in a case; said so, only what waits is looked at.
                .where(
                    *wanted,
                    sa.not_(alerts.c.judged),
                    alerts.c.experimental.is_(False),
                    alerts.c.kind != "health",
                )
                .order_by(alerts.c.level_rank.desc(), alerts.c.starts_at, alerts.c.fingerprint)
                .limit(1)
            ).one_or_none()
            if waiting is not None and (row is None or LEVEL_RANK[waiting.level] >= row.level_rank):
                case = waiting
            elif row is not None:
                case = self._of_alert(db, row.fingerprint, actor, now, scope)
            else:
                return None
            return self._apply(db, case, Step("claim", actor), now)

    def link(
        self, case_id: str, fingerprints: Sequence[str], actor: str, now: datetime, scope: Scope = EVERYTHING
    ) -> Case:
        """Put more alerts into a case. One that is in another case must be split off there first."""
        with translated(), self._store.writer.begin() as db:
            return self._linked(db, _found(db, case_id, scope), fingerprints, actor, now, scope)

    def split(
        self, case_id: str, fingerprints: Sequence[str], actor: str, now: datetime, scope: Scope = EVERYTHING
    ) -> Case:
        """Take alerts out of a case into a new one, which is the answer."""
        with translated(), self._store.writer.begin() as db:
            case = _found(db, case_id, scope)
            _open_only(case)
            held = _fingerprints(db, case.id)
            gone = [one for one in dict.fromkeys(fingerprints) if one in held]
            if not gone or len(gone) == len(held):
                raise StepError("incomplete", "split needs some alerts of the case, and not all of them")
            db.execute(sa.delete(case_alerts).where(case_alerts.c.fingerprint.in_(gone)))
            made = self._of_alert(db, gone[0], actor, now, scope, apart_from=case.id)
            made = self._linked(db, made, gone[1:], actor, now, scope)
            self._write(db, case, actor, "split", {"into": made.id, "alerts": gone}, now, None)
            return made

    def merge(
        self, case_id: str, other_id: str, actor: str, now: datetime, scope: Scope = EVERYTHING
    ) -> Case:
        """Put all alerts of `other_id` into `case_id`; the other ends, with its history."""
        with translated(), self._store.writer.begin() as db:
            case, other = _found(db, case_id, scope), _found(db, other_id, scope)
            _open_only(case)
            _open_only(other)
            if case.id == other.id:
                raise StepError("incomplete", "a case cannot be merged with itself")
            if case.drill != other.drill:
                raise StepError("wrong-state", "a drill and a real case are never one")
            moved = sorted(_fingerprints(db, other.id))
            if len(moved) + len(_fingerprints(db, case.id)) > MAX_ALERTS:
                raise StepError("too-many", f"a case holds at most {MAX_ALERTS} alerts")
            db.execute(
                sa.update(case_alerts).where(case_alerts.c.case_id == other.id).values(case_id=case.id)
            )
            ended = replace(other, state="merged", merged_into=case.id, owner=None, lease_until=None)
            self._write(db, ended, actor, "merged", {"into": case.id}, now, None)
            level = max(case.level, other.level, key=LEVEL_RANK.__getitem__)
            body = {"from": other.id, "alerts": moved}
            return self._write(db, replace(case, level=level), actor, "merge", body, now, None)

    def undo(self, case_id: str, actor: str, now: datetime, scope: Scope = EVERYTHING) -> Case:
        """Take back one's own last step, while it is fresh and nobody took another since."""
        with translated(), self._store.writer.begin() as db:
            case = _found(db, case_id, scope)
            row = (
                db.execute(
                    sa.select(case_events)
                    .where(case_events.c.case_id == case.id)
                    .order_by(case_events.c.seq.desc())
                    .limit(1)
                )
                .mappings()
                .one()
            )
            if row["before"] is None:
                raise StepError("wrong-state", f"'{row['action']}' cannot be undone")
            if row["actor"] != actor or now - row["at"] > UNDO:
                raise StepError("wrong-state", "only one's own last step can be undone, within 15 minutes")
            before = read_case(row["before"])
            again = replace(before, version=case.version)
            return self._write(db, again, actor, "undo", {"undone": row["action"]}, now, None)

    # --- within a transaction ---

    def _apply(self, db: sa.Connection, case: Case, step: Step, now: datetime) -> Case:
        after = take(case, step, now, self.habits.house)
        body = {
            name: value
            for name, value in msgspec.to_builtins(step).items()
            if name not in ("action", "actor") and value not in (None, "")
        }
        if step.action == "judge":
            body["came_to"] = after.verdict
        return self._write(db, after, step.actor, step.action, body, now, case, is_new_version=False)

    def _of_alert(
        self,
        db: sa.Connection,
        fingerprint: str,
        actor: str,
        now: datetime,
        scope: Scope,
        *,
        apart_from: str = "",
    ) -> Case:
        held = db.execute(
            sa.select(case_alerts.c.case_id).where(case_alerts.c.fingerprint == fingerprint)
        ).scalar_one_or_none()
        alert = _alert(db, fingerprint, scope)
        if held is not None:
            return _found(db, held, EVERYTHING)
        labels = labels_of(alert)
        way = self.habits.way(labels)
        case = Case(
            id=_case_id(fingerprint, apart_from, now),
            kind=way.book,
            title={
                "en": alert.annotations.get("title_en", fingerprint),
                "zh": alert.annotations.get("title_zh", fingerprint),
            },
            level=alert.level,
            venue=alert.venue,
            drill=alert.drill,
            department=way.department,
            opened_at=now,
            updated_at=now,
            version=0,
        )
        db.execute(sa.insert(case_alerts), [{"fingerprint": fingerprint, "case_id": case.id}])
        return self._write(db, case, actor, "opened", {"alerts": [fingerprint]}, now, None)

    def _linked(
        self,
        db: sa.Connection,
        case: Case,
        fingerprints: Sequence[str],
        actor: str,
        now: datetime,
        scope: Scope,
    ) -> Case:
        wanted = list(dict.fromkeys(fingerprints))
        if not wanted:
            return case
        _open_only(case)
        held = _fingerprints(db, case.id)
        fresh = [one for one in wanted if one not in held]
        if len(held) + len(fresh) > MAX_ALERTS:
            raise StepError("too-many", f"a case holds at most {MAX_ALERTS} alerts")
        level: Level = case.level
        for one in fresh:
            alert = _alert(db, one, scope)
            if alert.drill != case.drill:
                raise StepError("wrong-state", "a drill and the real thing are never one case")
            other = db.execute(
                sa.select(case_alerts.c.case_id).where(case_alerts.c.fingerprint == one)
            ).scalar_one_or_none()
            if other is not None:
                raise StepError("wrong-state", f"alert {one} is in case {other}: merge them, or split it off")
            level = max(level, alert.level, key=LEVEL_RANK.__getitem__)
        if not fresh:
            return case
        db.execute(sa.insert(case_alerts), [{"fingerprint": one, "case_id": case.id} for one in fresh])
        return self._write(db, replace(case, level=level), actor, "link", {"alerts": fresh}, now, None)

    def _next_case(
        self, db: sa.Connection, now: datetime, scope: Scope, actor: str, kinds: Collection[str]
    ) -> Case | None:
        wanted = scope.conditions(cases)
        if kinds:
            of_kind = sa.select(case_alerts.c.case_id).join(
                alerts, alerts.c.fingerprint == case_alerts.c.fingerprint
            )
            wanted.append(cases.c.id.in_(of_kind.where(alerts.c.kind.in_(kinds))))
        rows = db.execute(
            sa.select(cases.c.body)
            # What is unjudged is open; said so, the index of the open ones serves.
            .where(cases.c.is_open, cases.c.state.in_(sorted(UNJUDGED)), *wanted)
            .order_by(cases.c.level_rank.desc(), cases.c.opened_at, cases.c.id)
        ).scalars()
        for body in rows:
            case = read_case(body)
            holder = case.holder(now)
            if holder is None or (holder == actor and case.state == "claimed"):
                return case
        return None

    def _write(
        self,
        db: sa.Connection,
        case: Case,
        actor: str,
        action: str,
        body: Mapping[str, Any],
        now: datetime,
        before: Case | None,
        *,
        is_new_version: bool = True,
    ) -> Case:
        if is_new_version:
            case = replace(case, version=case.version + 1, updated_at=now)
        chain = Chain(db)
        seq = chain.append(now, actor, f"case.{action}", case.id, {**body, "state": case.state})
        chain.flush()
        event = {
            "seq": seq,
            "case_id": case.id,
            "at": now,
            "actor": actor,
            "action": action,
            "body": {**body, "state": case.state},
            "before": None if before is None else msgspec.to_builtins(before),
        }
        db.execute(sa.insert(case_events), [event])
        row = {
            "state": case.state,
            "is_open": case.state not in OVER,
            "level_rank": LEVEL_RANK[case.level],
            "department": case.department,
            "owner": case.owner,
            "venue": case.venue,
            "drill": case.drill,
            "opened_at": case.opened_at,
            "updated_at": case.updated_at,
            "due_at": self.habits.due_at(case),
            "body": msgspec.to_builtins(case),
            "changed_seq": seq,
        }
        known = db.execute(sa.update(cases).where(cases.c.id == case.id).values(row))
        if known.rowcount == 0:
            db.execute(sa.insert(cases), [{"id": case.id, **row}])
        _mark(db, case.id, case.state not in UNJUDGED)
        return case


def acknowledge(
    store: Store, fingerprint: str, actor: str, note: str, now: datetime, scope: Scope = EVERYTHING
) -> None:
    """Say that one has seen an alert; the first to say so stays. Raises `NoSuchError`."""
    with translated(), store.writer.begin() as db:
        _alert(db, fingerprint, scope)
        known = db.execute(sa.select(acks.c.by).where(acks.c.fingerprint == fingerprint)).first()
        chain = Chain(db)
        chain.append(now, actor, "alert.acknowledged", fingerprint, {"note": note} if note else {})
        chain.flush()
        if known is None:
            row = {"fingerprint": fingerprint, "by": actor, "at": now, "note": note}
            db.execute(sa.insert(acks), [row])


def _mark(db: sa.Connection, case_id: str, judged: bool) -> None:
    """Say so of the alerts of a case whose state has come to that."""
    held = sa.select(case_alerts.c.fingerprint).where(case_alerts.c.case_id == case_id)
    changed = alerts.c.judged if not judged else sa.not_(alerts.c.judged)
    db.execute(sa.update(alerts).where(alerts.c.fingerprint.in_(held), changed).values(judged=judged))


def read_case(body: Any) -> Case:
    return msgspec.convert(body, Case)


def verdicts(db: sa.Connection) -> dict[str, str]:
    """Fingerprint to verdict, of every alert whose case was judged."""
    rows = db.execute(
        sa.select(case_alerts.c.fingerprint, cases.c.body).join(cases, cases.c.id == case_alerts.c.case_id)
    )
    return {fingerprint: body["verdict"] for fingerprint, body in rows if body.get("verdict") is not None}


def _found(db: sa.Connection, case_id: str, scope: Scope) -> Case:
    body = db.execute(
        sa.select(cases.c.body).where(cases.c.id == case_id, *scope.conditions(cases))
    ).scalar_one_or_none()
    if body is None:
        raise NoSuchError(f"there is no case {case_id!r}")
    return read_case(body)


def _alert(db: sa.Connection, fingerprint: str, scope: Scope) -> Merged:
    row = (
        db.execute(sa.select(alerts).where(alerts.c.fingerprint == fingerprint, *_alert_scope(scope)))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NoSuchError(f"no alert has the fingerprint {fingerprint!r}")
    return read_merged_row(row)


def _alert_scope(scope: Scope) -> Iterable[sa.ColumnElement[bool]]:
    return scope.conditions(alerts)


def _fingerprints(db: sa.Connection, case_id: str) -> set[str]:
    return set(
        db.execute(sa.select(case_alerts.c.fingerprint).where(case_alerts.c.case_id == case_id)).scalars()
    )


def _open_only(case: Case) -> None:
    if case.state in OVER:
        raise StepError("wrong-state", f"case {case.id} is {case.state}")


def _case_id(fingerprint: str, apart_from: str, now: datetime) -> str:
    digest = hashlib.sha256(f"{fingerprint}\xff{apart_from}\xff{now.isoformat()}".encode()).hexdigest()
    return f"C{now:%m%d}-{digest[:6].upper()}"
