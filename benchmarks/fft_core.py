"""The FFT core beside what anyone has at hand, in one run on one core: `make bench`.

Rates are Msamples per second of processor time, the best of several tries; the ratio to the bare in-cache
transform is what can be compared between machines.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pyfftw
from scipy import signal

from sdr.detect import Search
from sdr.noise import cell_means, estimate_floor
from sdr.psd import PowerSpectrum
from sdr.types import SampleFormat

TRIES = 7
N_SAMPLES = 4_000_000


def rate(work: Callable[[], None], n_samples: int) -> float:
    """Best Msamples per CPU-second over several tries, the first not counted."""
    work()
    best = float("inf")
    for _ in range(TRIES):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return n_samples / best / 1e6


def bare(n_fft: int, rows: int) -> Callable[[], None]:
    before = pyfftw.empty_aligned((rows, n_fft), dtype="complex64")
    after = pyfftw.empty_aligned((rows, n_fft), dtype="complex64")
    plan = pyfftw.FFTW(before, after, axes=(1,), flags=("FFTW_MEASURE",), threads=1)
    before[:] = np.random.default_rng(0).normal(size=(rows, n_fft))
    repeat = N_SAMPLES // (rows * n_fft)

    def work() -> None:
        for _ in range(repeat):
            plan.execute()

    return work


def numpy_rows(raw: np.ndarray, n_fft: int, rows: int) -> Callable[[], None]:
    """Windowed power with mean and max hold in plain numpy, in the same cache-sized blocks."""
    window = np.hanning(n_fft).astype(np.float32)
    mean, peak = np.zeros(n_fft), np.zeros(n_fft, np.float32)
    size = rows * n_fft

    def work() -> None:
        for at in range(0, N_SAMPLES - size + 1, size):
            part = raw[at : at + size].astype(np.float32) - 127.5
            x = part.view(np.complex64).reshape(rows, n_fft) * window
            spectrum = np.fft.fft(x, axis=1)
            power = spectrum.real**2 + spectrum.imag**2
            mean.__iadd__(power.sum(axis=0))
            np.maximum(peak, power.max(axis=0), out=peak)

    return work


def welch(raw: np.ndarray, n_fft: int) -> Callable[[], None]:
    x = (raw.astype(np.float32) - 127.5).view(np.complex64)[:, 0]

    def work() -> None:
        signal.welch(x[:N_SAMPLES], nperseg=n_fft, noverlap=0, return_onesided=False, detrend=False)

    return work


def core(raw: np.ndarray, psd: PowerSpectrum) -> Callable[[], None]:
    size = psd.samples_per_block

    def work() -> None:
        for at in range(0, N_SAMPLES - size + 1, size):
            psd.transform(raw[at : at + size])

    return work


def with_search(raw: np.ndarray, psd: PowerSpectrum) -> Callable[[], None]:
    size = psd.samples_per_block
    search = Search(psd.n_fft)
    rows = [psd.transform(raw[at : at + size]).copy() for at in range(0, 40 * size, size)]
    search.set_floor(estimate_floor(*cell_means(np.concatenate(rows))))

    def work() -> None:
        for at in range(0, N_SAMPLES - size + 1, size):
            search.push(psd.transform(raw[at : at + size]))

    return work


def main() -> None:
    rng = np.random.default_rng(1)
    raw = np.clip(np.round(rng.normal(127.5, 12, size=(N_SAMPLES, 2))), 0, 255).astype(np.uint8)
    out = sys.stdout
    out.write("Msamples per CPU-second, one core, u8 I/Q to windowed power rows with mean and max hold\n")
    for n_fft in (1024, 4096):
        psd = PowerSpectrum(SampleFormat.CU8, n_fft)
        rows = psd.rows_per_block
        limit = rate(bare(n_fft, rows), N_SAMPLES // (rows * n_fft) * rows * n_fft)
        table = {
            "bare FFT, in cache": limit,
            "this core": rate(core(raw, psd), N_SAMPLES),
            "this core and the search": rate(with_search(raw, psd), N_SAMPLES),
            "numpy.fft": rate(numpy_rows(raw, n_fft, rows), N_SAMPLES),
            "scipy.signal.welch": rate(welch(raw, n_fft), N_SAMPLES),
        }
        out.write(f"\n{n_fft} points, {rows} rows a block\n")
        for name, value in table.items():
            out.write(f"  {name:26} {value:8.1f}   {value / limit:5.2f} of the bare FFT\n")


if __name__ == "__main__":
    main()
