"""Intake: what the instruments deliver becomes alerts, durable before anyone is told.

    Emission ─┐                 ┌─ rule fired ─> Alert ─┐
              ├─> flat event ─> │                       ├─> queue.put (returns when durable)
    Document ─┘   + context     └─ rule fired ─> Alert ─┘

An alert's id follows from what caused it and the rule, so the same document or emission
delivered again raises nothing new.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from crawlers.document import Document
from monitor.alert import wire
from monitor.alert.alert import Alert, EvidenceRef
from monitor.bandplan import BandPlan
from monitor.channels import ChannelCounts
from monitor.evidence import EvidenceStore
from monitor.flatten import (
    RadioContext,
    channel_label,
    emission_session,
    flat_document,
    flat_emission,
    session_key,
)
from monitor.prose import describe
from monitor.queue import AlertQueue
from monitor.timetable import Timetable
from rules.rule import Match
from sdr.types import Emission

RADIO_HOLD = timedelta(minutes=12)
"""An emission's alert fires on for two periods of the published 6-minute data bursts."""
WEB_HOLD = timedelta(hours=24)
"""A post does not end; a day later it is no longer news."""


class Matcher(Protocol):
    def match(self, event: Mapping[str, Any]) -> list[Match]: ...


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
    drill: bool = False


@dataclass(slots=True)
class IntakeCounts:
    n_emissions: int = 0
    n_documents: int = 0
    n_alerts: Counter[str] = field(default_factory=Counter[str])
    """By rule."""


class Intake:
    """The one place where alerts are raised."""

    def __init__(
        self,
        rules: Matcher,
        timetable: Timetable,
        plan: BandPlan,
        queue: AlertQueue,
        evidence: EvidenceStore,
    ) -> None:
        self._rules = rules
        self._timetable = timetable
        self._plan = plan
        self._queue = queue
        self._evidence = evidence
        self._channels = ChannelCounts()
        self.counts = IntakeCounts()

    async def emission(self, heard: Heard) -> list[Alert]:
        """Ask the rules about an emission and raise what they say; the alerts, now durable.

        Raises
        ------
        QueueError
            If they could not be made durable. The same call may be made again.
        """
        emission = heard.emission
        session = emission_session(self._timetable, emission, heard.venue)
        n_repeats = self._channels.earlier(
            heard.venue or emission.sensor,
            channel_label(emission.center_hz),
            session_key(session, emission.last_seen),
            emission.id,
        )
        event = flat_emission(
            emission, RadioContext(heard.venue, session, n_repeats, heard.drill), self._plan
        )
        matches = self._rules.match(event)
        picture = next((ref for ref in heard.evidence if ref.role == "spectrogram"), None)
        if heard.spectrogram is not None and picture is not None:
            # Text of one length, so that the store can tell the newest by comparing.
            at = picture.at.isoformat(timespec="microseconds")
            event["spectrogram"] = {**heard.spectrogram, "digest": picture.digest, "at": at}
        ends_at = emission.last_seen + RADIO_HOLD if heard.is_last else None
        alerts = [
            _raise(
                match,
                event,
                cause=emission.id,
                news="ended" if heard.is_last else "heard",
                span=(emission.first_seen, emission.last_seen, ends_at),
                evidence=heard.evidence,
            )
            for match in matches
        ]
        await self._put(alerts)
        self.counts.n_emissions += 1
        return alerts

    async def document(self, document: Document) -> list[Alert]:
        """As `emission`, for one version of a document, which is kept as evidence if a rule fires.

        Raises
        ------
        QueueError, OSError
            If alerts or evidence could not be made durable. The same call may be made again.
        """
        event = flat_document(document, self._timetable.context(document.fetched_at))
        # A long page can take a rule set tens of milliseconds: not in the event loop.
        matches = await asyncio.to_thread(self._rules.match, event)
        alerts: list[Alert] = []
        if matches:
            kept = await asyncio.to_thread(self._keep_document, document)
            ends_at = document.fetched_at + WEB_HOLD
            alerts = [
                _raise(
                    match,
                    event,
                    cause=f"{document.id}/{document.version}",
                    news="found",
                    span=(document.first_seen_at, document.fetched_at, ends_at),
                    evidence=[kept],
                )
                for match in matches
            ]
            await self._put(alerts)
        self.counts.n_documents += 1
        return alerts

    async def _put(self, alerts: list[Alert]) -> None:
        if alerts:
            await self._queue.put(alerts)
            self.counts.n_alerts.update(alert.labels["rule"] for alert in alerts)

    def _keep_document(self, document: Document) -> EvidenceRef:
        content = msgspec.json.encode(document, order="deterministic")
        return self._evidence.keep(content, "application/json", "document", "json", document.fetched_at)


def _raise(
    match: Match,
    event: dict[str, Any],
    *,
    cause: str,
    news: str,
    span: tuple[datetime, datetime, datetime | None],
    evidence: Sequence[EvidenceRef],
) -> Alert:
    labels = match.labels(event)
    if event["venue"] is not None:
        labels["venue"] = event["venue"]
    cause_id = _short_digest(match.rule.id, cause)
    return Alert(
        id=_short_digest(cause_id, news),
        cause=cause_id,
        kind=match.rule.kind,
        level=match.level,
        labels=labels,
        annotations=describe(match, event),
        starts_at=span[0],
        updated_at=span[1],
        ends_at=span[2],
        why=wire.plain(match.reasons()),
        event=wire.plain(event),
        evidence=list(evidence),
        venue=event["venue"],
        drill=event["drill"],
        experimental=match.rule.experimental,
    )


def _short_digest(*parts: str) -> str:
    return hashlib.sha256("\xff".join(parts).encode()).hexdigest()[:32]
