"""From an Emission or a Document to the flat event that rules are asked about. Pure.

Exactly the names of `rules.event`, None where nothing is known, plus the two identities
that labels may use: ``channel`` and ``document``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crawlers.document import Document
from monitor.bandplan import BandPlan
from monitor.timetable import SessionContext, Timetable
from sdr.types import Emission

RASTER_HZ = 12_500
"""Channel spacing of narrowband land mobile radio in China and of ITU-R practice."""
HARMLESS_DECODERS = frozenset({"rtl_433"})
"""Its protocols are sensors, meters and remote controls."""


@dataclass(frozen=True, slots=True)
class RadioContext:
    """What the conductor knows about an emission beside the emission."""

    venue: str | None
    session: SessionContext
    n_repeats: int
    drill: bool = False
    n_sensors: int = 1


def channel_label(center_hz: float) -> str:
    """The raster channel that holds `center_hz`, as people write it: ``433.925 MHz``.

    A sender on the border of two channels may be told as either.
    """
    on_raster_hz = round(center_hz / RASTER_HZ) * RASTER_HZ
    return f"{on_raster_hz / 1e6:.4f}".rstrip("0").rstrip(".") + " MHz"


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
        "service": emission.service or (row.service if row else None),
        "band_weight": row.weight if row else None,
        "decoded_by": decoders,
        "decoded_text": "\n".join(texts) or None,
        "known_device": not HARMLESS_DECODERS.isdisjoint(decoders),
        "n_sensors": context.n_sensors,
        "channel": channel_label(emission.center_hz),
    }


def flat_document(document: Document, session: SessionContext, *, drill: bool = False) -> dict[str, Any]:
    attachments = document.attachments
    parts = [document.title, document.text, *(attachment.text for attachment in attachments)]
    return {
        "kind": "web",
        "at": document.fetched_at,
        **_session_fields(session, None, drill),
        "source": document.source,
        "url": document.url,
        "author": document.author,
        "title": document.title,
        "text": "\n".join(part for part in parts if part),
        "version": document.version,
        "edited": document.version > 1,
        "placeholder": None,
        "age_minutes": round((document.fetched_at - document.first_seen_at) / timedelta(minutes=1), 3),
        "has_image": any(attachment.media_type.startswith("image/") for attachment in attachments),
        "has_qr": any(attachment.qr for attachment in attachments),
        "paper_likeness": None,
        "bank_containment": None,
        "bank_longest_run": None,
        "n_reposts": None,
        "document": document.id,
    }


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
