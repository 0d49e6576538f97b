"""Detection against the clairvoyant energy detector, and false alarms: `make bench-detection`.

The limit is an energy detector that is told band and time (chi-squared with 2NT degrees of freedom), set to
the same false-alarm rate for its one test as ours for each of its boxes. Emitters are Gaussian noise 12.5 kHz
wide, twenty at a time, 100 kHz apart, in 2.4 MHz of white noise as 8-bit samples.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

from sdr.detect import FALSE_ALARM
from sdr.types import Block, Hop, SampleFormat
from sdr.watch import Watch

RATE_HZ = 2_400_000
WIDTH_HZ = 12_500.0
N_EMITTERS = 20
NOISE_RMS = 12.0
"""In steps of the converter: a gain at which an RTL-SDR's noise fills three to four bits."""
LEAD_S = 0.7


def clairvoyant_snr_db(duration_s: float, detection: float = 0.9) -> float:
    """SNR at which an energy detector that knows band and time detects with probability `detection`."""
    freedom = 2 * WIDTH_HZ * duration_s
    limit = chi2.isf(FALSE_ALARM, freedom)

    def miss(snr: float) -> float:
        return float(chi2.sf(limit / (1 + snr), freedom)) - detection

    return 10 * float(np.log10(brentq(miss, 1e-4, 1e4)))


def centres() -> NDArray[np.float64]:
    return (np.arange(N_EMITTERS) - (N_EMITTERS - 1) / 2) * 100_000.0 + 7_300.0


def recording(duration_s: float, snr_db: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Noise, with `N_EMITTERS` emitters on from `LEAD_S` for `duration_s`."""
    n = round((LEAD_S + duration_s + 1.0) * RATE_HZ)
    x = (rng.standard_normal(n, np.float32) + 1j * rng.standard_normal(n, np.float32)) * np.float32(NOISE_RMS)
    on = round(duration_s * RATE_HZ)
    spectrum = np.zeros(on, np.complex64)
    bin_hz = RATE_HZ / on
    noise_per_bin = 2 * NOISE_RMS**2 * on  # of an FFT over `on` samples
    for centre in centres():
        first = round((centre - WIDTH_HZ / 2) / bin_hz)
        bins = np.arange(first, first + max(1, round(WIDTH_HZ / bin_hz))) % on
        scale = np.sqrt(noise_per_bin * 10 ** (snr_db / 10) / 2)
        spectrum[bins] = (rng.standard_normal(bins.size) + 1j * rng.standard_normal(bins.size)) * scale
    start = round(LEAD_S * RATE_HZ)
    x[start : start + on] += np.fft.ifft(spectrum)
    pairs = np.stack((x.real, x.imag), axis=1)
    return np.clip(np.round(pairs + 127.5), 0, 255).astype(np.uint8)


def watched(raw: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
    """(start s, end s, low Hz, high Hz) of what the detector finds."""
    watch = Watch(SampleFormat.CU8, float(RATE_HZ))
    hop = Hop(0.0, float(RATE_HZ))
    at = datetime(2026, 6, 7, tzinfo=UTC)
    found = []
    for first in range(0, len(raw), 1 << 18):
        watch.push(Block(hop, first, at, raw[first : first + (1 << 18)]))
        watch.take_new()
    still = watch.finish()
    for one in (*watch.take_over(), *still):
        shape = watch.tracker.shape(one)
        start = watch.sample_of(one.first_row) / RATE_HZ
        end = (watch.sample_of(one.last_row) + watch.n_fft) / RATE_HZ
        low, high = ((edge - watch.n_fft / 2) * watch.bin_hz for edge in (shape.low, shape.high))
        found.append((start, end, low, high))
    return found


def detected(duration_s: float, snr_db: float, rng: np.random.Generator) -> tuple[int, int]:
    """Emitters found, and emissions reported for them, of `N_EMITTERS`."""
    found = watched(recording(duration_s, snr_db, rng))
    n_found = n_reports = 0
    for centre in centres():
        hits = [
            f
            for f in found
            if f[2] - 2000 < centre + WIDTH_HZ / 2
            and f[3] + 2000 > centre - WIDTH_HZ / 2
            and f[0] < LEAD_S + duration_s
            and f[1] > LEAD_S
        ]
        n_found += bool(hits)
        n_reports += len(hits)
    return n_found, n_reports


def needed_snr_db(duration_s: float, rng: np.random.Generator, n_recordings: int) -> tuple[float, float]:
    """SNR at which nine of ten are found (between steps of half a decibel), and reports per emitter found."""
    limit = clairvoyant_snr_db(duration_s)
    before: tuple[float, float] | None = None
    for step in np.arange(0.0, 8.0, 0.5):
        counts = [detected(duration_s, limit + step, rng) for _ in range(n_recordings)]
        share = sum(c[0] for c in counts) / (n_recordings * N_EMITTERS)
        if share >= 0.9:
            at = limit + step
            if before is not None:
                at = float(np.interp(0.9, [before[1], share], [before[0], at]))
            return at, sum(c[1] for c in counts) / max(1, sum(c[0] for c in counts))
        before = (limit + step, share)
    return float("nan"), float("nan")


def false_alarms(seconds: float, rng: np.random.Generator) -> int:
    """Emissions in `seconds` of white noise, watched without a break."""
    watch = Watch(SampleFormat.CU8, float(RATE_HZ))
    hop = Hop(0.0, float(RATE_HZ))
    at = datetime(2026, 6, 7, tzinfo=UTC)
    n, first = 0, 0
    while first < seconds * RATE_HZ:
        size = RATE_HZ // 4
        pairs = rng.standard_normal((size, 2), np.float32) * np.float32(NOISE_RMS) + np.float32(127.5)
        watch.push(Block(hop, first, at, np.clip(np.rint(pairs), 0, 255).astype(np.uint8)))
        n += len(watch.take_over())
        first += size
    return n + len(watch.finish())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--recordings", type=int, default=3, help="of twenty emitters, for each point")
    options.add_argument("--noise-s", type=float, default=600.0, help="seconds of noise for false alarms")
    given = options.parse_args()
    rng = np.random.default_rng(20260607)
    out = sys.stdout
    out.write("| burst | clairvoyant detector, Pd 0.9 | this detector, Pd 0.9 | distance | reports each |\n")
    out.write("|---|---|---|---|---|\n")
    for duration_s in (0.01, 0.03, 0.1, 0.3, 1.0, 5.0):
        limit = clairvoyant_snr_db(duration_s)
        at, reports = needed_snr_db(duration_s, rng, given.recordings)
        out.write(
            f"| {duration_s * 1000:.0f} ms | {limit:.1f} dB | {at:.1f} dB | {at - limit:.1f} dB | "
            f"{reports:.2f} |\n"
        )
        out.flush()
    start = time.process_time()
    n = false_alarms(given.noise_s, rng)
    out.write(
        f"\nFalse emissions in {given.noise_s:.0f} s of 2.4 MHz of noise: {n} "
        f"({time.process_time() - start:.0f} s of processor time, noise making included)\n"
    )


if __name__ == "__main__":
    main()
