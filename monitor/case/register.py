"""Cases in the database: each step and its audit entry in one transaction. Blocking.

    alerts ──case_alerts──> cases ──┬── case_events   every step, with the case as it was before
                                    └── audit         the same step, in the chain

A case is opened by the first step on one of its alerts. All writers are one at a time (the
store's own lock), so of two people who decide at once the second sees what the first did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa

from monitor.alert.alert import LEVEL_RANK, Level
from monitor.case.habits import Habits
from monitor.case.journal import Journal, writing
from monitor.case.machine import OVER, UNJUDGED, Case, Looked, Step, StepError, check_free, take
from monitor.case.rows import NoSuchError, find_case, fingerprints_of, read_case
from monitor.case.undo import take_back
from monitor.notify.judged import came_again
from monitor.notify.matcher import labels_of
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.audit import Chain
from monitor.store.desk_tables import acks, case_alerts, cases
from monitor.store.errors import translated
from monitor.store.merge import Merged
from monitor.store.store import Store, read_merged_row
from monitor.store.tables import alerts

MAX_ALERTS: Final = 500
"""Of one case; a storm of more is a fault of a rule and not a case."""


_ID_LENGTHS: Final = (6, 10, 16, 32)
_CASE: Final = sa.select(cases.c.id).where(cases.c.id == sa.bindparam("name"))
_CASE_OF: Final = sa.select(case_alerts.c.case_id).where(case_alerts.c.fingerprint == sa.bindparam("name"))


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
        with writing(self._store, self.habits) as journal:
            case = find_case(journal.db, case_id, scope)
            if version is not None and version != case.version:
                raise StaleError(f"case {case.id} has changed: it is version {case.version}")
            return self._apply(journal, case, step, now)

    def step_on_alert(self, fingerprint: str, step: Step, now: datetime, scope: Scope = EVERYTHING) -> Case:
        """Take `step` with the case of an alert, which is opened where there is none."""
        with writing(self._store, self.habits) as journal:
            case = self._of_alert(journal, fingerprint, step.actor, now, scope)
            return self._apply(journal, case, step, now)

    def open(self, fingerprints: Sequence[str], actor: str, now: datetime, scope: Scope = EVERYTHING) -> Case:
        """One case for these alerts; those that are in another one stay there, unless all are in one."""
        with writing(self._store, self.habits) as journal:
            case = self._of_alert(journal, fingerprints[0], actor, now, scope)
            return self._linked(journal, case, fingerprints[1:], actor, now, scope)

    def claim_next(
        self, actor: str, now: datetime, scope: Scope = EVERYTHING, kinds: Collection[str] = ()
    ) -> Case | None:
        """Claim what waits longest among the gravest: an alert without a case, or a case nobody holds."""
        with writing(self._store, self.habits) as journal:
            waiting = self._next_case(journal.db, now, scope, actor, kinds)
            row = _next_alert(journal.db, scope, kinds)
            if waiting is not None and (row is None or LEVEL_RANK[waiting.level] >= LEVEL_RANK[row.level]):
                case = waiting
            elif row is not None:
                case = self._opened(journal, [row], actor, now)
            else:
                return None
            return self._apply(journal, case, Step("claim", actor), now)

    def link(
        self, case_id: str, fingerprints: Sequence[str], actor: str, now: datetime, scope: Scope = EVERYTHING
    ) -> Case:
        """Put more alerts into a case. One that is in another case must be split off there first."""
        with writing(self._store, self.habits) as journal:
            case = find_case(journal.db, case_id, scope)
            return self._linked(journal, case, fingerprints, actor, now, scope)

    def split(
        self, case_id: str, fingerprints: Sequence[str], actor: str, now: datetime, scope: Scope = EVERYTHING
    ) -> Case:
        """Take alerts out of a case into a new one, which is the answer."""
        with writing(self._store, self.habits) as journal:
            case = find_case(journal.db, case_id, scope)
            _open_only(case)
            # What is taken out of a case can be judged apart from it: that is a decision too.
            check_free(case, actor, now)
            held = fingerprints_of(journal.db, case.id)
            gone = [one for one in dict.fromkeys(fingerprints) if one in held]
            if not gone or len(gone) == len(held):
                raise StepError("incomplete", "split needs some alerts of the case, and not all of them")
            journal.db.execute(sa.delete(case_alerts).where(case_alerts.c.fingerprint.in_(gone)))
            made = self._opened(journal, [_alert(journal.db, one, scope) for one in gone], actor, now, case)
            journal.write_anew(case, actor, "split", {"into": made.id, "alerts": gone}, now, case)
            return made

    def merge(
        self, case_id: str, other_id: str, actor: str, now: datetime, scope: Scope = EVERYTHING
    ) -> Case:
        """Put all alerts of `other_id` into `case_id`; the other ends, with its history."""
        with writing(self._store, self.habits) as journal:
            case, other = find_case(journal.db, case_id, scope), find_case(journal.db, other_id, scope)
            _open_only(case)
            _open_only(other)
            if case.id == other.id:
                raise StepError("incomplete", "a case cannot be merged with itself")
            check_free(case, actor, now)
            check_free(other, actor, now)
            if case.drill != other.drill:
                raise StepError("wrong-state", "a drill and a real case are never one")
            moved = sorted(fingerprints_of(journal.db, other.id))
            if len(moved) + len(fingerprints_of(journal.db, case.id)) > MAX_ALERTS:
                raise StepError("too-many", f"a case holds at most {MAX_ALERTS} alerts")
            journal.db.execute(
                sa.update(case_alerts).where(case_alerts.c.case_id == other.id).values(case_id=case.id)
            )
            ended = replace(other, state="merged", merged_into=case.id, owner=None, lease_until=None)
            journal.write_anew(ended, actor, "merged", {"into": case.id}, now, other)
            level = max(case.level, other.level, key=LEVEL_RANK.__getitem__)
            body = {"from": other.id, "alerts": moved}
            return journal.write_anew(replace(case, level=level), actor, "merge", body, now, case)

    def undo(self, case_id: str, actor: str, now: datetime, scope: Scope = EVERYTHING) -> Case:
        """Take back one's own last step, while it is fresh and nobody took another since.

        The answer is the case, or that in which it has ended by being undone.
        """
        with writing(self._store, self.habits) as journal:
            return take_back(journal, find_case(journal.db, case_id, scope), actor, now, scope)

    # --- within a transaction ---

    def _apply(self, journal: Journal, case: Case, step: Step, now: datetime) -> Case:
        after = take(case, step, now, self.habits.house)
        body = {
            name: value
            for name, value in msgspec.to_builtins(step).items()
            if name not in ("action", "actor") and value not in (None, "")
        }
        if step.action == "judge":
            body["came_to"] = after.verdict
            if after.verdict == "benign":
                after = replace(after, looked_at=_looked_at(journal.db, case.id))
        journal.write(after, step.actor, step.action, body, now, case)
        return after

    def _of_alert(
        self,
        journal: Journal,
        fingerprint: str,
        actor: str,
        now: datetime,
        scope: Scope,
    ) -> Case:
        held = journal.db.execute(_CASE_OF, {"name": fingerprint}).scalar_one_or_none()
        alert = _alert(journal.db, fingerprint, scope)
        if held is not None:
            return find_case(journal.db, held, EVERYTHING)
        return self._opened(journal, [alert], actor, now)

    def _opened(
        self, journal: Journal, some: Sequence[Merged], actor: str, now: datetime, out_of: Case | None = None
    ) -> Case:
        alert, prints = some[0], [one.fingerprint for one in some]
        fingerprint = alert.fingerprint
        labels = labels_of(alert)
        way = self.habits.way(labels)
        case = Case(
            id=_free_id(journal.db, fingerprint, out_of.id if out_of is not None else "", now),
            kind=way.book,
            title={
                "en": alert.annotations.get("title_en", fingerprint),
                "zh": alert.annotations.get("title_zh", fingerprint),
            },
            level=max((one.level for one in some), key=LEVEL_RANK.__getitem__),
            venue=alert.venue,
            drill=alert.drill,
            department=way.department,
            opened_at=now,
            updated_at=now,
            version=0,
        )
        for one in prints:
            journal.put(one, case.id)
        body = {"alerts": prints} if out_of is None else {"alerts": prints, "from": out_of.id}
        return journal.write_anew(case, actor, "opened", body, now, is_new=True)

    def _linked(
        self,
        journal: Journal,
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
        held = fingerprints_of(journal.db, case.id)
        fresh = [one for one in wanted if one not in held]
        if len(held) + len(fresh) > MAX_ALERTS:
            raise StepError("too-many", f"a case holds at most {MAX_ALERTS} alerts")
        level: Level = case.level
        for one in fresh:
            alert = _alert(journal.db, one, scope)
            if alert.drill != case.drill:
                raise StepError("wrong-state", "a drill and the real thing are never one case")
            other = journal.db.execute(_CASE_OF, {"name": one}).scalar_one_or_none()
            if other is not None:
                raise StepError("wrong-state", f"alert {one} is in case {other}: merge them, or split it off")
            level = max(level, alert.level, key=LEVEL_RANK.__getitem__)
        if not fresh:
            return case
        for one in fresh:
            journal.put(one, case.id)
        return journal.write_anew(replace(case, level=level), actor, "link", {"alerts": fresh}, now)

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


def acknowledge(
    store: Store, fingerprint: str, actor: str, note: str, now: datetime, scope: Scope = EVERYTHING
) -> None:
    """Say that one has seen an alert; the first to say so stays, until it comes again after it was over.

    Raises `NoSuchError`.
    """
    with translated(), store.writer.begin() as db:
        _alert(db, fingerprint, scope)
        known = db.execute(sa.select(acks.c.at).where(acks.c.fingerprint == fingerprint)).scalar_one_or_none()
        again = came_again(db, [fingerprint]).get(fingerprint)
        chain = Chain(db)
        chain.append(now, actor, "alert.acknowledged", fingerprint, {"note": note} if note else {})
        chain.flush()
        if known is not None and again is not None and known < again[1]:
            db.execute(sa.delete(acks).where(acks.c.fingerprint == fingerprint))
            known = None
        if known is None:
            row = {"fingerprint": fingerprint, "by": actor, "at": now, "note": note}
            db.execute(sa.insert(acks), [row])


def verdicts(db: sa.Connection, fingerprints: Collection[str]) -> dict[str, str]:
    """Fingerprint to verdict, of those alerts among `fingerprints` whose case was judged."""
    rows = db.execute(
        sa.select(case_alerts.c.fingerprint, cases.c.body)
        .join(cases, cases.c.id == case_alerts.c.case_id)
        .where(case_alerts.c.fingerprint.in_(fingerprints))
    )
    return {fingerprint: body["verdict"] for fingerprint, body in rows if body.get("verdict") is not None}


def _next_alert(db: sa.Connection, scope: Scope, kinds: Collection[str]) -> Merged | None:
    """What waits longest among the gravest of those in no case."""
    wanted = [alerts.c.experimental.is_(False), alerts.c.kind != "health", *_alert_scope(scope)]
    if kinds:
        wanted.append(alerts.c.kind.in_(kinds))
    wanted.append(alerts.c.has_case.is_(False))
    # By level first: the index then gives the one that waits longest without sorting.
    gravest = sa.select(alerts.c.level_rank).where(*wanted).order_by(alerts.c.level_rank.desc()).limit(1)
    query = sa.select(alerts).where(*wanted, alerts.c.level_rank == gravest.scalar_subquery())
    query = query.order_by(alerts.c.starts_at, alerts.c.fingerprint).limit(1)
    row = db.execute(query).mappings().one_or_none()
    return None if row is None else read_merged_row(row)


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


def _open_only(case: Case) -> None:
    if case.state in OVER:
        raise StepError("wrong-state", f"case {case.id} is {case.state}")


def _looked_at(db: sa.Connection, case_id: str) -> tuple[Looked, ...]:
    table = alerts.c
    rows = db.execute(
        sa.select(table.fingerprint, table.level, table.rules, table.changed_seq)
        .join(case_alerts, case_alerts.c.fingerprint == table.fingerprint)
        .where(case_alerts.c.case_id == case_id)
        .order_by(table.fingerprint)
    )
    return tuple(
        Looked(fingerprint, level, tuple(one["rule"] for one in rules), seq)
        for fingerprint, level, rules, seq in rows
    )


def _free_id(db: sa.Connection, fingerprint: str, apart_from: str, now: datetime) -> str:
    """Short, as it is read out over the telephone; longer only where the short one is another case's."""
    digest = hashlib.sha256(f"{fingerprint}\xff{apart_from}\xff{now.isoformat()}".encode()).hexdigest()
    names = (f"C{now:%m%d}-{digest[:n].upper()}" for n in _ID_LENGTHS)
    return next(name for name in names if db.execute(_CASE, {"name": name}).first() is None)
