"""What came of a drill: each step's alert, and when it was found, told, seen, claimed, judged. Blocking.

Read from the store alone, by the drill's own sensors and source, so that it can be asked again a day later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.alert import wire
from monitor.drill.scenario import Scenario, Step
from monitor.store.desk_tables import acks, case_alerts, case_events, notices
from monitor.store.errors import translated
from monitor.store.merge import Merged
from monitor.store.store import Store, read_merged_row
from monitor.store.tables import alerts, events


def origin(drill: str, step: str) -> str:
    """The sensor or source that a step's signal or post seems to come from."""
    return f"drill-{drill}-{step}"


@dataclass(frozen=True, slots=True)
class Reaction:
    """One step, in seconds from its start; None is not (yet)."""

    step: str
    kind: str
    """``signal`` or ``post``."""
    at: datetime
    rule: str | None
    """Of the alert that came."""
    level: str | None
    alert: str | None
    """Fingerprint."""
    found_s: float | None
    told_s: float | None
    seen_s: float | None
    claimed_s: float | None
    judged_s: float | None
    passed: bool
    """It came in time; or, of a quiet step, nothing came."""


@dataclass(frozen=True, slots=True)
class Outcome:
    drill: str
    name: Mapping[str, str]
    began_at: datetime
    reactions: tuple[Reaction, ...]

    @property
    def passed(self) -> bool:
        return all(one.passed for one in self.reactions)


def outcome(store: Store, scenario: Scenario, drill: str, started: Mapping[str, datetime]) -> Outcome:
    """`started`: when each step began. Raises `StoreError`."""
    with translated(), store.reader.connect() as db:
        raised = [
            read_merged_row(row) for row in db.execute(sa.select(alerts).where(alerts.c.drill)).mappings()
        ]
        reactions = [
            _reaction(db, step, started[step.id], _of(raised, origin(drill, step.id)))
            for step in scenario.steps
            if step.id in started
        ]
    first = min(started.values())
    return Outcome(drill, {"en": scenario.en, "zh": scenario.zh}, first, tuple(reactions))


def _of(raised: Iterable[Merged], name: str) -> list[Merged]:
    return [one for one in raised if name in (one.event.get("sensor"), one.event.get("source"))]


def _reaction(db: sa.Connection, step: Step, at: datetime, found: list[Merged]) -> Reaction:
    stored = {one.fingerprint: _stored_at(db, one.fingerprint, step.rule) for one in found}
    fitting = [
        one
        for one in found
        if not one.experimental and (step.rule is None or step.rule in {hit.rule for hit in one.rules})
    ]
    first = min(fitting, key=lambda one: stored[one.fingerprint] or one.updated_at, default=None)
    kind = "signal" if step.signal is not None else "post"
    if first is None:
        return Reaction(
            step.id, kind, at, None, None, None, None, None, None, None, None, passed=step.quiet and not found
        )
    named = step.rule or (first.rules[0].rule if first.rules else None)
    found_s = _after(stored[first.fingerprint], at)
    return Reaction(
        step=step.id,
        kind=kind,
        at=at,
        rule=named,
        level=first.level,
        alert=first.fingerprint,
        found_s=found_s,
        told_s=_after(_told_at(db, first.fingerprint, at), at),
        seen_s=_after(
            db.execute(
                sa.select(acks.c.at).where(acks.c.fingerprint == first.fingerprint)
            ).scalar_one_or_none(),
            at,
        ),
        claimed_s=_after(_step_at(db, first.fingerprint, "claim"), at),
        judged_s=_after(_step_at(db, first.fingerprint, "judge"), at),
        passed=not step.quiet and found_s is not None and found_s <= step.within_s,
    )


def _after(then: datetime | None, at: datetime) -> float | None:
    return None if then is None else round((then - at).total_seconds(), 3)


def _stored_at(db: sa.Connection, fingerprint: str, rule: str | None) -> datetime | None:
    """When the first event on which `rule` fired, or any did, was in the store."""
    rows = db.execute(
        sa.select(events.c.recorded_at, events.c.body)
        .where(events.c.fingerprint == fingerprint)
        .order_by(events.c.recorded_at)
    )
    for recorded_at, body in rows:
        if rule is None or rule in {hit.rule for hit in wire.decode(body.encode()).rules}:
            return recorded_at
    return None


def _told_at(db: sa.Connection, fingerprint: str, since: datetime) -> datetime | None:
    rows = db.execute(
        sa.select(notices.c.sent_at, notices.c.body)
        .where(notices.c.created_at >= since, notices.c.state == "sent")
        .order_by(notices.c.sent_at)
    )
    named = (
        sent_at for sent_at, body in rows if fingerprint in {one["fingerprint"] for one in body["firing"]}
    )
    return next(named, None)


def _step_at(db: sa.Connection, fingerprint: str, action: str) -> datetime | None:
    return db.execute(
        sa.select(sa.func.min(case_events.c.at))
        .join(case_alerts, case_alerts.c.case_id == case_events.c.case_id)
        .where(case_alerts.c.fingerprint == fingerprint, case_events.c.action == action)
    ).scalar_one()
