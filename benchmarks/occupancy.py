"""Occupancy of made channels at known duty: ``python -m benchmarks.occupancy``.

Each world has one channel a duty with bursts at random times; the truth is the world's own list of bursts.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from sdr.occupancy import OccupancyMeter
from sdr.source.synth import SynthSource
from sdr.source.world import parse_world

SECONDS = 60
DUTIES = {
    409_943_750: (0.01, 0.1),
    409_968_750: (0.1, 0.5),
    410_018_750: (0.5, 2.0),
    410_043_750: (1.0, None),
}
"""Channel centre: duty, and length of a burst in seconds."""


def world(seed: int, snr_db: float) -> SynthSource:
    lines = []
    for center_hz, (duty, burst_s) in DUTIES.items():
        bursts = ""
        if burst_s is not None:
            # A burst begins within the rest of its period by chance, so none overlaps the next.
            period = burst_s / duty
            bursts = f", burst: {burst_s}, period: {period}, jitter: {0.9 * (period - burst_s)}"
        lines.append(f"  - {{frequency: {center_hz}, modulation: nfm, snr_db: {snr_db}{bursts}}}")
    text = f"rate: 250k\ncenter: 410M\nseconds: {SECONDS}\nseed: {seed}\nnoise_dbfs: -40\nemitters:\n"
    return SynthSource("made", parse_world(text + "\n".join(lines), "made"))


def main(n: int = 6) -> None:
    print(f"{n} worlds a line of {SECONDS} s; FCO in percent, error in percent of the whole")
    print("| duty | SNR dB | mean FCO | worst error | median interval | truth inside |")
    print("|---|---|---|---|---|---|")
    began, heard_s = time.perf_counter(), 0.0
    for snr_db in (10.0, 20.0):
        got: dict[float, list[tuple[float, float, float, float]]] = {duty: [] for duty, _ in DUTIES.values()}
        for seed in range(n):
            source = world(seed, snr_db)
            truth = dict.fromkeys(DUTIES, 0.0)
            for one in source.truth():
                center = min(DUTIES, key=lambda hz: abs(hz - (one.low_hz + one.high_hz) / 2))
                truth[center] += (one.end_s - one.start_s) / SECONDS
            meter = OccupancyMeter(source, (409.9e6, 410.1e6), 12.5e3)
            for _ in meter.run():
                pass
            heard_s += SECONDS
            for channel in meter.result().channels:
                center = round(channel.center_hz)
                if center in DUTIES:
                    fco = channel.fco
                    got[DUTIES[center][0]].append((fco.value, truth[center], fco.low, fco.high))
        for duty, rows in got.items():
            value, true, low, high = np.array(rows).T
            inside = np.mean((low <= duty) & (duty <= high))
            print(
                f"| {duty:.0%} | {snr_db:.0f} | {value.mean():.2%} | {np.abs(value - true).max():.3%} "
                f"| {np.median(low):.1%}-{np.median(high):.1%} | {inside:.0%} |"
            )
    took = time.perf_counter() - began
    print(f"{heard_s / took:.0f} s of samples a second at 250 kS/s, making them included")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
