"""Health as alerts: what has not worked for too long is told to people, and told again when it works.

    health ──> problems ──> raised, while it lasts ──> resolved when its part works, or is gone

A quiet screen must differ from a dead sensor. What is known of a part only since a moment
(it starts) neither raises nor resolves. What an earlier run had raised is taken over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from crawlers.crew import Crew
from monitor.alert.alert import Alert, fingerprint
from monitor.case.machine import Case
from monitor.clock import Clock
from monitor.crawling import SourceStatus
from monitor.drill.desk import Chain
from monitor.heads import HeadKeeper
from monitor.healthkinds import KINDS
from monitor.healthpart import Part
from monitor.queue import AlertQueue, QueueError
from monitor.server.alert_services import AlertQuery
from monitor.server.views import AlertPage, SensorHealth
from monitor.store.errors import StoreError
from monitor.store.partitions import N_COUNTED

ASKED = frozenset({"cases", "duty", "escalation", "times"})
"""Kinds of parts of which only the store knows."""
LOOK_S = 15.0
LEAST_FREE_BYTES, LEAST_FREE_SHARE = 5_000_000_000, 0.05
"""Evidence of a busy day takes some gigabytes; a small card is judged by its share."""
JUMP_S, JUMP_TOLD_S = 2.0, 600.0
"""Time services slew what is less; ten minutes are long enough to be seen and judged."""
N_NAMED = 5
"""Cases that one alert names; the list has them all."""
log = structlog.get_logger()


class FiringAlerts(Protocol):
    async def list_alerts(self, query: AlertQuery) -> AlertPage: ...


def sensor_part(sensor: SensorHealth) -> Part:
    bad = sensor.state in ("silent", "failed")
    return Part(
        "sensor",
        sensor.id,
        sensor.venue,
        ("silent",) if bad else (),
        sensor.last_seen_at if bad else None,
        sensor.error,
        settled=sensor.state != "starting",
    )


def source_part(status: SourceStatus) -> Part:
    return Part("source", status.id, None, status.signs, None, status.error, settled=status.polled)


def leases_part(crew: Crew) -> Part:
    """The crawlers' shared database, as this worker sees it."""
    problems = ("cut-off",) if crew.error is not None else ()
    return Part("leases", crew.name, None, problems, None, crew.error, settled=True)


def receiver_part(sensor: SensorHealth) -> Part:
    """What is odd about a receiver that works: its drift, settings that are not those of its survey."""
    texts = {note.code: (note.en, note.zh) for note in sensor.notes}
    return Part(
        "receiver",
        sensor.id,
        sensor.venue,
        tuple(texts),
        None,
        None,
        settled=sensor.state == "ok",
        texts=texts,
    )


def disk_part(folder: str, total_bytes: int, free_bytes: int) -> Part:
    is_low = free_bytes < min(LEAST_FREE_BYTES, LEAST_FREE_SHARE * total_bytes)
    error = f"{free_bytes / 1e9:.1f} GB free of {total_bytes / 1e9:.0f} GB" if is_low else None
    return Part("disk", folder, None, ("low",) if is_low else (), None, error, settled=True)


def messages_part(receiver: str, since: datetime | None, error: str | None) -> Part:
    """A receiver of messages, which takes none since then."""
    problems = ("not-taken",) if since is not None else ()
    return Part("messages", receiver, None, problems, since, error, settled=True)


def heads_part(keeper: HeadKeeper) -> Part:
    """The place elsewhere where heads of the audit chain are kept."""
    since = keeper.failing_since
    problems = ("not-kept",) if since is not None else ()
    return Part("audit", keeper.place, None, problems, since, keeper.error, settled=True)


def case_parts(late: Iterable[Case], departments: Iterable[str]) -> list[Part]:
    """Each department, with what it is late with."""
    by_department: dict[str, list[Case]] = {name: [] for name in departments}
    for case in late:
        by_department.setdefault(case.department, []).append(case)
    return [
        Part(
            "cases",
            name,
            None,
            ("late",) if some else (),
            None,
            ", ".join(case.id for case in some[:N_NAMED]) + (" …" if len(some) > N_NAMED else "") or None,
            settled=True,
        )
        for name, some in by_department.items()
    ]


def times_part(n_strays: int) -> Part:
    """The store's months: what has a time for which there is none."""
    told = f"{n_strays}{'+' if n_strays >= N_COUNTED else ''}" if n_strays else None
    return Part("times", "events", None, ("stray",) if n_strays else (), None, told, settled=True)


def queue_part(n_waiting: int, capacity: int) -> Part:
    """The alert queue. A store that takes nothing is told by the dead-man ping: no alert could tell it."""
    is_long = 2 * n_waiting > capacity
    told = f"{n_waiting} / {capacity}" if is_long else None
    return Part("queue", "alerts", None, ("growing",) if is_long else (), None, told, settled=True)


class ClockWatch:
    """Sees the wall clock being set: it then no longer goes as the monotonic one does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = self._now_s()
        self._jump_s = 0.0
        self._jumped_at: float | None = None

    def _now_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    def part(self) -> Part:
        """Bad for a while after each jump."""
        offset_s, at = self._now_s(), self._clock.monotonic()
        jump_s, self._offset_s = offset_s - self._offset_s, offset_s
        if abs(jump_s) > JUMP_S:
            self._jump_s, self._jumped_at = jump_s, at
        is_bad = self._jumped_at is not None and at - self._jumped_at < JUMP_TOLD_S
        told = f"{self._jump_s:+.1f} s" if is_bad else None
        return Part("clock", "wall", None, ("stepped",) if is_bad else (), None, told, settled=True)


def chain_part(chain: Chain) -> Part:
    """Test signals that went in and did not come out."""
    problems = ("broken",) if chain.missing else ()
    told = ", ".join(chain.missing[:N_NAMED]) or None
    return Part(
        "chain",
        chain.scenario,
        None,
        problems,
        chain.failing_since,
        told,
        settled=chain.played_at is not None,
    )


def duty_parts(
    departments: Iterable[str], unmanned: Iterable[str], missed: Iterable[str], exhausted: Iterable[str]
) -> list[Part]:
    """Departments with nobody on duty, and what the auditor of escalations found."""
    gone = set(unmanned)
    late, unseen = list(missed), list(exhausted)
    problems = (*(("missed",) if late else ()), *(("exhausted",) if unseen else ()))
    named = [*late, *(one for one in unseen if one not in late)]
    told = ", ".join(named[:N_NAMED]) + (" …" if len(named) > N_NAMED else "")
    return [
        *(
            Part("duty", name, None, ("unmanned",) if name in gone else (), None, None, settled=True)
            for name in departments
        ),
        Part("escalation", "plan", None, problems, None, told or None, settled=True),
    ]


class HealthWatch:
    """Looks at every part again and again."""

    def __init__(
        self,
        parts: Callable[[], Iterable[Part]],
        queue: AlertQueue,
        clock: Clock,
        ask: Callable[[], Awaitable[Iterable[Part]]] | None = None,
        is_mine: Callable[[str, str], bool] = lambda _kind, _id: True,
    ) -> None:
        """`ask` gives the parts that a database must be asked about; it may raise `StoreError`.

        `is_mine` tells of a part's kind and id whether `parts` or `ask` may ever name it: another hub looks
        after the others.
        """
        self._is_mine = is_mine
        self._parts = parts
        self._ask = ask
        self._queue = queue
        self._clock = clock
        self._bad_since: dict[tuple[str, str, str], datetime] = {}
        self._open: dict[tuple[str, str, str], Alert] = {}

    async def take_over(self, book: FiringAlerts) -> None:
        """Know again what an earlier run raised and did not resolve. Raises `StoreError`."""
        self._open.clear()
        cursor: str | None = None
        while True:
            page = await book.list_alerts(
                AlertQuery(kinds=frozenset({"health"}), state="firing", limit=200, cursor=cursor)
            )
            for view in page.alerts:
                labels = view.labels
                key = (labels.get("part", ""), labels.get("id", ""), labels.get("problem", ""))
                if not self._is_mine(*key[:2]):
                    continue
                self._open[key] = Alert(
                    id="",
                    cause=_digest(view.fingerprint, str(view.event.get("since"))),
                    kind="health",
                    level=view.level,
                    labels=labels,
                    annotations=view.annotations,
                    starts_at=view.starts_at,
                    updated_at=view.updated_at,
                    ends_at=None,
                    why=[],
                    event=view.event,
                    venue=view.venue,
                )
            cursor = page.next_cursor
            if cursor is None:
                return

    async def run(self, every_s: float = LOOK_S) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(every_s)
            try:
                await self.look()
            except QueueError as error:
                log.error("a health alert waits for the alert queue", error=str(error))

    async def look(self) -> None:
        """Raise what has become bad for too long, resolve what is over.

        Raises
        ------
        QueueError
            If that could not be made durable; the next look tells it.
        """
        now = self._clock.now()
        asked: Iterable[Part] = ()
        if self._ask is not None:
            try:
                asked = await self._ask()
            except StoreError as error:
                log.error("what the store knows of health is not known", error=str(error))
                # Neither late nor in time: what was told stays as it was told.
                asked = [_unknown(key, self._open) for key in self._open if key[0] in ASKED]
        parts = {part.key: part for part in (*self._parts(), *asked)}
        bad = {(*part.key, problem): part for part in parts.values() for problem in part.problems}
        self._bad_since = {key: part.since or self._bad_since.get(key, now) for key, part in bad.items()}
        raised = {
            key: _raised(key[2], part, self._bad_since[key], now)
            for key, part in bad.items()
            if key not in self._open and now - self._bad_since[key] >= KINDS[key[0]].patience
        }
        over = [
            key for key in self._open if key not in bad and (key[:2] not in parts or parts[key[:2]].settled)
        ]
        news = [*raised.values(), *(_resolved(self._open[key], now) for key in over)]
        if news:
            await self._queue.put(news)
        self._open |= raised
        for key in over:
            del self._open[key]


def _unknown(key: tuple[str, str, str], held: Mapping[tuple[str, str, str], Alert]) -> Part:
    return Part(key[0], key[1], None, (key[2],), held[key].starts_at, None, settled=False)


def _raised(problem: str, part: Part, since: datetime, now: datetime) -> Alert:
    labels = {"part": part.kind, "id": part.id, "problem": problem}
    if part.venue is not None:
        labels["venue"] = part.venue
    kind = KINDS[part.kind]
    told_en, told_zh = part.texts.get(problem) or kind.problems.get(problem) or (problem, problem)
    detail = f": {part.error}" if part.error else ""
    cause = _digest(fingerprint(labels), since.isoformat())
    title, advice = kind.title, kind.advice
    return Alert(
        id=_digest(cause, "raised"),
        cause=cause,
        kind="health",
        level=kind.level,
        labels=labels,
        annotations={
            "title_en": title[0].format(id=part.id),
            "title_zh": title[1].format(id=part.id),
            "summary_en": f"{told_en}{detail}",
            "summary_zh": f"{told_zh}{detail}",
            "advice_en": advice[0],
            "advice_zh": advice[1],
        },
        starts_at=since,
        updated_at=now,
        ends_at=None,
        why=[],
        event={
            "kind": "health",
            "at": now.isoformat(),
            "part": part.kind,
            "id": part.id,
            "problem": problem,
            "venue": part.venue,
            "since": since.isoformat(),
            "error": part.error,
        },
        venue=part.venue,
    )


def _resolved(alert: Alert, now: datetime) -> Alert:
    return Alert(
        id=_digest(alert.cause, "resolved", now.isoformat()),
        cause=alert.cause,
        kind="health",
        level=alert.level,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at,
        updated_at=now,
        ends_at=now,
        why=[],
        event={**alert.event, "at": now.isoformat(), "over": True},
        venue=alert.venue,
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\xff".join(parts).encode()).hexdigest()[:32]
