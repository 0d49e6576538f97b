"""From a followed emission to its record: the rows say where and when, the samples say what.

The rows' own figures (one bin and one row fine) always exist; where the samples are still on the tape and the
emission stands well over the noise, they are refined on its clip and its modulation is told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from sdr.clipping import clipping
from sdr.follow import MAX_BURSTS, Followed
from sdr.ghost import Ghost, capture, crystal_harmonic, from_recording
from sdr.look import CLIP_S, Look
from sdr.measure import Measures, measure, rhythm
from sdr.modulation import Identification
from sdr.repeat import predicted
from sdr.tape import Tape
from sdr.types import Emission
from sdr.watch import CLIPPED_SHARE, Watch

REFINE_SNR_DB = 4.0
"""Weaker than this, a clip's figures scatter more than those of the rows."""
EDGE_SHARE = 0.02
"""Of the passband at either end: there the receiver's filter cuts emissions off."""
DC_BINS = 10
"""A line at the centre is not found wider than this, however weak."""
GHOST_S, WEAK_GHOST_S = 0.05, 0.3
"""What ghosts are told on: a thousand independent samples in 20 kHz, and more under `REFINE_SNR_DB`."""
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Place:
    """What the scanner knows and rows do not: the receiver's setting and clock."""

    sensor: str
    center_hz: float
    started_at: datetime
    """When sample number 0 was at the antenna."""
    origin_sample: int
    """The run's first sample: seconds count from it."""
    ppm: float = 0.0
    """The correction that the receiver was given."""


def emission_id(sensor: str, first_seen: datetime, low_hz: float) -> str:
    """A ULID whose random part is a digest of what the emission is, so that a replay gives the same."""
    milliseconds = int(first_seen.timestamp() * 1000)
    seed = f"{sensor}|{first_seen.isoformat()}|{low_hz:.0f}".encode()
    number = (milliseconds << 80) | int.from_bytes(hashlib.sha256(seed).digest()[:10], "big")
    return "".join(_BASE32[(number >> shift) & 31] for shift in range(125, -5, -5))


def describe(
    one: Followed, watch: Watch, tape: Tape, place: Place, *, ended: bool, with_modulation: bool = True
) -> Emission:
    """The record of `one` as far as it has been heard.

    ``extra`` holds ``first_sample``, ``last_sample``, ``bursts_s`` (from the run's start), ``floor_dbfs_hz``,
    ``ghosts`` (flag and reason).
    """
    rate = watch.rate_hz
    first = watch.sample_of(one.first_row)
    last = watch.sample_of(one.last_row) + watch.n_fft
    shape = watch.tracker.shape(one)
    offset_hz = watch.offset_hz(shape.center)
    width_hz = float(shape.high - shape.low) * watch.bin_hz
    n_bursts = min(one.n_bursts, MAX_BURSTS)
    bursts = [
        (watch.sample_of(int(a)), watch.sample_of(int(b)) + watch.n_fft) for a, b in one.bursts[:n_bursts]
    ]
    on_time_s = one.n_rows_on * watch.row_s
    snr_db = 10 * float(np.log10(shape.snr))
    floor = watch.floor_dbfs_hz if watch.floor_dbfs_hz is not None else -120.0
    density = watch.density(shape.low, shape.high) or 10 ** (floor / 10)
    peak_dbfs = floor + 10 * float(
        np.log10(max(float(one.state[6]), 1e-3) * (one.high - one.low) * watch.bin_hz)
    )

    look = Look(tape, watch, first, last, offset_hz, width_hz, snr_db, density)
    clip, clip_first = look.beginning()
    found: Measures | None = None
    kind: Identification | None = None
    if clip is not None and snr_db >= REFINE_SNR_DB and clip.duration_s >= 4 / clip.rate_hz:
        found = measure(clip, density)
        if found is not None and not _agrees(found, width_hz, watch.bin_hz):
            found = None
        if found is not None:
            offset_hz += found.center_offset_hz
            if width_hz < 4 * watch.bin_hz or last - first <= round(CLIP_S * rate):
                width_hz, snr_db = found.bandwidth_hz, found.snr_db
            peak_dbfs = max(found.peak_dbfs, peak_dbfs) if one.n_rows_on > 1 else found.peak_dbfs
            first, last = _refine_times(found, clip_first, rate, first, last, watch.n_fft, one)
        if with_modulation:
            kind = look.identify(clip)
    wide = look.both_lobes(kind) if kind is not None else None
    if wide is not None:
        found, kind = wide
        offset_hz, width_hz = look.offset_hz + found.center_offset_hz, found.bandwidth_hz
    if with_modulation and look.snr_db >= REFINE_SNR_DB:
        kind = look.again(kind)

    flags = _flags(one, watch, offset_hz, width_hz)
    span_s = GHOST_S if snr_db >= REFINE_SNR_DB else WEAK_GHOST_S
    rows = look.first, min(look.last, look.first + round(span_s * rate))
    ghosts = _ghosts(watch, tape, place, offset_hz, width_hz, rows)
    if not ghosts and "overload" in flags:
        ghosts = _made_by_clipping(one, watch, tape, place, rows)
    start_s = (first - place.origin_sample) / rate
    end_s = (last - place.origin_sample) / rate
    first_seen = place.started_at + timedelta(seconds=first / rate)
    # The row of the first hit stays what it is, whatever is learned about the emission later.
    found_at = place.started_at + timedelta(seconds=watch.sample_of(one.hit.last_row) / rate)
    period_s = _period(bursts, rate)
    starts_s = tuple((a - place.origin_sample) / rate for a, _ in bursts)
    return predicted(
        Emission(
            id=emission_id(place.sensor, found_at, place.center_hz + one.hit.low_bin * watch.bin_hz),
            sensor=place.sensor,
            start_s=start_s,
            end_s=end_s,
            first_seen=first_seen,
            last_seen=place.started_at + timedelta(seconds=last / rate),
            ended=ended,
            center_hz=place.center_hz + offset_hz,
            bandwidth_hz=width_hz,
            snr_db=snr_db,
            peak_dbfs=peak_dbfs,
            bursts=max(1, one.n_bursts),
            on_time_s=min(on_time_s, end_s - start_s),
            duty_cycle=min(1.0, on_time_s / max(end_s - start_s, watch.row_s)),
            burst_period_s=period_s,
            modulation=kind.modulation if kind else None,
            confidence=kind.confidence if kind else None,
            symbol_rate=kind.symbol_rate if kind else None,
            deviation_hz=kind.deviation_hz if kind else None,
            content=kind.content if kind else None,
            flags=tuple(dict.fromkeys((*flags, *(ghost.flag for ghost in ghosts)))),
            extra={
                "first_sample": first,
                "last_sample": last,
                "bursts_s": [
                    [(a - place.origin_sample) / rate, (b - place.origin_sample) / rate] for a, b in bursts
                ],
                "floor_dbfs_hz": floor,
                "ghosts": [{"flag": ghost.flag, "reason": ghost.reason} for ghost in ghosts],
            },
        ),
        rhythm(starts_s) if period_s is not None else None,
    )


def _agrees(found: Measures, width_hz: float, bin_hz: float) -> bool:
    """Whether the clip shows the emission that the rows showed, and not a neighbour in the same clip."""
    return (
        abs(found.center_offset_hz) < 0.5 * width_hz + 2 * bin_hz
        and found.bandwidth_hz < 3 * width_hz + 4 * bin_hz
    )


def _refine_times(
    found: Measures, clip_first: int, rate: float, first: int, last: int, n_fft: int, one: Followed
) -> tuple[int, int]:
    """Start and end to the sample, where the clip's agree with the rows' within two rows."""
    start = clip_first + round(found.start_s * rate)
    end = clip_first + round(found.end_s * rate)
    if not one.at_start and abs(start - first) <= 2 * n_fft:
        first = start
    if abs(end - last) <= 2 * n_fft:
        last = end
    return first, max(last, first + 1)


def _period(bursts: list[tuple[int, int]], rate: float) -> float | None:
    """The time between starts of at least three bursts, if it is steady within a tenth."""
    if len(bursts) < 3:
        return None
    steps = np.diff([a for a, _ in bursts]) / rate
    period = float(np.median(steps))
    return period if float(np.max(np.abs(steps - period))) <= 0.1 * period else None


def _flags(one: Followed, watch: Watch, offset_hz: float, width_hz: float) -> tuple[str, ...]:
    flags: list[str] = []
    # Clipping is noted once a block of rows.
    if watch.clipped_between(one.first_row - watch.psd.rows_per_block, one.last_row) > CLIPPED_SHARE:
        flags.append("overload")
    if abs(offset_hz) + width_hz / 2 > watch.rate_hz * (0.5 - EDGE_SHARE):
        flags.append("edge")
    line = width_hz < 2 * watch.bin_hz or (watch.tracker.shape(one).snr < 1 and one.high - one.low <= DC_BINS)
    if abs(offset_hz) < watch.bin_hz and line and one.n_bursts == 1:
        flags.append("dc")
    if any(one.first_row < row <= one.last_row for row in watch.gap_rows):
        flags.append("gap")
    return tuple(flags)


def _ghosts(
    watch: Watch,
    tape: Tape,
    place: Place,
    offset_hz: float,
    width_hz: float,
    rows: tuple[int, int],
) -> list[Ghost]:
    """What the samples, as far as they are still on the tape, say against its being a sender."""
    frequency_hz = place.center_hz + offset_hz
    found = crystal_harmonic(frequency_hz, width_hz, place.ppm)
    if found is None:
        iq, _ = tape.cut(max(rows[0], tape.begin), rows[1])
        if iq.shape[0] < 2 * watch.n_fft:
            return []
        seen = capture(iq, watch.format, watch.rate_hz, place.center_hz)
        found = from_recording(seen, frequency_hz, width_hz)
    return [found] if found is not None else []


def _made_by_clipping(
    one: Followed, watch: Watch, tape: Tape, place: Place, rows: tuple[int, int]
) -> list[Ghost]:
    """The whole band that is followed is asked: a sender and products that came with it may be one report."""
    iq, _ = tape.cut(max(rows[0], tape.begin), rows[1])
    if iq.shape[0] < 2 * watch.n_fft:
        return []
    seen = capture(iq, watch.format, watch.rate_hz, place.center_hz)
    middle_hz = place.center_hz + watch.offset_hz(0.5 * (one.low + one.high))
    found = clipping(seen, middle_hz, (one.high - one.low) * watch.bin_hz)
    return [found] if found is not None else []
