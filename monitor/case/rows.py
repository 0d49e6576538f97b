"""Cases as they stand in the database, read within the transaction that changes them."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from monitor.case.machine import Case
from monitor.people.scope import Scope
from monitor.store.desk_tables import case_alerts, cases


class NoSuchError(Exception):
    """There is no case, or no alert, of that name (in the asker's scope). The message is one line."""


def read_case(body: Any) -> Case:
    return msgspec.convert(body, Case)


def find_case(db: sa.Connection, case_id: str, scope: Scope) -> Case:
    """Raises `NoSuchError`."""
    body = db.execute(
        sa.select(cases.c.body).where(cases.c.id == case_id, *scope.conditions(cases))
    ).scalar_one_or_none()
    if body is None:
        raise NoSuchError(f"there is no case {case_id!r}")
    return read_case(body)


def fingerprints_of(db: sa.Connection, case_id: str) -> set[str]:
    return set(
        db.execute(sa.select(case_alerts.c.fingerprint).where(case_alerts.c.case_id == case_id)).scalars()
    )
