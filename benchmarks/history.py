"""A day of one receiver's spectrum: what writing costs, how much disk it takes, how fast views of it are.

    python -m benchmarks.history FOLDER

Rows of noise with a burst every five minutes, 1,024 bins, one a second. An existing FOLDER is read only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from sdr.history import DAY_S, History
from sdr.history_feed import Series
from sdr.history_view import view

SERIES = Series(433_920_000, 2_400_000, 1024, 1)
DAY = datetime(2026, 6, 7, tzinfo=UTC)
SPANS_S = (60, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400)


def write(folder: Path) -> None:
    rng = np.random.default_rng(1)
    means = (1e-10 * (1 + 0.01 * rng.standard_normal((64, SERIES.n_bins)))).astype(np.float32)
    peaks = (1e-10 * (6 + rng.standard_normal((64, SERIES.n_bins)))).astype(np.float32)
    history = History(folder, "bench")
    for i in range(DAY_S):
        mean, peak = means[i % 64].copy(), peaks[(7 * i) % 64].copy()
        if i % 300 < 3:
            mean[300:306] *= 100
            peak[300:306] *= 100
        while history.n_queued > 200:
            time.sleep(0.001)
        history.add(SERIES, DAY + timedelta(seconds=i), mean, peak)
    history.close()


def main(arguments: Sequence[str]) -> None:
    folder = Path(arguments[0])
    if not folder.exists():
        began = time.process_time()
        write(folder)
        sys.stdout.write(f"writing a day: {time.process_time() - began:.0f} s of CPU\n")
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    sys.stdout.write(f"on disk: {size / 1e6:.1f} MB in {len(files)} files\n")
    rng = np.random.default_rng(2)
    low, high = SERIES.low_hz, SERIES.low_hz + SERIES.rate_hz
    view(folder, "bench", low, high, DAY, DAY + timedelta(seconds=60))
    for span in SPANS_S:
        took: list[float] = []
        for _ in range(10):
            start = DAY + timedelta(seconds=float(rng.uniform(0, DAY_S - span)))
            a, b = sorted(rng.uniform(low, high, 2))
            began = time.perf_counter()
            view(folder, "bench", a, b, start, start + timedelta(seconds=span))
            took.append(1e3 * (time.perf_counter() - began))
        sys.stdout.write(
            f"view of {span:6d} s: median {np.median(took):4.0f} ms, worst {max(took):4.0f} ms\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
