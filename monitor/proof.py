"""Proof of coverage: while exams sit, what is watched and what is not goes into the audit chain.

A report made a year later tells from these entries, and from nothing else, which bands were heard, with which
chance of intercept, and what nobody listened to. No entry means that nobody can say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Final

import structlog

from monitor.clock import Clock
from monitor.server.spectrum_views import CoverageView
from monitor.sessions import LEAD, AuditLog
from monitor.store.audit import Entry
from monitor.store.errors import StoreError
from monitor.timetable import Timetable

EVERY_S: Final = 900.0
LOOK_S: Final = 60.0
ACTION: Final = "coverage.proven"
ACTOR: Final = "daemon"
Range = tuple[float, float]
"""Low and high, in Hz."""
log = structlog.get_logger()


def sits(timetable: Timetable, now: datetime) -> bool:
    """Whether a session goes on, or begins or has ended within ten minutes."""
    return any(one.starts_at - LEAD <= now < one.ends_at + LEAD for one in timetable.sessions)


def proof(seen: CoverageView, failed_sources: Iterable[str]) -> dict[str, Any]:
    """What goes into the chain."""
    return {
        "watched": [
            [
                one.sensor,
                one.venue,
                one.listening,
                one.low_hz,
                one.high_hz,
                one.revisit_s,
                one.intercept_1s,
                one.intercept_5s,
            ]
            for one in seen.watched
        ],
        "unwatched": [[one.venue, one.low_hz, one.high_hz] for one in seen.unwatched],
        "failed_sources": sorted(failed_sources),
    }


async def prove(
    seen: Callable[[], CoverageView],
    failed_sources: Callable[[], Sequence[str]],
    timetable: Timetable,
    audit: AuditLog,
    clock: Clock,
) -> None:
    """Write a proof every quarter of an hour while exams sit, until cancelled."""
    last_s = -EVERY_S
    while True:
        # First too: at its start no receiver listens yet, and a proof of that would say that nobody ever did.
        await clock.sleep(LOOK_S)
        now_s = clock.monotonic()
        if sits(timetable, clock.now()) and now_s - last_s >= EVERY_S:
            try:
                await audit.record(ACTOR, ACTION, "", proof(seen(), failed_sources()))
                last_s = now_s
            except StoreError as error:
                log.error("what is watched is not in the audit chain", error=str(error))


@dataclass(frozen=True, slots=True)
class Watched:
    """A sensor's band over all proofs of a time."""

    sensor: str
    venue: str | None
    low_hz: float
    high_hz: float
    heard: float
    """Share of the proofs in which the sensor was listening, 0 to 1."""
    revisit_s: float | None
    intercept_1s: float | None
    """Medians, while it was listening."""
    intercept_5s: float | None


@dataclass(frozen=True, slots=True)
class Covered:
    n_proofs: int
    watched: tuple[Watched, ...]
    unwatched: tuple[tuple[str | None, float, float], ...]
    """Venue, low and high in Hz of what nobody listened to in any of the proofs."""
    failed_sources: tuple[tuple[str, float], ...]
    """Source, and the share of the proofs in which it failed."""


NOTHING_PROVEN: Final = Covered(0, (), (), ())


def covered(proofs: Sequence[Entry]) -> Covered:
    """What `proofs` come to, taken together. Pure."""
    rows: dict[tuple[str, str | None, float, float], list[Sequence[Any]]] = {}
    failed: dict[str, int] = {}
    never: dict[str | None, list[Range]] | None = None
    for one in proofs:
        body: Mapping[str, Any] = one.body
        for row in body["watched"]:
            rows.setdefault((row[0], row[1], row[3], row[4]), []).append(row)
        now: dict[str | None, list[Range]] = {}
        for venue, low_hz, high_hz in body["unwatched"]:
            now.setdefault(venue, []).append((low_hz, high_hz))
        never = (
            now if never is None else {name: common(never[name], now[name]) for name in never.keys() & now}
        )
        for name in body["failed_sources"]:
            failed[name] = failed.get(name, 0) + 1
    n = len(proofs)
    in_order = sorted(rows.items(), key=lambda item: (item[0][1] or "", item[0][0], item[0][2]))
    gone = [(name, *one) for name, some in (never or {}).items() for one in some]
    return Covered(
        n,
        tuple(
            Watched(
                *key,
                heard=sum(bool(row[2]) for row in some) / n,
                revisit_s=_median(row[5] for row in some if row[2]),
                intercept_1s=_median(row[6] for row in some if row[2]),
                intercept_5s=_median(row[7] for row in some if row[2]),
            )
            for key, some in in_order
        ),
        tuple(sorted(gone, key=lambda one: (one[0] or "", one[1]))),
        tuple(sorted((name, count / n) for name, count in failed.items())),
    )


def common(some: Iterable[Range], others: Sequence[Range]) -> list[Range]:
    """What lies in ranges of both."""
    cut = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return [(low, high) for low, high in cut if low < high]


def _median(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return median(known) if known else None
