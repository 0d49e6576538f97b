"""What one transaction does to cases: history, chain and the cases themselves, written at its end."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from monitor.alert.alert import LEVEL_RANK
from monitor.case.habits import Habits
from monitor.case.machine import OVER, UNJUDGED, Case
from monitor.store.audit import Chain
from monitor.store.desk_tables import case_alerts, case_events, cases
from monitor.store.errors import translated
from monitor.store.store import Store
from monitor.store.tables import alerts

# Built once: of a verdict's time, half went into building statements.
_INSERT_EVENT: Final = sa.insert(case_events)
_INSERT_CASE: Final = sa.insert(cases)
_UPDATE_CASE: Final = sa.update(cases).where(cases.c.id == sa.bindparam("case_id"))
_INSERT_LINK: Final = sa.insert(case_alerts)
_MARK: Final = sa.update(alerts).where(alerts.c.fingerprint == sa.bindparam("name"))
_HELD: Final = sa.select(case_alerts.c.fingerprint).where(case_alerts.c.case_id == sa.bindparam("held_by"))
_JUDGED: Final = {
    judged: sa.update(alerts)
    .where(alerts.c.fingerprint.in_(_HELD), sa.not_(alerts.c.judged) if judged else alerts.c.judged)
    .values(judged=judged)
    for judged in (True, False)
}


class Journal:
    """Of one transaction. Nothing that it was told can be read back from the database before its end."""

    def __init__(self, db: sa.Connection, habits: Habits) -> None:
        self.db = db
        self._habits = habits
        self._chain = Chain(db)
        self._events: list[dict[str, Any]] = []
        self._rows: dict[str, dict[str, Any]] = {}
        self._new: set[str] = set()

    def put(self, alert: str, case_id: str) -> None:
        """`alert`, a fingerprint, is in no case, and is in this one from now on."""
        self.db.execute(_INSERT_LINK, {"fingerprint": alert, "case_id": case_id})
        self.db.execute(_MARK, {"name": alert, "has_case": True})

    def write(
        self, case: Case, actor: str, action: str, body: Mapping[str, Any], now: datetime,
        before: Case | None = None, *, is_new: bool = False,
    ) -> None:  # fmt: skip
        """`case` as it stands after `action`, and `before`, to which an undo goes back."""
        told = {**body, "state": case.state}
        seq = self._chain.append(now, actor, f"case.{action}", case.id, told)
        event = {
            "seq": seq,
            "case_id": case.id,
            "at": now,
            "actor": actor,
            "action": action,
            "body": told,
            "before": None if before is None else msgspec.to_builtins(before),
        }
        self._events.append(event)
        if is_new:
            self._new.add(case.id)
        self._rows[case.id] = {
            "state": case.state,
            "is_open": case.state not in OVER,
            "level_rank": LEVEL_RANK[case.level],
            "department": case.department,
            "owner": case.owner,
            "venue": case.venue,
            "drill": case.drill,
            "opened_at": case.opened_at,
            "updated_at": case.updated_at,
            "due_at": self._habits.due_at(case),
            "body": msgspec.to_builtins(case),
            "changed_seq": seq,
        }

    def write_anew(
        self, case: Case, actor: str, action: str, body: Mapping[str, Any], now: datetime,
        before: Case | None = None, *, is_new: bool = False,
    ) -> Case:  # fmt: skip
        """`case` as its next version; without `before` nothing that an undo could go back to."""
        case = replace(case, version=case.version + 1, updated_at=now)
        self.write(case, actor, action, body, now, before, is_new=is_new)
        return case

    def flush(self) -> None:
        self._chain.flush()
        if self._events:
            self.db.execute(_INSERT_EVENT, self._events)
        for case_id, row in self._rows.items():
            if case_id in self._new:
                self.db.execute(_INSERT_CASE, {"id": case_id, **row})
            else:
                self.db.execute(_UPDATE_CASE, {"case_id": case_id, **row})
            self.db.execute(_JUDGED[row["state"] not in UNJUDGED], {"held_by": case_id})


@contextmanager
def writing(store: Store, habits: Habits) -> Generator[Journal]:
    """One transaction. Raises `StoreError`."""
    with translated(), store.writer.begin() as db:
        journal = Journal(db, habits)
        yield journal
        journal.flush()
