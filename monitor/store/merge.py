"""Many raised alerts of one fingerprint, folded into the one that people see. Pure.

The fold does not depend on the order or the number of repeats of what it is given
(the queue may deliver again, a city's uplinks deliver late): levels join to the gravest,
times to the widest, prose and event are those of the newest event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.alert.alert import Alert, EvidenceRef, Kind, Level

LEVEL_RANK: dict[Level, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}

N_FIRST_EVIDENCE = 4
N_NEWEST_EVIDENCE = 16
"""Enough to look at; each event keeps all of its own."""


@dataclass(frozen=True, slots=True)
class Merged:
    """All alerts of one fingerprint, as they stand together."""

    fingerprint: str
    kind: Kind
    level: Level
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    count: int
    """Causes, not alerts: news of the same emission or document version counts once."""
    venue: str | None
    drill: bool
    experimental: bool
    why: list[dict[str, Any]]
    event: dict[str, Any]
    evidence: list[EvidenceRef]
    """Newest first; of many, the first ones (the first burst shows the case) and the newest."""
    newest_event_id: str


def first(alert: Alert) -> Merged:
    return Merged(
        fingerprint=alert.fingerprint,
        kind=alert.kind,
        level=alert.level,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at,
        updated_at=alert.updated_at,
        ends_at=alert.ends_at,
        count=1,
        venue=alert.venue,
        drill=alert.drill,
        experimental=alert.experimental,
        why=alert.why,
        event=alert.event,
        evidence=_bounded(alert.evidence),
        newest_event_id=alert.id,
    )


def fold(held: Merged | None, alert: Alert, *, new_cause: bool) -> Merged:
    """`held` with `alert` in it. The caller knows which ids and causes it has had before."""
    if held is None:
        return first(alert)
    event = _with_newest_picture(held.event, alert.event)
    newer = (alert.updated_at, alert.id) > (held.updated_at, held.newest_event_id)
    joined = replace(
        held,
        event=event(held.event),
        level=max(held.level, alert.level, key=LEVEL_RANK.__getitem__),
        starts_at=min(held.starts_at, alert.starts_at),
        count=held.count + new_cause,
        # A drill or an unproven rule must not hide the real thing that came beside it.
        drill=held.drill and alert.drill,
        experimental=held.experimental and alert.experimental,
        evidence=_bounded([*held.evidence, *alert.evidence]),
    )
    if not newer:
        return joined
    return replace(
        joined,
        annotations=alert.annotations,
        updated_at=alert.updated_at,
        ends_at=alert.ends_at,
        venue=alert.venue,
        why=alert.why,
        event=event(alert.event),
        newest_event_id=alert.id,
    )


def _with_newest_picture(
    held: dict[str, Any], raised: dict[str, Any]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What gives an event the newer of two events' pictures: later news of an emission often has none."""
    pictures = [event["spectrogram"] for event in (held, raised) if event.get("spectrogram")]
    if not pictures:
        return lambda event: event
    newest = max(pictures, key=lambda picture: (picture["at"], picture["digest"]))
    return lambda event: {**event, "spectrogram": newest}


def _bounded(refs: list[EvidenceRef]) -> list[EvidenceRef]:
    found = sorted({ref.digest: ref for ref in sorted(refs, key=_age)}.values(), key=_age, reverse=True)
    if len(found) <= N_FIRST_EVIDENCE + N_NEWEST_EVIDENCE:
        return found
    return found[:N_NEWEST_EVIDENCE] + found[-N_FIRST_EVIDENCE:]


def _age(ref: EvidenceRef) -> tuple[datetime, str, str]:
    return ref.at, ref.digest, ref.role
