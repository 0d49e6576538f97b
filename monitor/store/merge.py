"""Many raised alerts of one fingerprint, folded into the one that people see. Pure.

The fold does not depend on the order or the number of repeats of what it is given
(the queue may deliver again, a city's uplinks deliver late): rules join, each with the newest
event on which it fired; the level is that of the gravest, times are the widest, summary and
event are those of the newest event, title and advice those of the gravest rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.alert.alert import LEVEL_RANK, Alert, EvidenceRef, Kind, Level, RuleHit, ranked

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
    rules: list[RuleHit]
    """By name."""


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
        why=_reasons(alert.rules, [], alert.why, alert.id, newest_id=alert.id),
        event=alert.event,
        evidence=_bounded(alert.evidence),
        newest_event_id=alert.id,
        rules=sorted(alert.rules, key=lambda hit: hit.rule),
    )


def fold(held: Merged | None, alert: Alert, *, new_cause: bool) -> Merged:
    """`held` with `alert` in it. The caller knows which ids and causes it has had before."""
    if held is None:
        return first(alert)
    event = _with_newest_picture(held.event, alert.event)
    newer = (alert.updated_at, alert.id) > (held.updated_at, held.newest_event_id)
    hits = _join(held.rules, alert.rules)
    joined = replace(
        held,
        event=event(held.event),
        level=ranked(hits)[0].level if hits else max(held.level, alert.level, key=LEVEL_RANK.__getitem__),
        starts_at=min(held.starts_at, alert.starts_at),
        count=held.count + new_cause,
        # A drill or an unproven rule must not hide the real thing that came beside it.
        drill=held.drill and alert.drill,
        experimental=held.experimental and alert.experimental,
        evidence=_bounded([*held.evidence, *alert.evidence]),
        rules=hits,
        annotations={**held.annotations, **_lead_texts(hits)},
        why=_reasons(hits, held.why, alert.why, alert.id, newest_id=held.newest_event_id),
    )
    if not newer:
        return joined
    return replace(
        joined,
        annotations={**alert.annotations, **_lead_texts(hits)},
        updated_at=alert.updated_at,
        ends_at=alert.ends_at,
        venue=alert.venue,
        why=_reasons(hits, held.why, alert.why, alert.id, newest_id=alert.id),
        event=event(alert.event),
        newest_event_id=alert.id,
    )


def _join(held: list[RuleHit], raised: list[RuleHit]) -> list[RuleHit]:
    found: dict[str, RuleHit] = {}
    for hit in sorted([*held, *raised], key=lambda hit: (hit.at, hit.event_id)):
        found[hit.rule] = hit
    return [found[rule] for rule in sorted(found)]


def _lead_texts(hits: list[RuleHit]) -> dict[str, str]:
    return ranked(hits)[0].texts if hits else {}


def _reasons(
    hits: list[RuleHit],
    held: list[dict[str, Any]],
    raised: list[dict[str, Any]],
    raised_id: str,
    *,
    newest_id: str,
) -> list[dict[str, Any]]:
    """The reasons of each rule's newest hit, gravest rule first; marks only into the newest text."""
    if not hits:
        return raised if newest_id == raised_id else held
    found: list[dict[str, Any]] = []
    for hit in ranked(hits):
        side = raised if hit.event_id == raised_id else held
        reasons = [reason for reason in side if reason.get("rule") == hit.rule]
        found += reasons if hit.event_id == newest_id else [{**reason, "spans": []} for reason in reasons]
    return found


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
