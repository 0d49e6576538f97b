"""Taking back the last step with a case, in the transaction of a `Journal`.

    merge   other ──alerts──> case    undone: the alerts go back, both cases are as they were
    split   case ──alerts──> made     undone: the alerts go back, `made` ends in `case`

A merge and a split are one step with two cases: it is taken back by either, as long as neither has gone on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.case.journal import Journal
from monitor.case.machine import UNDO, Case, StepError
from monitor.case.rows import find_case, read_case
from monitor.people.scope import Scope
from monitor.store.desk_tables import case_alerts, case_events


@dataclass(frozen=True, slots=True)
class _Last:
    """The newest step of a case."""

    seq: int
    at: datetime
    actor: str
    action: str
    body: dict[str, Any]
    before: Any


def take_back(journal: Journal, case: Case, actor: str, now: datetime, scope: Scope) -> Case:
    """Undo the last step of `case`: what it is then, or the case in which it has ended by that.

    Raises `StepError`, and `NoSuchError` where the other case of the step is out of `scope`.
    """
    last = _last(journal.db, case.id)
    match last.action:
        case "merge":
            whole, part = case, find_case(journal.db, last.body["from"], scope)
        case "merged":
            whole, part = find_case(journal.db, last.body["into"], scope), case
        case "split":
            whole, part = case, find_case(journal.db, last.body["into"], scope)
        case "opened" if "from" in last.body:
            whole, part = find_case(journal.db, last.body["from"], scope), case
        case _:
            before = _undoable(last, actor, now)
            again = replace(before, version=case.version)
            return journal.write_anew(again, actor, "undo", {"undone": last.action}, now)
    of_whole, of_part = _last(journal.db, whole.id), _last(journal.db, part.id)
    _one_step(whole, of_whole, part, of_part)
    was_whole = _undoable(of_whole, actor, now)
    moved: Sequence[str] = of_whole.body["alerts"]
    told = {"undone": of_whole.action, "alerts": moved}
    if of_whole.action == "merge":
        _move(journal, moved, whole, part)
        was_part = _undoable(of_part, actor, now)
    else:
        _move(journal, moved, part, whole)
        was_part = replace(part, state="merged", merged_into=whole.id, owner=None, lease_until=None)
    part = journal.write_anew(
        replace(was_part, version=part.version), actor, "undo", {**told, "from": whole.id}, now
    )
    whole = journal.write_anew(
        replace(was_whole, version=whole.version), actor, "undo", {**told, "from": part.id}, now
    )
    return part if case.id == part.id and part.state != "merged" else whole


def _last(db: sa.Connection, case_id: str) -> _Last:
    table = case_events.c
    row = db.execute(
        sa.select(table.seq, table.at, table.actor, table.action, table.body, table.before)
        .where(table.case_id == case_id)
        .order_by(table.seq.desc())
        .limit(1)
    ).one()
    return _Last(*row)


def _undoable(last: _Last, actor: str, now: datetime) -> Case:
    """The case as it was before `last`."""
    if last.before is None:
        raise StepError("not-undoable", f"'{last.action}' cannot be undone")
    if last.actor != actor or now - last.at > UNDO:
        raise StepError("not-undoable", "only one's own last step can be undone, within 15 minutes")
    return read_case(last.before)


def _one_step(whole: Case, of_whole: _Last, part: Case, of_part: _Last) -> None:
    """Both last steps are the two halves of one."""
    halves = {"merge": ("merged", "from"), "split": ("opened", "into")}
    action, key = halves.get(of_whole.action, ("", ""))
    if not action or of_whole.body.get(key) != part.id:
        gone_on = whole
    elif of_part.action != action:
        gone_on = part
    else:
        return
    raise StepError("gone-on", f"case {gone_on.id} has gone on since: this can no longer be undone")


def _move(journal: Journal, fingerprints: Sequence[str], out_of: Case, into: Case) -> None:
    journal.db.execute(
        sa.update(case_alerts)
        .where(case_alerts.c.case_id == out_of.id, case_alerts.c.fingerprint.in_(fingerprints))
        .values(case_id=into.id)
    )
