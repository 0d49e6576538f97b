"""Intake: what the instruments deliver becomes alerts, durable before anyone is told.

    Emission ─┐
              ├─> flat event ─> rules that fired ─> one Alert ─> queue.put (returns when durable)
    Document ─┘   + context

What an alert is made of is `monitor.raising`'s.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from crawlers.document import Document, recorded
from monitor.airlog import AirLog, Sighting
from monitor.alert.alert import Alert, EvidenceRef
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
from monitor.queue import AlertQueue
from monitor.raising import RADIO_HOLD, Cause, document_cause, raise_alerts, raise_correlated
from monitor.timetable import Timetable
from rules.correlate import Correlated
from rules.rule import Match
from sdr.types import Emission

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
        cause = Cause(
            id=emission.id,
            counted=sighting.transmission,
            news=news,
            starts_at=emission.first_seen,
            updated_at=updated_at,
            ends_at=emission.last_seen + RADIO_HOLD if heard.is_last else None,
            evidence=heard.evidence,
        )
        return [*raise_alerts(matches, event, cause), *self._correlated(emission.id, matches, event, cause)]

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
            cause = document_cause(document, *kept)
            alerts = [*raise_alerts(matches, event, cause), *raise_correlated(completed, cause)]
            await self._put(alerts)
        self.counts.n_documents += 1
        return alerts

    def _keep(self, document: Document) -> list[EvidenceRef]:
        photos = keep_photos(self._evidence, document, self.counts.n_photos)
        return [keep_document(self._evidence, document), *photos]

    def _completed(self, id: str, matches: Sequence[Match], event: dict[str, Any]) -> list[Correlated]:
        return self._rules.correlate({**event, "id": id}, [match.rule.id for match in matches])

    def _correlated(
        self, id: str, matches: Sequence[Match], event: dict[str, Any], cause: Cause
    ) -> list[Alert]:
        return raise_correlated(self._completed(id, matches, event), cause)

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
