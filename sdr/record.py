"""An emission as the JSON object that users' scripts read. Unknown values are null."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sdr.plan import BandOdds
from sdr.scanner import ScanStatus
from sdr.types import Emission


def instant(at: datetime) -> str:
    """UTC with milliseconds and a Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def emission_record(emission: Emission) -> dict[str, Any]:
    """The fields that are promised, and those that help: ``deviation_hz``, ``content``, ``next_burst_at``."""
    return {
        "type": "emission",
        "id": emission.id,
        "sensor": emission.sensor,
        "start_s": round(emission.start_s, 4),
        "end_s": round(emission.end_s, 4),
        "first_seen": instant(emission.first_seen),
        "last_seen": instant(emission.last_seen),
        "ended": emission.ended,
        "center_hz": round(emission.center_hz, 1),
        "bandwidth_hz": round(emission.bandwidth_hz, 1),
        "snr_db": round(emission.snr_db, 1),
        "peak_dbfs": round(emission.peak_dbfs, 1),
        "modulation": emission.modulation,
        "confidence": _rounded(emission.confidence, 2),
        "symbol_rate": _rounded(emission.symbol_rate, 1),
        "deviation_hz": _rounded(emission.deviation_hz, 0),
        "content": emission.content,
        "bursts": emission.bursts,
        "on_time_s": round(emission.on_time_s, 4),
        "duty_cycle": round(emission.duty_cycle, 4),
        "burst_period_s": _rounded(emission.burst_period_s, 3),
        "next_burst_at": instant(emission.next_burst_at) if emission.next_burst_at else None,
        "next_burst_within_s": _rounded(emission.next_burst_within_s, 3),
        "new": emission.new,
        "service": emission.service,
        "flags": list(emission.flags),
        "decoded": list(emission.decoded),
        "evidence": emission.evidence,
    }


def summary_record(
    status: ScanStatus,
    rate_hz: float,
    odds: Sequence[BandOdds],
    unwatched: Sequence[tuple[float, float]] = (),
) -> dict[str, Any]:
    """The last line of a scan: what was heard, and what was not."""
    return {
        "type": "summary",
        "seconds": round(status.n_samples / rate_hz, 4),
        "n_samples": status.n_samples,
        "n_dropped": status.n_dropped,
        "n_gaps": status.n_gaps,
        "overloaded_s": round(status.overloaded_s, 3),
        "n_emissions": status.n_emissions,
        "n_unfollowed": status.n_unfollowed,
        "n_undecoded": status.n_undecoded,
        "n_evidence_failed": status.n_evidence_failed,
        "bands": [
            {
                "low_hz": band.low_hz,
                "high_hz": band.high_hz,
                "revisit_s": round(band.revisit_s, 3),
                **{f"intercept_{s}s": round(band.intercept(s), 3) for s in (0.1, 1, 5)},
            }
            for band in odds
        ],
        "unwatched": [{"low_hz": low, "high_hz": high} for low, high in unwatched],
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
