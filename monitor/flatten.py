"""From an Emission or a Document to the flat event that rules are asked about. Pure.

Exactly the names of `rules.event`, None where nothing is known, plus the two identities
that labels may use, ``channel`` and ``document``, and `FOR_PEOPLE`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crawlers.document import Attachment, Document
from monitor.bandplan import BandPlan
from monitor.paper import likeness
from monitor.photos import document_texts
from monitor.timetable import SessionContext, Timetable
from rules.text.bank import BankMatch
from sdr.types import Emission

FindItems = Callable[[str], list[BankMatch]]

HARMLESS_DECODERS = frozenset({"rtl_433"})
"""Its protocols are sensors, meters and remote controls."""
FOR_PEOPLE = frozenset({"published_at", "first_seen_at", "fetched_at", "repost_of"})
"""What the console shows of a post, its times and its first copy; no rule tests any of it."""


@dataclass(frozen=True, slots=True)
class RadioContext:
    """What the conductor knows about an emission beside the emission."""

    venue: str | None
    session: SessionContext
    channel: str
    n_repeats: int = 0
    n_sensors: int = 1
    drill: bool = False


def emission_session(timetable: Timetable, emission: Emission, venue: str | None) -> SessionContext:
    """Where the emission lies in the timetable: in a session if its end or its start does."""
    at_end = timetable.context(emission.last_seen, venue)
    if at_end.phase == "in":
        return at_end
    at_start = timetable.context(emission.first_seen, venue)
    return at_start if at_start.phase == "in" else at_end


def flat_emission(emission: Emission, context: RadioContext, plan: BandPlan) -> dict[str, Any]:
    row = plan.find(emission.center_hz, emission.bandwidth_hz, emission.on_time_s)
    decoders = sorted({part["by"] for part in emission.decoded if part.get("by")})
    texts = [part["text"] for part in emission.decoded if part.get("text")]
    baseline: dict[str, Any] = emission.extra.get("baseline", {})
    return {
        "kind": "radio",
        "at": emission.last_seen,
        **_session_fields(context.session, context.venue, context.drill),
        "sensor": emission.sensor,
        "center_hz": emission.center_hz,
        "bandwidth_hz": emission.bandwidth_hz,
        "snr_db": emission.snr_db,
        "peak_dbfs": emission.peak_dbfs,
        "duration_s": round(emission.end_s - emission.start_s, 6),
        "on_time_s": emission.on_time_s,
        "duty_cycle": emission.duty_cycle,
        "bursts": emission.bursts,
        "burst_period_s": emission.burst_period_s,
        "n_repeats": context.n_repeats,
        "modulation": emission.modulation,
        "confidence": emission.confidence,
        "symbol_rate": emission.symbol_rate,
        "content": emission.content,
        "flags": list(emission.flags),
        # Absent from a survey that was never made: what nobody has looked at counts as new.
        "new": True if emission.new is None else emission.new,
        "changes": list(baseline.get("changes", ())),
        "known_as": baseline.get("known_as"),
        "service": emission.service or (row.service if row else None),
        "band_weight": row.weight if row else None,
        "decoded_by": decoders,
        "decoded_text": "\n".join(texts) or None,
        "known_device": not HARMLESS_DECODERS.isdisjoint(decoders),
        "n_sensors": context.n_sensors,
        "channel": context.channel,
    }


def flat_document(
    document: Document,
    session: SessionContext,
    find_items: FindItems | None = None,
    *,
    drill: bool = False,
) -> dict[str, Any]:
    """`find_items` looks a text up in the bank of secret items; None where there is no bank."""
    attachments = document.attachments
    text = "\n".join(document_texts(document.title, document.text, [part.text for part in attachments]))
    items = find_items(text) if find_items is not None else None
    return {
        "kind": "web",
        "at": document.fetched_at,
        **_session_fields(session, None, drill),
        "source": document.source,
        "url": document.url,
        "author": document.author,
        "title": document.title,
        "text": text,
        "version": document.version,
        "edited": document.version > 1,
        "placeholder": document.placeholder,
        "age_minutes": round((document.fetched_at - document.first_seen_at) / timedelta(minutes=1), 3),
        "has_image": any(attachment.media_type.startswith("image/") for attachment in attachments),
        "has_qr": any(attachment.qr for attachment in attachments),
        "paper_likeness": _paper_likeness(attachments),
        "bank_containment": None if items is None else max((i.containment for i in items), default=0.0),
        "bank_longest_run": None if items is None else max((i.longest_run for i in items), default=0),
        "n_reposts": document.n_reposts,
        "repost_of": document.repost_of,
        "document": document.id,
        "published_at": document.published_at,
        "first_seen_at": document.first_seen_at,
        "fetched_at": document.fetched_at,
    }


def _paper_likeness(attachments: Sequence[Attachment]) -> float | None:
    """The likest of the pictures that were read; None if none was."""
    read = [
        attachment
        for attachment in attachments
        if attachment.media_type.startswith("image/")
        and (attachment.text or attachment.qr or attachment.pdq is not None)
    ]
    return max((likeness(attachment.text).score for attachment in read), default=None)


def _session_fields(session: SessionContext, venue: str | None, drill: bool) -> dict[str, Any]:
    return {
        "phase": session.phase,
        "exam": session.exam,
        "session": session.session,
        "venue": venue,
        "minutes_from_start": session.minutes_from_start,
        "drill": drill,
    }


def session_key(session: SessionContext, at: datetime) -> str:
    """What "in this session" means for counting: the session, or the day outside of all."""
    if session.phase == "none":
        return at.date().isoformat()
    return f"{session.exam}/{session.session}"
