"""What a sweep promises against what it hears: bursts of three lengths over hops of a synthetic world.

    python -m benchmarks.sweep [SECONDS]

One sender in each quarter of the bands, begun at chance moments; a burst counts as heard if any emission
reported at its frequency has a burst that begins or ends inside it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from sdr.plan import Band, make_plan
from sdr.scanner import EmissionReport, Scanner, ScanSettings
from sdr.source.synth import SynthSource
from sdr.source.world import Emitter, World
from sdr.types import Emission

RATE_HZ = 250e3
"""A passband of 200 kHz: five hops cost little to make, and the odds do not know the rate."""
BANDS = ((433.0e6, 433.8e6), (435.0e6, 435.2e6))
WEIGHTS = (1.0, 1.0)
GAPS_S = {0.1: 1.3, 1.0: 4.0, 5.0: 9.0}
"""Mean silence between the bursts of one sender: enough bursts to count, seldom two at once."""


def world(burst_s: float, seconds: float, seed: int) -> World:
    emitters: list[Emitter] = []
    for low, high in BANDS:
        for share in (0.13, 0.37, 0.63, 0.87):
            emitters.append(
                Emitter(
                    frequency=low + share * (high - low),
                    modulation="fsk2",
                    symbol_rate=1200,
                    deviation=2500,
                    snr_db=25,
                    start=0.1 * len(emitters),
                    burst=burst_s,
                    period=burst_s + GAPS_S[burst_s],
                    jitter=GAPS_S[burst_s] * 0.9,
                )
            )
    return World(
        rate=RATE_HZ,
        center=434e6,
        seconds=seconds,
        seed=seed,
        noise_dbfs=-35,
        retune=0.015,
        emitters=tuple(emitters),
    )


def run(
    burst_s: float, seconds: float, seed: int = 3, *, turn_to_hits: bool = True
) -> list[tuple[int, float, float, float]]:
    """For each band: bursts sent, chance planned, chance by the visits made, share heard."""
    source = SynthSource("synth", world(burst_s, seconds, seed))
    heard: list[Emission] = []

    def keep(report: EmissionReport) -> None:
        if report.is_last:
            heard.append(report.emission)

    settings = ScanSettings(bands=BANDS, weights=WEIGHTS, with_modulation=False, turn_to_hits=turn_to_hits)
    scanner = Scanner(source, settings, keep)
    scanner.run()
    bands = [Band(low, high, weight) for (low, high), weight in zip(BANDS, WEIGHTS, strict=True)]
    planned = make_plan(bands, RATE_HZ, settings.dwell_s).odds()
    rows: list[tuple[int, float, float, float]] = []
    for band, plan, made in zip(BANDS, planned, scanner.odds, strict=True):
        # Bursts that the world's end cuts off would count as shorter ones.
        sent = [
            one
            for one in source.truth()
            if band[0] <= one.low_hz <= band[1] and one.end_s < seconds - burst_s
        ]
        n_heard = sum(
            _is_heard(heard, one.start_s, one.end_s, (one.low_hz + one.high_hz) / 2) for one in sent
        )
        rows.append((len(sent), plan.intercept(burst_s), made.intercept(burst_s), n_heard / len(sent)))
    return rows


def _is_heard(heard: Sequence[Emission], start_s: float, end_s: float, center_hz: float) -> bool:
    for one in heard:
        if abs(one.center_hz - center_hz) > 5e3:
            continue
        first_s = one.extra["first_sample"] / RATE_HZ - one.start_s
        # One that goes on from one visit to the next shows where it began and where it ended.
        edges = [first_s + edge for burst in one.extra["bursts_s"] for edge in burst]
        if any(start_s - 0.01 <= edge <= end_s + 0.01 for edge in edges):
            return True
    return False


def main(arguments: Sequence[str]) -> None:
    seconds = float(arguments[0]) if arguments else 240.0
    sys.stdout.write("burst  band             to hits  sent  planned  kept   heard\n")
    for burst_s in GAPS_S:
        for turn_to_hits in (False, True):
            rows = run(burst_s, seconds, turn_to_hits=turn_to_hits)
            for (low, high), (sent, planned, kept, share) in zip(BANDS, rows, strict=True):
                to_hits = "yes" if turn_to_hits else "no"
                sys.stdout.write(
                    f"{burst_s:4.1f} s  {low / 1e6:.1f}-{high / 1e6:.1f} MHz  {to_hits:>7}  "
                    f"{sent:4d}  {planned:7.3f}  {kept:.3f}  {share:.3f}  "
                    f"+-{np.sqrt(share * (1 - share) / max(sent, 1)):.3f}\n"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
