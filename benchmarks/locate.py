"""How often the 90 % area holds the sender, and how large it is: ``python -m benchmarks.locate``.

Senders, powers, exponents and shadowing are drawn anew each time; the exponent and the shadowing's spread
are those of the world, which `sdr.locate` is not told.
"""

from __future__ import annotations

import sys

import numpy as np

from sdr.locate import Heard, locate

Rng = np.random.Generator
N = 400


def sensors(rng: Rng, n: int, span_m: float) -> np.ndarray:
    """Sensors on a rough grid: one at each building, as they are put up."""
    side = int(np.ceil(np.sqrt(n)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:n]
    return (grid / max(1, side - 1) + rng.uniform(-0.15, 0.15, (n, 2))) * span_m


def trial(rng: Rng, n: int, span_m: float, beyond_m: float, sigma_db: float, exponent: float):
    at = sensors(rng, n, span_m)
    low, high = at.min(axis=0) - beyond_m, at.max(axis=0) + beyond_m
    sender = rng.uniform(low, high)
    distance = np.maximum(np.hypot(*(at - sender).T), 10.0)
    level = rng.uniform(-60, 0) - 10 * exponent * np.log10(distance) + sigma_db * rng.standard_normal(n)
    area = locate([Heard(str(i), *at[i], float(level[i])) for i in range(n)])
    assert area is not None
    miss_m = float(np.hypot(*(np.array(area.likeliest_m) - sender)))
    return area.holds(*sender), area.area_m2, area.is_vague, miss_m


CASES = [
    # sensors, span, beyond, sigma (None: 4 to 10), exponent (None: 2.5 to 4.5)
    (3, 400.0, 200.0, None, None),
    (4, 200.0, 0.0, 8.0, 3.5),
    (4, 400.0, 200.0, None, None),
    (6, 400.0, 0.0, 8.0, 3.5),
    (6, 400.0, 200.0, None, None),
    (12, 600.0, 0.0, 8.0, 3.5),
    (12, 600.0, 200.0, None, None),
    (12, 600.0, 400.0, None, None),
]


def main(n: int = N) -> None:
    print(f"{n} senders a line; area: median of the 90 % area; miss: median error of the likeliest block")
    print("| sensors | span m | beyond m | sigma dB | n | held | area ha | vague | miss m |")
    print("|---|---|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(20260607)
    for number, span, beyond, sigma, exponent in CASES:
        got = [
            trial(rng, number, span, beyond, sigma or rng.uniform(4, 10), exponent or rng.uniform(2.5, 4.5))
            for _ in range(n)
        ]
        held, area, vague, miss = (np.array(column, dtype=float) for column in zip(*got, strict=True))
        print(
            f"| {number} | {span:.0f} | {beyond:.0f} | {sigma or '4-10'} | {exponent or '2.5-4.5'} "
            f"| {held.mean():.1%} | {np.median(area) / 1e4:.1f} | {vague.mean():.0%} "
            f"| {np.median(miss):.0f} |"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else N)
