"""The receiver's frequency error from a known sender, and levels from dBFS to dBm where a table exists.

    ppm = (expected - measured) / expected * 1e6        what to hand to the receiver as its correction

Tuner and sampling clock of an RTL-SDR hang on one crystal, so three senders tell the same error:
a carrier that the user names; the centre of an FM broadcast station, whose carriers stand on a grid of
100 kHz; the 19 kHz pilot inside it, which runs through the sampling clock alone.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.clip import extract
from sdr.types import SampleFormat

F64 = NDArray[np.float64]

SEARCH_PPM = 150.0
"""RTL-SDR crystals are specified to 100 ppm at worst; half as much again is looked through."""
LINE_SNR_DB = 20.0
"""A line must stand this far over what is beside it: nearer, noise or modulation might be taken for it."""
FM_GRID_HZ = 100e3
FM_WIDTH_HZ = 180e3
FM_QUIETING_DB = 15.0
PILOT_HZ = 19_000.0
PILOT_SEARCH_PPM = 200.0


class CalibrationError(Exception):
    """No error can be told from these samples. The message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What was measured, and how far it may be off (one standard deviation)."""

    ppm: float
    uncertainty_ppm: float
    measured_hz: float
    expected_hz: float
    method: str


def line_frequency(z: NDArray[Any], rate_hz: float, low_hz: float, high_hz: float) -> tuple[float, float]:
    """Frequency of the strongest line between `low_hz` and `high_hz`, and its ratio to the median in dB.

    The top of the Hann-windowed spectrum's peak by a parabola through the logarithms (exact within 0.02 of a
    bin, Gasior and Gonzalez 2004).
    """
    n = z.size
    power = np.abs(np.fft.fftshift(np.fft.fft(z * np.hanning(n + 1)[:-1]))) ** 2
    frequency = np.fft.fftshift(np.fft.fftfreq(n, 1 / rate_hz))
    inside = np.flatnonzero((frequency >= low_hz) & (frequency <= high_hz))
    if inside.size < 16:
        raise CalibrationError("too few samples to tell a frequency")
    peak = int(inside[np.argmax(power[inside])])
    peak = min(max(peak, 1), n - 2)
    around = np.log(np.maximum(power[peak - 1 : peak + 2], 1e-300))
    curvature = float(around[0] - 2 * around[1] + around[2])
    shift = 0.5 * float(around[0] - around[2]) / curvature if curvature < 0 else 0.0
    level = float(np.median(power[inside])) / math.log(2)
    ratio = 10 * math.log10(max(float(power[peak]) / max(level, 1e-300), 1e-30))
    return float(frequency[peak]) + shift * rate_hz / n, ratio


def from_carrier(
    iq: NDArray[Any], format: SampleFormat, rate_hz: float, center_hz: float, expected_hz: float
) -> Correction:
    """The error from an unmodulated carrier at `expected_hz`, or one that stands inside AM or a pilot.

    Raises
    ------
    CalibrationError
        If none stands out within `SEARCH_PPM`, or it lies outside the passband.
    """
    reach = max(SEARCH_PPM * 1e-6 * expected_hz, 2000.0)
    offset = expected_hz - center_hz
    if abs(offset) + reach > 0.5 * rate_hz:
        raise CalibrationError(f"{expected_hz / 1e6:.4f} MHz lies outside the passband: tune nearer")
    clip = extract(iq, format, rate_hz, offset, 2 * reach)
    z = np.asarray(clip.iq, dtype=np.complex128)
    found, ratio = line_frequency(z, clip.rate_hz, -reach, reach)
    if ratio < LINE_SNR_DB:
        raise CalibrationError(
            f"no carrier stands out within {SEARCH_PPM:.0f} ppm of {expected_hz / 1e6:.4f} MHz"
        )
    # Halves that disagree show a carrier that wanders or is modulated.
    halves = [
        line_frequency(half, clip.rate_hz, found - reach / 4, found + reach / 4)[0]
        for half in np.array_split(z, 2)
    ]
    spread = max(abs(halves[0] - halves[1]) / 2, 0.05 * clip.rate_hz / z.size)
    return _correction(expected_hz + found, expected_hz, spread, "carrier")


def from_fm_station(
    iq: NDArray[Any], format: SampleFormat, rate_hz: float, center_hz: float, station_hz: float
) -> Correction:
    """The error from a broadcast station near `station_hz`, held against the 100 kHz grid.

    The mean of an FM signal's frequency over whole seconds is its carrier: programmes have no zero-frequency
    part. Stations may be 2 kHz off themselves (ITU-R BS.412): trust several of them, or the pilot.

    Raises
    ------
    CalibrationError
    """
    frequency, fm_rate, offset = _discriminate(iq, format, rate_hz, center_hz, station_hz)
    expected = round(station_hz / FM_GRID_HZ) * FM_GRID_HZ
    n_each = max(1, int(0.1 * fm_rate))
    means = frequency[: frequency.size // n_each * n_each].reshape(-1, n_each).mean(axis=1)
    if means.size < 5:
        raise CalibrationError("half a second of an FM station at least is needed")
    measured = center_hz + offset + float(means.mean())
    return _correction(measured, expected, float(means.std(ddof=1)) / math.sqrt(means.size), "fm-carrier")


def from_fm_pilot(
    iq: NDArray[Any], format: SampleFormat, rate_hz: float, center_hz: float, station_hz: float
) -> Correction:
    """The sampling clock's error from the stereo pilot of the station near `station_hz`.

    Wants ten seconds and more: 1 ppm of 19 kHz is a fiftieth of a hertz.

    Raises
    ------
    CalibrationError
        If there is no pilot (a mono station), or too little of it.
    """
    frequency, fm_rate, _ = _discriminate(iq, format, rate_hz, center_hz, station_hz)
    reach = PILOT_SEARCH_PPM * 1e-6 * PILOT_HZ
    n_block = int(fm_rate)
    n_blocks = frequency.size // n_block
    if n_blocks < 3:
        raise CalibrationError("three seconds of an FM station at least are needed for its pilot")
    step = np.exp(-2j * np.pi * PILOT_HZ / fm_rate * np.arange(n_block * n_blocks))
    base = (frequency[: n_block * n_blocks] - frequency.mean()) * step
    _, ratio = line_frequency(base, fm_rate, -200.0, 200.0)
    if ratio < LINE_SNR_DB:
        raise CalibrationError(f"no stereo pilot on {station_hz / 1e6:.1f} MHz")
    # A tenth of a second at a time: its phase then turns by less than half a round at 200 ppm.
    n_each = n_block // 10
    phases = np.unwrap(np.angle(base[: base.size // n_each * n_each].reshape(-1, n_each).mean(axis=1)))
    t = np.arange(phases.size) * n_each / fm_rate
    (slope, _), covariance = np.polyfit(t, phases, 1, cov=True)
    found = float(slope) / (2 * np.pi)
    if abs(found) > reach:
        raise CalibrationError(f"what stands at {PILOT_HZ + found:.1f} Hz is no pilot")
    spread = math.sqrt(float(covariance[0, 0])) / (2 * np.pi)
    return _correction(PILOT_HZ + found, PILOT_HZ, spread, "fm-pilot")


def _discriminate(
    iq: NDArray[Any], format: SampleFormat, rate_hz: float, center_hz: float, station_hz: float
) -> tuple[F64, float, float]:
    """Momentary frequency of a station over where it was looked for, its rate, and that place."""
    offset = round(station_hz / FM_GRID_HZ) * FM_GRID_HZ - center_hz
    if abs(offset) + FM_WIDTH_HZ / 2 > 0.5 * rate_hz:
        raise CalibrationError(f"{station_hz / 1e6:.1f} MHz lies outside the passband: tune nearer")
    clip = extract(iq, format, rate_hz, offset, FM_WIDTH_HZ)
    z = np.asarray(clip.iq, dtype=np.complex128)
    if z.size < 1024:
        raise CalibrationError("too few samples of an FM station")
    envelope = np.abs(z)
    if float(envelope.std()) > 10 ** (-FM_QUIETING_DB / 20) * 2 * float(envelope.mean()):
        raise CalibrationError(f"no FM station strong enough at {station_hz / 1e6:.1f} MHz")
    turns = np.angle(z[1:] * np.conj(z[:-1]))
    return turns * clip.rate_hz / (2 * np.pi), clip.rate_hz, offset


def _correction(measured_hz: float, expected_hz: float, spread_hz: float, method: str) -> Correction:
    return Correction(
        (expected_hz - measured_hz) / expected_hz * 1e6,
        spread_hz / expected_hz * 1e6,
        measured_hz,
        expected_hz,
        method,
    )


def combine(corrections: Sequence[Correction]) -> Correction:
    """The median of several senders: one that is off itself does not count.

    Raises
    ------
    CalibrationError
        If there is none.
    """
    if not corrections:
        raise CalibrationError("no sender to calibrate on")
    return sorted(corrections, key=lambda one: one.ppm)[len(corrections) // 2]


@dataclass(frozen=True, slots=True)
class LevelTable:
    """What to add to dBFS to get dBm at the antenna, by frequency, at one gain.

    ``points``: (frequency in Hz, dB), rising. Outside them nothing is known.
    """

    points: tuple[tuple[float, float], ...]
    gain_db: float | None = None

    def dbm(self, level_dbfs: float, frequency_hz: float, gain_db: float | None) -> float | None:
        """dBm, or None where the table does not hold: another gain, another frequency."""
        if self.gain_db is not None and gain_db != self.gain_db:
            return None
        if not self.points or not self.points[0][0] <= frequency_hz <= self.points[-1][0]:
            return None
        frequencies, offsets = zip(*self.points, strict=True)
        return level_dbfs + float(np.interp(frequency_hz, frequencies, offsets))


def parse_level_table(text: str, name: str, gain_db: float | None = None) -> LevelTable:
    """A table from CSV lines ``frequency_hz,offset_db``; a heading and lines that begin with # are skipped.

    Raises
    ------
    CalibrationError
        ``name:line: message`` for the first line that is wrong.
    """
    points: list[tuple[float, float]] = []
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        if not row or row[0].lstrip().startswith("#") or (number == 1 and not _is_number(row[0])):
            continue
        if len(row) < 2 or not _is_number(row[0]) or not _is_number(row[1]):
            raise CalibrationError(f"{name}:{number}: write frequency_hz,offset_db")
        points.append((float(row[0]), float(row[1])))
    points.sort()
    if any(a[0] == b[0] for a, b in pairwise(points)):
        raise CalibrationError(f"{name}: a frequency stands there twice")
    return LevelTable(tuple(points), gain_db)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
