"""What a receiver invents: how to tell its ghosts from senders. Pure functions over samples and levels.

From one fixed recording, on samples that were taken together:

    mirror    x(-f) conjugated, sample by sample, 15 dB and more under its partner
    intermod  a product x(a) x(b) conj(x(c)) of senders strong enough for it, at a + b - c
    dc        a line at the centre (sdr/describe.py), or at a multiple of the receiver's own 28.8 MHz crystal

With the receiver at hand (sdr/probe.py), by levels at two settings:

    LO shifted by d   a sender stays, DC follows by d, mirrors and tuner images by 2 d
    gain lowered      a sender falls by the step, a third-order product by three times as much

and against another sensor that hears the same air. Nothing is called a ghost that was not seen to be one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.clip import extract, rotate, to_complex
from sdr.types import SampleFormat

CRYSTAL_HZ = 28.8e6
"""Of every RTL2832U stick; its multiples, such as 14 x 28.8 = 403.2 MHz, are heard in all of them."""
CRYSTAL_WIDTH_HZ = 1_200.0
"""LO and spur come from the same crystal, so its error cancels: what is left is a bin or two."""
MIRROR_DB = 15.0
"""RTL-SDR tuners suppress the IQ mirror by 20 dB and more; what is nearer to its partner is no mirror."""
EXPLAINED = 0.5
"""Share of an emission's power that its cause must explain, sample by sample. Independent senders of 5 kHz
bandwidth in 50 ms share 1 / 250 on the mean."""
LEAST_COHERENCE = 12.0
"""Over the number of independent samples: exp(-12) is the chance that noise reaches it."""
WORST_IP3_DBFS = -3.0
"""A product stronger than this intercept gives has senders for causes, not the receiver: 2 dB under full
scale it would clip first. RTL-SDR sticks measure 5 to 25 dB over full scale, depending on gain."""
LEAST_HALF_HZ = 2_000.0
"""Of the band compared: a bare carrier's, and enough independent bins to tell chance."""
LEAST_PARENT_DBFS = -45.0
"""Products of weaker ones lie 135 dB under full scale: eight bits do not show them."""
N_PARENTS = 6
PARENT_WIDTH_HZ = 16_000.0
STAYED = 0.2
"""Of an emission's power: what a keyed or fading one still shows a moment later."""
SEEN_SIGMA = 6.0
SHIFTS = (0.0457, -0.0457, 0.0719, -0.0719, 0.1137, -0.1137, 0.1713, -0.1713)
"""Of the rate: 110 kHz and more at 2.4 MS/s, on no usual channel raster."""
MAX_ROWS = 32
"""Of a spectrum: levels to a fifth of the noise of one bin, in 2 ms of computing."""


@dataclass(frozen=True, slots=True)
class Ghost:
    """Why something is no sender: a flag of `Emission.flags`, and what was seen, for people."""

    flag: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """Samples taken at one setting of the receiver, and their mean spectrum."""

    iq: NDArray[Any]
    """Shape (n, 2), in ``format``."""
    format: SampleFormat
    rate_hz: float
    center_hz: float
    spectrum: NDArray[np.float64]
    """Power in bins of `bin_hz`, lowest frequency first; the bins add up to the mean of |x|²."""
    n_rows: int

    @property
    def bin_hz(self) -> float:
        return self.rate_hz / self.spectrum.size

    def level(self, frequency_hz: float, width_hz: float) -> Level:
        """Power over the noise at `frequency_hz`, in twice `width_hz` or five bins."""
        n = self.spectrum.size
        at = (frequency_hz - self.center_hz) / self.bin_hz + n / 2
        half = max(2.5, width_hz / self.bin_hz)
        low, high = round(at - half), round(at + half)
        if low < 0 or high > n:
            return Level(0.0, math.inf)
        around = self.spectrum[max(0, low - 200) : min(n, high + 200)]
        noise = float(np.quantile(around, 0.3))
        excess = float(self.spectrum[low:high].sum()) - noise * (high - low)
        return Level(excess, noise * math.sqrt((high - low) / self.n_rows))


@dataclass(frozen=True, slots=True)
class Level:
    """Power over the noise, and the deviation that noise alone gives it. Linear, full scale 1."""

    excess: float
    sigma: float

    @property
    def is_seen(self) -> bool:
        return self.excess > SEEN_SIGMA * self.sigma


def capture(iq: NDArray[Any], format: SampleFormat, rate_hz: float, center_hz: float) -> Capture:
    """`iq` with its spectrum: Blackman-Harris rows of about 600 Hz a bin, evenly spread over it.

    The window's side lobes are 92 dB down (Harris 1978): strong senders stay where they are.
    """
    n = 1 << max(6, round(math.log2(rate_hz / 600)))
    at = 2 * np.pi * np.arange(n) / n
    window = 0.35875 - 0.48829 * np.cos(at) + 0.14128 * np.cos(2 * at) - 0.01168 * np.cos(3 * at)
    firsts = range(0, iq.shape[0] - n + 1, n // 2)
    firsts = firsts[:: max(1, math.ceil(len(firsts) / MAX_ROWS))]
    total = np.zeros(n)
    for first in firsts:
        total += np.abs(np.fft.fft(to_complex(iq[first : first + n], format) * window)) ** 2
    scale = max(len(firsts), 1) * n * float(np.sum(window**2))
    # Half-overlapped rows count for about three quarters of that many independent ones (Welch 1967).
    return Capture(
        iq, format, rate_hz, center_hz, np.fft.fftshift(total) / scale, max(1, len(firsts) * 3 // 4)
    )


# --- from one fixed recording ---


def crystal_harmonic(frequency_hz: float, width_hz: float, ppm: float = 0.0) -> Ghost | None:
    """A steady line at a multiple of the receiver's own crystal.

    Parameters
    ----------
    width_hz : float
        Of the emission; one that is modulated is a sender's.
    ppm : float
        The correction that the receiver was given: it moves what the crystal makes, and no sender.
    """
    number = round(frequency_hz / CRYSTAL_HZ)
    place = number * CRYSTAL_HZ * (1 + ppm * 1e-6)
    if number < 1 or width_hz > CRYSTAL_WIDTH_HZ or abs(frequency_hz - place) > CRYSTAL_WIDTH_HZ / 2:
        return None
    return Ghost("dc", f"{number} x 28.8 MHz, the receiver's own crystal")


def mirror(seen: Capture, frequency_hz: float, width_hz: float) -> Ghost | None:
    """The conjugate of a stronger one as far on the centre's other side.

    An unequal gain or phase of I and Q turns x(t) into x(t) + g conj(x(t)): the mirror follows its
    partner sample by sample, which no sender of its own does.
    """
    offset_hz = frequency_hz - seen.center_hz
    width_hz = max(width_hz, 2 * seen.bin_hz)
    if abs(offset_hz) < width_hz:
        return None
    cutter = _Cutter(seen, width_hz)
    half_hz = max(0.75 * width_hz, LEAST_HALF_HZ)
    here = cutter.band(cutter.at(offset_hz), half_hz)
    there = cutter.band(np.conj(cutter.at(-offset_hz)), half_hz)
    noise = cutter.noise(offset_hz, half_hz)
    ratio_db = _db(_energy(there)) - _db(_energy(here) - noise)
    if ratio_db < MIRROR_DB or not explains(there, here, noise):
        return None
    partner_mhz = (seen.center_hz - offset_hz) / 1e6
    return Ghost("mirror", f"conjugate of {partner_mhz:.4f} MHz, {ratio_db:.0f} dB under it")


def intermod(seen: Capture, frequency_hz: float, width_hz: float) -> Ghost | None:
    """A third-order product a + b - c of strong emissions in the same passband (a and b may be one)."""
    offset_hz = frequency_hz - seen.center_hz
    width_hz = max(width_hz, 2 * seen.bin_hz)
    half_hz = max(0.75 * width_hz, LEAST_HALF_HZ)
    parents = [one for one in strongest(seen) if abs(one[0] - offset_hz) > width_hz]
    cutter = _Cutter(seen, max(width_hz, PARENT_WIDTH_HZ))
    for a, b, c in _products(parents, offset_hz, max(width_hz, PARENT_WIDTH_HZ)):
        here = cutter.band(cutter.at(offset_hz), half_hz)
        noise = cutter.noise(offset_hz, half_hz)
        most_db = a[1] + b[1] + c[1] - 2 * WORST_IP3_DBFS + (0.0 if a is b else 6.0)
        if _db(_energy(here) - noise) > most_db:
            continue
        product = cutter.at(a[0]) * cutter.at(b[0]) * np.conj(cutter.at(c[0]))
        rotate(product, a[0] + b[0] - c[0] - offset_hz, cutter.rate_hz)
        if explains(cutter.band(product, half_hz), here, noise):
            names = " + ".join(f"{(seen.center_hz + one[0]) / 1e6:.4f}" for one in (a, b))
            minus = (seen.center_hz + c[0]) / 1e6
            return Ghost("intermod", f"third-order product {names} - {minus:.4f} MHz")
    return None


def from_recording(seen: Capture, frequency_hz: float, width_hz: float) -> Ghost | None:
    """The first of the tests on samples that calls it a ghost."""
    return mirror(seen, frequency_hz, width_hz) or intermod(seen, frequency_hz, width_hz)


# --- with the receiver at hand, or another one ---


def by_shift(before: Capture, after: Capture, frequency_hz: float, width_hz: float) -> Ghost | None:
    """What the emission did when the LO was moved: None if it stayed, or if it is nowhere to be found."""
    shift_hz = after.center_hz - before.center_hz
    was, stays = before.level(frequency_hz, width_hz), after.level(frequency_hz, width_hz)
    if not was.is_seen or stays.excess >= STAYED * was.excess:
        return None
    if _found(after.level(frequency_hz + 2 * shift_hz, width_hz), was):
        partner = before.level(2 * before.center_hz - frequency_hz, width_hz)
        is_mirror = partner.excess > was.excess * 10 ** (MIRROR_DB / 10)
        return Ghost(
            "mirror" if is_mirror else "image", f"moved by {2 * shift_hz / 1e3:.0f} kHz, twice the LO's shift"
        )
    # DC is a line: what is wider, and beside it, is a sender into whose band DC falls.
    at_center = abs(frequency_hz - before.center_hz) < 2 * before.bin_hz and width_hz < 4 * before.bin_hz
    if at_center and _found(after.level(frequency_hz + shift_hz, width_hz), was):
        return Ghost("dc", f"moved by {shift_hz / 1e3:.0f} kHz with the LO")
    return None


def by_gain(
    before: Capture, less: Capture, step_db: float, frequency_hz: float, width_hz: float
) -> Ghost | None:
    """Whether the emission fell by more than twice the gain's step: a third-order product falls by three."""
    was, now = before.level(frequency_hz, width_hz), less.level(frequency_hz, width_hz)
    if not was.is_seen or not math.isfinite(now.sigma):
        return None
    # What is not seen any more lies under what would have been.
    fell_db = _db(was.excess) - _db(max(now.excess, SEEN_SIGMA * now.sigma if not now.is_seen else 0.0))
    if fell_db <= 2 * step_db:
        return None
    return Ghost("intermod", f"fell by {fell_db:.0f} dB and more when the gain fell by {step_db:.0f} dB")


def is_back(before: Capture, again: Capture, frequency_hz: float, width_hz: float) -> bool:
    """Whether it is there as before once the setting is: else it ended meanwhile, and nothing was shown."""
    was, now = before.level(frequency_hz, width_hz), again.level(frequency_hz, width_hz)
    return was.is_seen and now.is_seen and now.excess >= STAYED * was.excess


def shift_for(before: Capture, frequency_hz: float, width_hz: float, usable_hz: float) -> float | None:
    """By how much to move the LO: what it may turn into must lie on free spectrum, in the usable part.

    None where there is no room.
    """
    half = usable_hz / 2
    offset_hz = frequency_hz - before.center_hz
    was = before.level(frequency_hz, width_hz)
    for part in SHIFTS:
        shift_hz = part * before.rate_hz
        # From the new centre a sender is seen at offset - d, an image at offset + d.
        if max(abs(offset_hz - shift_hz), abs(offset_hz + shift_hz)) > half:
            continue
        places = [before.level(frequency_hz + k * shift_hz, width_hz) for k in (1, 2)]
        if all(one.excess < 0.1 * was.excess for one in places if math.isfinite(one.sigma)):
            return shift_hz
    return None


def by_second_sensor(
    here: tuple[float, float, float, float], there: Sequence[tuple[float, float, float, float]]
) -> bool:
    """Whether one of `there`, heard by another sensor, is the same as `here` in time and frequency.

    Parameters
    ----------
    here, there
        ``(start_s, end_s, center_hz, bandwidth_hz)`` on one clock. Two sensors' clocks are a second apart at
        most, their crystals 40 ppm. That another sensor does not hear it proves nothing by itself.
    """
    start, end, center, width = here
    for a, b, f, w in there:
        if abs(f - center) <= max(width, w) / 2 + 40e-6 * center and min(b, end) - max(a, start) >= -1.0:
            return True
    return False


# --- inside ---


def _found(there: Level, was: Level) -> bool:
    return there.is_seen and there.excess >= STAYED * was.excess


def _db(power: float) -> float:
    return 10 * math.log10(max(power, 1e-20))


class _Cutter:
    """Cuts what lies at an offset out of a capture, always at the same rate, and each only once."""

    def __init__(self, seen: Capture, width_hz: float) -> None:
        self._seen = seen
        self._width_hz = width_hz
        self._kept: dict[float, NDArray[np.complex64]] = {}
        self.rate_hz = extract(seen.iq[:64], seen.format, seen.rate_hz, 0.0, width_hz).rate_hz

    def at(self, offset_hz: float) -> NDArray[np.complex64]:
        """The baseband there, without the receiver's DC."""
        kept = self._kept.get(offset_hz)
        if kept is None:
            seen = self._seen
            kept = extract(seen.iq, seen.format, seen.rate_hz, offset_hz, self._width_hz).iq
            if abs(offset_hz) < self.rate_hz / 2:
                dc = np.exp(-2j * np.pi * offset_hz / self.rate_hz * np.arange(kept.size))
                kept -= (dc * (np.vdot(dc, kept) / kept.size)).astype(np.complex64)
            self._kept[offset_hz] = kept
        return kept

    def band(self, x: NDArray[np.complex64], half_hz: float) -> NDArray[np.complex128]:
        """Spectrum of `x` within `half_hz` of its 0 Hz; the bins' energy adds up to the mean of |x|²."""
        window = np.hanning(x.size)
        bins = np.fft.fft(x * window) / math.sqrt(x.size * float(np.sum(window**2)))
        return bins[np.abs(np.fft.fftfreq(x.size, 1 / self.rate_hz)) <= half_hz].astype(np.complex128)

    def noise(self, offset_hz: float, half_hz: float) -> float:
        """Energy that the noise around `offset_hz` has in such a band."""
        spectrum = self._seen.spectrum
        at = round(offset_hz / self._seen.bin_hz + spectrum.size / 2)
        around = spectrum[max(0, at - 250) : at + 250]
        return float(np.quantile(around, 0.3)) / self._seen.bin_hz * 2 * min(half_hz, self.rate_hz / 2)


def _energy(bins: NDArray[np.complex128]) -> float:
    return float(np.sum(np.abs(bins) ** 2))


def explains(cause: NDArray[np.complex128], here: NDArray[np.complex128], noise: float) -> bool:
    """Whether `cause`, scaled, is most of what `here` holds besides noise."""
    both = _energy(cause) * _energy(here)
    if both <= 0 or here.size < 2 * LEAST_COHERENCE:
        return False
    coherence = float(np.abs(np.vdot(cause, here))) ** 2 / both
    signal = 1.0 - min(0.95, noise / _energy(here))
    # The window's neighbouring bins are not independent: two thirds of them are (Harris 1978, Hann).
    return coherence > LEAST_COHERENCE / (here.size * 2 / 3) and coherence > EXPLAINED * signal


def strongest(seen: Capture) -> list[tuple[float, float]]:
    """Offset and power (dBFS) of the strongest emissions, at least a channel apart."""
    n = seen.spectrum.size
    half = max(1, round(PARENT_WIDTH_HZ / 2 / seen.bin_hz))
    total = np.concatenate(([0.0], np.cumsum(seen.spectrum)))
    bins = np.arange(n)
    low, high = np.maximum(bins - half, 0), np.minimum(bins + half + 1, n)
    power = total[high] - total[low]
    found: list[tuple[float, float]] = []
    for _ in range(N_PARENTS):
        top = int(np.argmax(power))
        level_db = _db(float(power[top]))
        if level_db < LEAST_PARENT_DBFS:
            break
        band = seen.spectrum[low[top] : high[top]]
        at = float(np.sum(band * bins[low[top] : high[top]]) / band.sum())
        offset_hz = (at - n / 2) * seen.bin_hz
        # The centre itself is DC, which makes no products.
        if abs(offset_hz) > 2 * seen.bin_hz:
            found.append((offset_hz, level_db))
        power[max(0, top - 2 * half) : top + 2 * half + 1] = 0.0
    return found


def _products(
    parents: Sequence[tuple[float, float]], offset_hz: float, width_hz: float
) -> Iterator[tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]:
    """Triples whose product a + b - c falls within half of `width_hz` of `offset_hz`."""
    for a, b in combinations_with_replacement(parents, 2):
        for c in parents:
            if c is not a and c is not b and abs(a[0] + b[0] - c[0] - offset_hz) <= width_hz / 2:
                yield a, b, c
