"""What fired on an event, and what caused it, becomes alerts. Pure.

All rules that fire on one event and give it the same identity are one alert (docs/adr/0003).
Its id follows from what caused it, so the same document or emission delivered again raises
nothing new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crawlers.document import Document
from monitor.alert import wire
from monitor.alert.alert import Alert, EvidenceRef, RuleHit, fingerprint, ranked
from monitor.prose import summary, texts
from rules.correlate import Correlated
from rules.rule import Match

RADIO_HOLD = timedelta(minutes=12)
"""An emission's alert fires on for two periods of the published 6-minute data bursts."""
CORRELATION_HOLD = timedelta(minutes=30)
"""The longest that two events of the shipped correlations may lie apart."""
WEB_HOLD = timedelta(hours=24)
"""A post does not end; a day later it is no longer news."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What is told of one event, whatever rules fire on it."""

    id: str
    """Of the emission or document version."""
    counted: str
    """What the alert counts: the transmission, or the document version."""
    news: str
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    evidence: Sequence[EvidenceRef]


def retro_alerts(
    document: Document, event: dict[str, Any], matches: Sequence[Match], kept: EvidenceRef, found_at: datetime
) -> list[Alert]:
    """What `matches` on an old `document` raise, which were found at `found_at`: news from then on.

    What the document has raised before is another alert of the same case, so that both are kept.
    """
    rules = ",".join(sorted(match.rule.id for match in matches))
    cause = replace(
        document_cause(document, kept),
        news=f"retro {rules}",
        updated_at=found_at,
        ends_at=found_at + WEB_HOLD,
    )
    return raise_alerts(matches, event, cause)


def joined_alerts(alert: Alert, completed: Sequence[Correlated]) -> list[Alert]:
    """What correlations raise that `alert`, of an edge, completed at the hub."""
    cause = Cause(
        id=alert.cause,
        counted=alert.cause,
        news="across edges",
        starts_at=alert.starts_at,
        updated_at=alert.updated_at,
        ends_at=alert.ends_at,
        evidence=alert.evidence,
    )
    return raise_correlated(completed, cause)


def document_cause(document: Document, *kept: EvidenceRef) -> Cause:
    version = f"{document.id}/{document.version}"
    return Cause(
        id=version,
        counted=version,
        news="found",
        starts_at=document.first_seen_at,
        updated_at=document.fetched_at,
        ends_at=document.fetched_at + WEB_HOLD,
        evidence=kept,
    )


def raise_alerts(matches: Sequence[Match], event: dict[str, Any], cause: Cause) -> list[Alert]:
    """One alert for each identity that the rules give the event; nearly always one."""
    by_identity: dict[str, list[Match]] = {}
    labels: dict[str, dict[str, str]] = {}
    for match in matches:
        identity = _identity(match, event)
        labels.setdefault(fingerprint(identity), identity)
        by_identity.setdefault(fingerprint(identity), []).append(match)
    plain = wire.plain(event)
    alerts: list[Alert] = []
    for key, fired in by_identity.items():
        alert_id = _short_digest(key, cause.id, cause.news)
        hits = ranked(_hit(match, cause.updated_at, alert_id) for match in fired)
        reasons = {match.rule.id: match.reasons() for match in fired}
        alerts.append(
            Alert(
                id=alert_id,
                cause=_short_digest(cause.counted),
                kind=fired[0].rule.kind,
                level=hits[0].level,
                labels=labels[key],
                annotations={**hits[0].texts, **summary(event)},
                starts_at=cause.starts_at,
                updated_at=cause.updated_at,
                ends_at=cause.ends_at,
                why=wire.plain(
                    [{**reason, "rule": hit.rule} for hit in hits for reason in reasons[hit.rule]]
                ),
                event=plain,
                evidence=list(cause.evidence),
                venue=event["venue"],
                drill=event["drill"],
                experimental=hits[0].experimental,
                rules=hits,
            )
        )
    return alerts


def raise_correlated(completed: Sequence[Correlated], cause: Cause) -> list[Alert]:
    """One alert for each correlation; it counts what it is made of by the first of its events."""
    alerts: list[Alert] = []
    for found in completed:
        event, rule = found.event, found.rule
        labels = _identity(found.match, event)
        labels["correlation"] = rule.id
        key = fingerprint(labels)
        alert_id = _short_digest(key, *found.members, cause.news)
        hit = _hit(found.match, cause.updated_at, alert_id)
        reasons = found.match.reasons()
        alerts.append(
            Alert(
                id=alert_id,
                cause=_short_digest(rule.id, found.members[0]),
                kind="correlation",
                level=hit.level,
                labels=labels,
                annotations={
                    **hit.texts,
                    "summary_en": str(reasons[0]["text"]),
                    "summary_zh": str(reasons[0]["text_zh"]),
                },
                starts_at=cause.starts_at,
                updated_at=cause.updated_at,
                ends_at=cause.updated_at + CORRELATION_HOLD,
                why=wire.plain([{**reason, "rule": rule.id} for reason in reasons]),
                event=wire.plain(event),
                evidence=list(cause.evidence),
                venue=event.get("venue"),
                drill=bool(event.get("drill")),
                experimental=rule.experimental,
                rules=[hit],
            )
        )
    return alerts


def _identity(match: Match, event: dict[str, Any]) -> dict[str, str]:
    """What makes two events one case: all that the rule says, but not which rule it was."""
    labels = {name: value for name, value in match.labels(event).items() if name != "rule"}
    if event.get("venue") is not None:
        labels["venue"] = event["venue"]
    elif event.get("kind") == "radio":
        labels["sensor"] = event["sensor"]
    if event.get("drill"):
        # A drill must not hide in a real case, nor a real one in it.
        labels["drill"] = str(event.get("drill_id", "true"))
    return labels


def _hit(match: Match, at: datetime, event_id: str) -> RuleHit:
    rule = match.rule
    return RuleHit(rule.id, match.level, match.category, rule.experimental, texts(match), at, event_id)


def _short_digest(*parts: str) -> str:
    return hashlib.sha256("\xff".join(parts).encode()).hexdigest()[:32]
