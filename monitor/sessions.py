"""Exam sessions as they begin and end: told, recorded, and the crawl made faster for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import structlog

from monitor.clock import Clock
from monitor.schedule import Schedule
from monitor.store.errors import StoreError
from monitor.timetable import Session, Timetable

LEAD = timedelta(minutes=10)
"""Leaks of use came from 10 min before the start on: until the end, the web is watched closely."""
CLOSE_POLL_S = 60.0
"""The longest interval between two polls of a source in that time: an alert within 2 min of publication."""
ACTOR = "timetable"

Event = Literal["near", "started", "ended"]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Turn:
    """An instant at which something about a session changes."""

    at: datetime
    event: Event
    session: Session


class AuditLog(Protocol):
    async def record(self, actor: str, action: str, subject: str, body: Mapping[str, Any]) -> int: ...


def turns(timetable: Timetable, after: datetime) -> list[Turn]:
    """All that is still to come after the instant `after`, earliest first."""
    found = [
        turn
        for session in timetable.sessions
        for turn in (
            Turn(session.starts_at - LEAD, "near", session),
            Turn(session.starts_at, "started", session),
            Turn(session.ends_at, "ended", session),
        )
        if turn.at > after
    ]
    return sorted(found, key=lambda turn: turn.at)


def longest_poll_s(timetable: Timetable, now: datetime) -> float | None:
    """The longest poll interval that the calendar allows now; None where it does not care."""
    close = any(session.starts_at - LEAD <= now < session.ends_at for session in timetable.sessions)
    return CLOSE_POLL_S if close else None


class SessionWatch:
    """Follows the timetable, turn by turn."""

    def __init__(
        self,
        timetable: Timetable,
        schedule: Schedule,
        clock: Clock,
        audit: AuditLog,
        hurry: Callable[[], Awaitable[None]],
    ) -> None:
        self._timetable = timetable
        self._schedule = schedule
        self._clock = clock
        self._audit = audit
        self._hurry = hurry

    async def run(self) -> None:
        """Until cancelled, or until the timetable has no more to come."""
        for turn in turns(self._timetable, self._clock.now()):
            due = asyncio.Event()
            self._schedule.at("timetable", turn.at, due.set)
            await due.wait()
            await self._tell(turn)

    async def _tell(self, turn: Turn) -> None:
        session = turn.session
        if turn.event == "near":
            await self._hurry()
            return
        log.info(f"session {turn.event}", exam=session.exam, session=session.id, venues=len(session.venues))
        body = {"starts_at": session.starts_at, "ends_at": session.ends_at, "venues": session.venues}
        try:
            await self._audit.record(ACTOR, f"session.{turn.event}", f"{session.exam}/{session.id}", body)
        except StoreError as error:
            log.error("a session's turn is not in the audit chain", session=session.id, error=str(error))
