"""Alerts that somebody has judged benign: nobody is told of them again, until there is something new.

A verdict counts for what was looked at. It no longer holds for an alert that grew graver since, on
which another rule fired, that was over and came again, or after `HOLDS_FOR`: a mistake hides nothing
for ever. A verdict that is taken back (undo, reopen) never held.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
import sqlalchemy as sa

from monitor.alert.alert import LEVEL_RANK, RuleHit
from monitor.case.machine import Case, Looked
from monitor.store.desk_tables import case_alerts, cases
from monitor.store.tables import alerts, changes

HOLDS_FOR: Final = timedelta(hours=24)
"""Longer than any day of exams: the next day's first message tells it anew."""
Lifted = Literal["graver", "rule", "again", "old"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A benign verdict on one alert."""

    by: str
    at: datetime
    looked: Looked
    lifted: Lifted | None = None
    """Why it no longer holds; None while it does."""

    @property
    def key(self) -> str:
        """Names the verdict among all on its alert."""
        return str(self.looked.seq)


def lifted(
    looked: Looked, at: datetime, level: str, rules: Collection[str], came_again_seq: int, now: datetime
) -> Lifted | None:
    """Why a verdict of `at` no longer holds for an alert that is now as given. Pure.

    `came_again_seq` is the newest change by which the alert came again after it was over; 0 for none.
    """
    rank = {str(name): number for name, number in LEVEL_RANK.items()}
    if rank[level] > rank[looked.level]:
        return "graver"
    if not set(rules) <= set(looked.rules):
        return "rule"
    if came_again_seq > looked.seq:
        return "again"
    return "old" if now - at > HOLDS_FOR else None


def judged(db: sa.Connection, fingerprints: Collection[str], now: datetime) -> dict[str, Judged]:
    """The benign verdicts on these alerts, those that no longer hold included."""
    rows = db.execute(
        sa.select(case_alerts.c.fingerprint, cases.c.body, alerts.c.level, alerts.c.rules)
        .join(cases, cases.c.id == case_alerts.c.case_id)
        .join(alerts, alerts.c.fingerprint == case_alerts.c.fingerprint)
        .where(case_alerts.c.fingerprint.in_(fingerprints))
    ).all()
    benign = [row for row in rows if row.body.get("verdict") == "benign"]
    again = came_again(db, [row.fingerprint for row in benign])
    found: dict[str, Judged] = {}
    for fingerprint, body, level, raw in benign:
        case = msgspec.convert(body, Case)
        looked = next((one for one in case.looked_at if one.fingerprint == fingerprint), None)
        if looked is None or case.judged_at is None:
            # It joined the case after the verdict, or was judged by an older program.
            continue
        rules = [one.rule for one in msgspec.convert(raw, list[RuleHit])]
        seq, _ = again.get(fingerprint, (0, case.judged_at))
        why = lifted(looked, case.judged_at, level, rules, seq, now)
        found[fingerprint] = Judged(case.judged_by or "", case.judged_at, looked, why)
    return found


def came_again(db: sa.Connection, fingerprints: Collection[str]) -> Mapping[str, tuple[int, datetime]]:
    """When each came again after it had been over: number and instant of the newest such change."""
    if not fingerprints:
        return {}
    rows = db.execute(
        sa.select(changes.c.fingerprint, sa.func.max(changes.c.seq), sa.func.max(changes.c.at))
        .where(changes.c.fingerprint.in_(fingerprints), changes.c.action == "recurred")
        .group_by(changes.c.fingerprint)
    )
    return {fingerprint: (seq, at) for fingerprint, seq, at in rows}
