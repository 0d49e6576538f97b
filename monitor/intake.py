"""Intake: what the instruments deliver becomes alerts, durable before anyone is told.

    Emission ─┐
              ├─> flat event ─> rules that fired ─> one Alert ─> queue.put (returns when durable)
    Document ─┘   + context

All rules that fire on one event and give it the same identity are one alert (docs/adr/0003).
Its id follows from what caused it, so the same document or emission delivered again raises
nothing new.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from crawlers.document import Document, recorded
from monitor.airlog import AirLog, Sighting
from monitor.alert import wire
from monitor.alert.alert import Alert, EvidenceRef, RuleHit, fingerprint, ranked
from monitor.bandplan import BandPlan
from monitor.evidence import EvidenceStore
from monitor.flatten import (
    FindItems,
    RadioContext,
    emission_session,
    flat_document,
    flat_emission,
    session_key,
)
from monitor.photos import keep_photos
from monitor.prose import summary, texts
from monitor.queue import AlertQueue
from monitor.timetable import Timetable
from rules.correlate import Correlated
from rules.rule import Match
from sdr.types import Emission

RADIO_HOLD = timedelta(minutes=12)
"""An emission's alert fires on for two periods of the published 6-minute data bursts."""
CORRELATION_HOLD = timedelta(minutes=30)
"""The longest that two events of the shipped correlations may lie apart."""
WEB_HOLD = timedelta(hours=24)
"""A post does not end; a day later it is no longer news."""


MAX_RECENT = 1024
"""Emissions that a second sensor's report can still change: at the worst site measured, the last minutes'."""


class Rules(Protocol):
    def match(self, event: Mapping[str, Any]) -> list[Match]:
        """What fires on one event; from any thread."""
        ...

    def correlate(self, event: Mapping[str, Any], fired: Collection[str]) -> list[Correlated]:
        """What `event`, on which the rules `fired` did, completes; from the event loop alone."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """An emission as a sensor reports it, with what was kept of it."""

    emission: Emission
    venue: str | None
    evidence: Sequence[EvidenceRef] = ()
    spectrogram: dict[str, Any] | None = None
    """What the picture shows, as the console frames it."""
    is_last: bool = True
    """Nothing more will be heard of it: it is over, or its sensor has stopped."""
    drill: str = ""
    """Which drill sent it; empty: nobody's."""


@dataclass(slots=True)
class IntakeCounts:
    n_emissions: int = 0
    n_documents: int = 0
    n_alerts: Counter[str] = field(default_factory=Counter[str])
    """By rule."""
    n_photos: Counter[str] = field(default_factory=Counter[str])
    """Of posts that raised an alert: ``kept``, and by reason those that were not."""


@dataclass(frozen=True, slots=True)
class _Cause:
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


class Intake:
    """The one place where alerts of rules are raised.

    Parameters
    ----------
    find_items
        Looks a text up in the bank of secret items, where there is one.
    """

    def __init__(
        self,
        rules: Rules,
        timetable: Timetable,
        plan: BandPlan,
        queue: AlertQueue,
        evidence: EvidenceStore,
        find_items: FindItems | None = None,
    ) -> None:
        self._rules = rules
        self._timetable = timetable
        self._plan = plan
        self._queue = queue
        self._evidence = evidence
        self._find_items = find_items
        self.air = AirLog()
        self._recent: OrderedDict[str, tuple[Heard, Sighting]] = OrderedDict()
        self.counts = IntakeCounts()

    async def emission(self, heard: Heard) -> list[Alert]:
        """Ask the rules about an emission and raise what they say; the alerts, now durable.

        Another sensor's emission that this one confirms is judged again, as heard by one more.

        Raises
        ------
        QueueError
            If they could not be made durable. The same call may be made again.
        """
        emission = heard.emission
        session = emission_session(self._timetable, emission, heard.venue)
        place = heard.venue or emission.sensor
        if heard.drill:
            # What a drill sends confirms no sender, and is no repetition of one.
            place = f"drill {heard.drill} {place}"
        sighting = self.air.note(place, emission, session_key(session, emission.last_seen))
        self._recent[emission.id] = (heard, sighting)
        self._recent.move_to_end(emission.id)
        if len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)
        alerts = self._judge(heard, sighting, "ended" if heard.is_last else "heard", emission.last_seen)
        for other_id, n_sensors in sighting.others:
            known = self._recent.get(other_id)
            if known is not None:
                alerts += self._confirm(*known, n_sensors, emission.last_seen)
        await self._put(alerts)
        self.counts.n_emissions += 1
        return alerts

    def _confirm(self, heard: Heard, sighting: Sighting, n_sensors: int, at: datetime) -> list[Alert]:
        confirmed = replace(sighting, n_sensors=n_sensors)
        self._recent[heard.emission.id] = (heard, confirmed)
        # A moment later than all that it is made of, so that the store takes it for the newest.
        newest_at = max(heard.emission.last_seen, at) + timedelta(microseconds=n_sensors)
        return self._judge(heard, confirmed, f"heard by {n_sensors}", newest_at)

    def _judge(self, heard: Heard, sighting: Sighting, news: str, updated_at: datetime) -> list[Alert]:
        emission = heard.emission
        context = RadioContext(
            heard.venue,
            emission_session(self._timetable, emission, heard.venue),
            sighting.channel,
            sighting.n_repeats,
            sighting.n_sensors,
            bool(heard.drill),
        )
        event = flat_emission(emission, context, self._plan)
        matches = self._rules.match(event)
        if heard.drill:
            event["drill_id"] = heard.drill
        picture = next((ref for ref in heard.evidence if ref.role == "spectrogram"), None)
        if heard.spectrogram is not None and picture is not None:
            # Text of one length, so that the store can tell the newest by comparing.
            at = picture.at.isoformat(timespec="microseconds")
            # The recording that it was drawn from, so that whoever looks closer takes the right one.
            samples = next((ref.digest for ref in heard.evidence if ref.role == "samples"), None)
            drawn = {"digest": picture.digest, "at": at, "samples": samples}
            event["spectrogram"] = {**heard.spectrogram, **drawn}
        if emission.next_burst_at is not None:
            event["next_burst_at"] = emission.next_burst_at
            event["next_burst_within_s"] = emission.next_burst_within_s
        if "baseline" in emission.extra:
            event["baseline"] = emission.extra["baseline"]["reasons"]
        cause = _Cause(
            id=emission.id,
            counted=sighting.transmission,
            news=news,
            starts_at=emission.first_seen,
            updated_at=updated_at,
            ends_at=emission.last_seen + RADIO_HOLD if heard.is_last else None,
            evidence=heard.evidence,
        )
        return [*_raise(matches, event, cause), *self._correlated(emission.id, matches, event, cause)]

    async def document(self, document: Document, drill: str = "") -> list[Alert]:
        """As `emission`, for one version of a document, which is kept as evidence if a rule fires.

        Raises
        ------
        QueueError, OSError
            If alerts or evidence could not be made durable. The same call may be made again.
        """
        # A long page can take rules and bank tens of milliseconds: not in the event loop.
        event, matches = await asyncio.to_thread(self._look, document, drill)
        alerts: list[Alert] = []
        completed = self._completed(document.id, matches, event)
        if matches or completed:
            kept = await asyncio.to_thread(self._keep, document)
            cause = _document_cause(document, *kept)
            alerts = [*_raise(matches, event, cause), *_raise_correlated(completed, cause)]
            await self._put(alerts)
        self.counts.n_documents += 1
        return alerts

    def _keep(self, document: Document) -> list[EvidenceRef]:
        photos = keep_photos(self._evidence, document, self.counts.n_photos)
        return [keep_document(self._evidence, document), *photos]

    def _completed(self, id: str, matches: Sequence[Match], event: dict[str, Any]) -> list[Correlated]:
        return self._rules.correlate({**event, "id": id}, [match.rule.id for match in matches])

    def _correlated(
        self, id: str, matches: Sequence[Match], event: dict[str, Any], cause: _Cause
    ) -> list[Alert]:
        return _raise_correlated(self._completed(id, matches, event), cause)

    def _look(self, document: Document, drill: str) -> tuple[dict[str, Any], list[Match]]:
        session = self._timetable.context(document.fetched_at)
        event = flat_document(document, session, self._find_items, drill=bool(drill))
        matches = self._rules.match(event)
        if drill:
            event["drill_id"] = drill
        return event, matches

    async def _put(self, alerts: list[Alert]) -> None:
        if alerts:
            await self._queue.put(alerts)
            self.counts.n_alerts.update(hit.rule for alert in alerts for hit in alert.rules)


def keep_document(evidence: EvidenceStore, document: Document) -> EvidenceRef:
    """Blocking. Raises `OSError`."""
    content = msgspec.json.encode(recorded(document), order="deterministic")
    return evidence.keep(content, "application/json", "document", "json", document.fetched_at)


def retro_alerts(
    document: Document, event: dict[str, Any], matches: Sequence[Match], kept: EvidenceRef, found_at: datetime
) -> list[Alert]:
    """What `matches` on an old `document` raise, which were found at `found_at`: news from then on.

    What the document has raised before is another alert of the same case, so that both are kept.
    """
    rules = ",".join(sorted(match.rule.id for match in matches))
    cause = replace(
        _document_cause(document, kept),
        news=f"retro {rules}",
        updated_at=found_at,
        ends_at=found_at + WEB_HOLD,
    )
    return _raise(matches, event, cause)


def joined_alerts(alert: Alert, completed: Sequence[Correlated]) -> list[Alert]:
    """What correlations raise that `alert`, of an edge, completed at the hub."""
    cause = _Cause(
        id=alert.cause,
        counted=alert.cause,
        news="across edges",
        starts_at=alert.starts_at,
        updated_at=alert.updated_at,
        ends_at=alert.ends_at,
        evidence=alert.evidence,
    )
    return _raise_correlated(completed, cause)


def _document_cause(document: Document, *kept: EvidenceRef) -> _Cause:
    version = f"{document.id}/{document.version}"
    return _Cause(
        id=version,
        counted=version,
        news="found",
        starts_at=document.first_seen_at,
        updated_at=document.fetched_at,
        ends_at=document.fetched_at + WEB_HOLD,
        evidence=kept,
    )


def _raise(matches: Sequence[Match], event: dict[str, Any], cause: _Cause) -> list[Alert]:
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


def _raise_correlated(completed: Sequence[Correlated], cause: _Cause) -> list[Alert]:
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
