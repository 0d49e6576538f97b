"""What is kept of an emission, so that it can be proven later: samples, picture, sound.

    <sha256 of the samples>.sigmf-data   the receiver's own bytes, from before the trigger on
    <the same>.sigmf-meta                SigMF: what, where, when, gaps, gain, ppm, calibration
    <its own sha256>.png  .flac          spectrogram, audio where there is any

Files are named by content, written beside their place and linked into it whole, and never
overwritten: writing the same evidence twice changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from sdr.spectrogram import Spectrogram, render
from sdr.types import SampleFormat

SIGMF_VERSION = "1.2.0"
_DATATYPES = {
    SampleFormat.CU8: "cu8",
    SampleFormat.CS8: "ci8",
    SampleFormat.CS16: "ci16_le",
    SampleFormat.CF32: "cf32_le",
}
_HEX = re.compile(r"[0-9a-f]{64}")

CONTEXT_BANDWIDTHS = 8.0
"""The picture shows this many bandwidths, so that neighbours can be seen and ruled out."""

MIN_CONTEXT_HZ = 40e3
"""Three land-mobile channels of 12.5 kHz."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One annotation: times from the first sample kept, frequencies absolute."""

    start_s: float
    end_s: float
    low_hz: float
    high_hz: float
    label: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that were lost: `n_missing` of them before index `sample` of what was kept."""

    sample: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class Receiver:
    """Under what conditions it was received. None is written as unknown, never guessed."""

    sensor: str
    hardware: str = ""
    gain_db: float | None = None
    ppm: float | None = None
    overload: bool = False
    calibration: str = "uncalibrated dBFS"


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    samples: NDArray[np.float32]
    rate_hz: int


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    digest: str
    """``sha256:`` and 64 hex digits, of the file's bytes."""
    path: Path
    media_type: str
    role: str
    """``samples``, ``metadata``, ``spectrogram`` or ``audio``."""


@dataclass(frozen=True, slots=True)
class EvidenceSet:
    items: tuple[EvidenceItem, ...]
    spectrogram_window: dict[str, float]
    """``t0_s t1_s low_hz high_hz`` of the picture."""

    def digest(self, role: str) -> str | None:
        return next((item.digest for item in self.items if item.role == role), None)


class EvidenceError(Exception):
    """The evidence could not be kept. One line for a person."""


def find(directory: Path, digest: str) -> Path | None:
    """The file of `directory` whose content has `digest` (``sha256:…`` or bare hex)."""
    wanted = digest.removeprefix("sha256:")
    if not _HEX.fullmatch(wanted):
        return None
    named = [p for p in directory.glob(f"{wanted}*") if p.suffix != ".sigmf-meta"]
    if named:
        return named[0]
    # a SigMF description bears the name of its samples
    for path in directory.glob("*.sigmf-meta"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == wanted:
            return path
    return None


def _put(directory: Path, name: str, content: bytes | memoryview) -> Path:
    """Write `content` whole or not at all. What is there already is left as it is."""
    place = directory / name
    if place.exists():
        return place
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, 0o640)
        try:
            os.link(temporary, place)
        except FileExistsError:
            return place
    finally:
        os.unlink(temporary)
    return place


def _digest(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def describe(
    sample_format: SampleFormat,
    rate_hz: float,
    center_hz: float,
    started_at: datetime,
    n_samples: int,
    sha512: str,
    marks: Sequence[Mark],
    gaps: Sequence[Gap],
    receiver: Receiver,
) -> dict[str, Any]:
    """The SigMF description: one capture per unbroken run, one annotation per mark."""
    captures: list[dict[str, Any]] = []
    missing = 0
    for sample, n_lost in [(0, 0), *((gap.sample, gap.n_missing) for gap in gaps)]:
        missing += n_lost
        captures.append(
            {
                "core:sample_start": sample,
                "core:global_index": sample + missing,
                "core:frequency": center_hz,
                "core:datetime": _instant(started_at + timedelta(seconds=(sample + missing) / rate_hz)),
            }
        )
    annotations = [
        {
            "core:sample_start": min(max(0, round(mark.start_s * rate_hz)), n_samples),
            "core:sample_count": max(0, round((mark.end_s - max(0.0, mark.start_s)) * rate_hz)),
            "core:freq_lower_edge": mark.low_hz,
            "core:freq_upper_edge": mark.high_hz,
            "core:label": mark.label[:20],
            **({"core:comment": mark.comment} if mark.comment else {}),
        }
        for mark in marks
    ]
    return {
        "global": {
            "core:datatype": _DATATYPES[sample_format],
            "core:sample_rate": rate_hz,
            "core:version": SIGMF_VERSION,
            "core:sha512": sha512,
            "core:num_channels": 1,
            "core:recorder": "examwatch",
            "core:hw": receiver.hardware or "unknown",
            "core:description": f"emission heard by {receiver.sensor}; levels: {receiver.calibration}",
            "core:extensions": [{"name": "examwatch", "version": "1.0.0", "optional": True}],
            "examwatch:sensor": receiver.sensor,
            "examwatch:gain_db": receiver.gain_db,
            "examwatch:ppm": receiver.ppm,
            "examwatch:overload": receiver.overload,
            "examwatch:calibration": receiver.calibration,
            "examwatch:n_missing": missing,
        },
        "captures": sorted(captures, key=lambda capture: int(capture["core:sample_start"])),
        "annotations": sorted(annotations, key=lambda note: int(str(note["core:sample_start"]))),
    }


def _put_samples(directory: Path, raw: memoryview, meta: bytes) -> tuple[Path, Path]:
    """The pair under one name. The same samples described anew get a number after their digest."""
    name = _digest(raw)
    base, number = name, 1
    while (directory / f"{base}.sigmf-meta").exists():
        if (directory / f"{base}.sigmf-meta").read_bytes() == meta:
            break
        number += 1
        base = f"{name}-{number}"
    data = _put(directory, f"{base}.sigmf-data", raw)
    return data, _put(directory, f"{base}.sigmf-meta", meta)


def _picture(
    iq: NDArray[Any], sample_format: SampleFormat, rate_hz: float, center_hz: float, marks: Sequence[Mark]
) -> Spectrogram:
    if not marks:
        return render(iq, sample_format, rate_hz, center_hz)
    low, high = min(mark.low_hz for mark in marks), max(mark.high_hz for mark in marks)
    half = max(CONTEXT_BANDWIDTHS * (high - low), MIN_CONTEXT_HZ) / 2
    middle = (low + high) / 2
    return render(iq, sample_format, rate_hz, center_hz, low_hz=middle - half, high_hz=middle + half)


def flac(audio: Audio) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, audio.samples, audio.rate_hz, format="FLAC", subtype="PCM_16")
    return out.getvalue()


def write_evidence(
    directory: Path,
    iq: NDArray[Any],
    sample_format: SampleFormat,
    rate_hz: float,
    center_hz: float,
    started_at: datetime,
    *,
    marks: Sequence[Mark],
    receiver: Receiver,
    gaps: Sequence[Gap] = (),
    audio: Audio | None = None,
) -> EvidenceSet:
    """Keep `iq` (shape (n, 2), in `sample_format`) and what can be shown of it.

    `started_at` is the aware instant of the first sample kept. `marks` name the emission within it.

    Raises
    ------
    EvidenceError
        If nothing was given, or the directory cannot be written to. Files already whole stay.
    """
    if len(iq) == 0:
        raise EvidenceError("no samples to keep")
    contiguous = np.ascontiguousarray(iq.astype(sample_format.dtype, copy=False))
    raw = contiguous.data.cast("B")
    meta = describe(
        sample_format,
        rate_hz,
        center_hz,
        started_at,
        len(iq),
        hashlib.sha512(raw).hexdigest(),
        marks,
        gaps,
        receiver,
    )
    meta_bytes = json.dumps(meta, indent=2, ensure_ascii=False).encode() + b"\n"
    picture = _picture(contiguous, sample_format, rate_hz, center_hz, marks)
    sound = flac(audio) if audio is not None and len(audio.samples) else None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        data_path, meta_path = _put_samples(directory, raw, meta_bytes)
        png_path = _put(directory, f"{_digest(picture.png)}.png", picture.png)
        flac_path = _put(directory, f"{_digest(sound)}.flac", sound) if sound is not None else None
    except OSError as error:
        raise EvidenceError(f"{directory}: evidence not kept: {error.strerror}") from error
    items = [
        EvidenceItem(f"sha256:{_digest(raw)}", data_path, "application/octet-stream", "samples"),
        EvidenceItem(f"sha256:{_digest(meta_bytes)}", meta_path, "application/json", "metadata"),
        EvidenceItem(f"sha256:{_digest(picture.png)}", png_path, "image/png", "spectrogram"),
    ]
    if flac_path is not None and sound is not None:
        items.append(EvidenceItem(f"sha256:{_digest(sound)}", flac_path, "audio/flac", "audio"))
    window = {
        "t0_s": picture.t0_s,
        "t1_s": picture.t1_s,
        "low_hz": picture.low_hz,
        "high_hz": picture.high_hz,
    }
    return EvidenceSet(tuple(items), window)
