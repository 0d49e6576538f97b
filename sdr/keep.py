"""From the tape to the evidence store: the clip of an emission, and what of it its record names."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sdr.evidence import Gap, Mark, Receiver, write_evidence
from sdr.scan import ScanSettings
from sdr.tape import Tape
from sdr.types import Emission
from sdr.watch import Watch


def keep(
    emission: Emission,
    folder: Path,
    watch: Watch,
    tape: Tape,
    settings: ScanSettings,
    center_hz: float,
    epoch: datetime,
) -> Emission:
    """Write the clip around `emission` into `folder`; the emission, naming it.

    Raises
    ------
    EvidenceError
        If the disk refuses.
    """
    rate = watch.rate_hz
    start = int(emission.extra["first_sample"])
    last = min(int(emission.extra["last_sample"]), start + round(settings.post_trigger_s * rate))
    iq, begin = tape.cut(start - round(settings.pre_trigger_s * rate), last + round(0.25 * rate))
    if not iq.shape[0]:
        return emission
    half = emission.bandwidth_hz / 2
    mark = Mark(
        start_s=(start - begin) / rate,
        end_s=(last - begin) / rate,
        low_hz=emission.center_hz - half,
        high_hz=emission.center_hz + half,
        label=emission.modulation or "emission",
        comment=f"emission {emission.id}, {emission.snr_db:.1f} dB over the noise",
    )
    receiver = Receiver(
        sensor=settings.sensor,
        gain_db=settings.gain_db,
        ppm=settings.ppm,
        overload="overload" in emission.flags,
    )
    kept = write_evidence(
        folder,
        iq,
        watch.format,
        rate,
        center_hz,
        epoch + timedelta(seconds=begin / rate),
        marks=[mark],
        receiver=receiver,
        gaps=_gaps(watch, begin, begin + iq.shape[0]),
    )
    box = {"t0_s": mark.start_s, "t1_s": mark.end_s, "low_hz": mark.low_hz, "high_hz": mark.high_hz}
    items = [
        {"digest": item.digest, "path": str(item.path), "media_type": item.media_type, "role": item.role}
        for item in kept.items
    ]
    extra = {
        **emission.extra,
        "spectrogram": {**kept.spectrogram_window, "box": box},
        "evidence_items": items,
    }
    return replace(emission, evidence=kept.digest("metadata"), extra=extra)


def kept_extra(extra: dict[str, Any]) -> dict[str, Any]:
    kept = {name: extra[name] for name in ("spectrogram", "evidence_items") if name in extra}
    if extra.get("ghosts"):
        kept["ghosts"] = extra["ghosts"]
    return kept


def _gaps(watch: Watch, begin: int, end: int) -> list[Gap]:
    """Gaps inside a clip. The tape gives up what lies before one, so as a rule there is none."""
    starts = [watch.sample_of(row) for row in watch.gap_rows]
    return [Gap(start - begin, 0) for start in starts if begin < start < end]
