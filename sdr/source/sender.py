"""One sender of a synthetic world: its bursts, and what a receiver tuned somewhere hears of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sdr.source.receiver import QUANTISATION_POWER, Receiver
from sdr.source.signals import Pattern, make_pattern
from sdr.source.world import World

_N_HALF_TAPS = 6
"""Pattern samples on each side of the interpolator: -80 dB beyond three quarters of the pattern's rate."""


@dataclass(frozen=True, slots=True)
class TruthEmission:
    """One transmission that the world holds."""

    start_s: float
    end_s: float
    low_hz: float
    high_hz: float
    snr_db: float
    modulation: str
    name: str = ""


class Sender:
    """One emitter at the world's rate."""

    def __init__(self, world: World, number: int, n_chunk: int) -> None:
        self._world = world
        self._emitter = world.emitters[number]
        self._number = number
        self._n_chunk = n_chunk
        self._pattern, self._n_up = self._make_pattern()
        noise = 10 ** (world.noise_dbfs / 10) + QUANTISATION_POWER
        noise_in_band_db = 10 * math.log10(noise * self._pattern.bandwidth_hz / world.rate)
        if self._emitter.level_dbfs is not None:
            level_db = self._emitter.level_dbfs
        else:
            level_db = noise_in_band_db + (self._emitter.snr_db or 0.0)
        self._amplitude = 10 ** (level_db / 20)
        self._snr_db = level_db - noise_in_band_db
        self._taps = self._make_taps()
        self._rotation: dict[float, NDArray[np.complex64]] = {}

    def truth(self, seconds: float) -> list[TruthEmission]:
        """The bursts that begin in the first `seconds`."""
        emitter, half = self._emitter, self._pattern.bandwidth_hz / 2
        drifted = [emitter.drift * (seconds - emitter.start), 0.0]
        return [
            TruthEmission(
                start,
                min(stop, seconds),
                emitter.frequency - half + min(drifted),
                emitter.frequency + half + max(drifted),
                self._snr_db,
                emitter.modulation,
                emitter.name,
            )
            for _, start, stop in self._bursts(0.0, seconds)
        ]

    def add(self, sum_: NDArray[np.complex64], first: int, center_hz: float, receiver: Receiver) -> None:
        """Add what is heard at `center_hz` from sample `first` on."""
        rate = self._world.rate
        bursts = self._bursts(first / rate, (first + len(sum_)) / rate)
        if not bursts:
            return
        offset_hz = self._emitter.frequency - center_hz
        image_hz = None if self._world.image_if is None else 2 * self._world.image_if - offset_hz
        for number, start_s, stop_s in bursts:
            start, stop = round(start_s * rate), round(stop_s * rate)
            low, high = max(first, start), min(first + len(sum_), stop)
            if low >= high:
                continue
            part = sum_[low - first : high - first]
            if abs(offset_hz) < rate / 2:
                amplitude = self._amplitude * receiver.response(offset_hz)
                part += self._received(
                    number, start, stop, low, high, first, offset_hz, amplitude, mirrored=False
                )
            if image_hz is not None and abs(image_hz) < rate / 2:
                amplitude = self._amplitude * receiver.response(image_hz) * 10 ** (-self._world.image_db / 20)
                part += self._received(
                    number, start, stop, low, high, first, image_hz, amplitude, mirrored=True
                )

    def _make_pattern(self) -> tuple[Pattern, int]:
        rng = np.random.Generator(np.random.SFC64([self._world.seed, 2, self._number]))
        return make_pattern(self._emitter, self._world.rate, rng)

    def _make_taps(self) -> NDArray[np.float32]:
        """Column r holds the weights of the neighbours for the r-th sample after a pattern sample."""
        neighbour = np.arange(-_N_HALF_TAPS, _N_HALF_TAPS + 1)[:, None]
        distance = np.arange(self._n_up) / self._n_up - neighbour
        window = np.i0(8.0 * np.sqrt(np.clip(1 - (distance / (_N_HALF_TAPS + 1)) ** 2, 0, 1))) / np.i0(8.0)
        return (np.sinc(distance) * window).astype(np.float32)

    def _bursts(self, low_s: float, high_s: float) -> list[tuple[int, float, float]]:
        """Number, start and stop of each burst that touches [low_s, high_s)."""
        emitter = self._emitter
        last_s = math.inf if emitter.stop is None else emitter.stop
        if emitter.burst is None:
            spans = [(0, emitter.start, last_s)]
        elif emitter.period is None:
            spans = [(0, *self._jittered(0, emitter.start, emitter.burst))]
        else:
            first = max(0, math.floor((low_s - emitter.start) / emitter.period) - 1)
            final = max(first, math.ceil((high_s - emitter.start) / emitter.period))
            spans = [
                (number, *self._jittered(number, emitter.start + number * emitter.period, emitter.burst))
                for number in range(first, final + 1)
            ]
        return [
            (number, start, min(stop, last_s, 1e9))
            for number, start, stop in spans
            if start < min(high_s, last_s) and stop > low_s
        ]

    def _jittered(self, number: int, start: float, length: float) -> tuple[float, float]:
        start += self._chance(number, 3) * self._emitter.jitter
        return start, start + length

    def _chance(self, number: int, purpose: int) -> float:
        return float(
            np.random.Generator(np.random.SFC64([self._world.seed, purpose, self._number, number])).random()
        )

    def _received(
        self,
        number: int,
        start: int,
        stop: int,
        low: int,
        high: int,
        first: int,
        offset_hz: float,
        amplitude: float,
        *,
        mirrored: bool,
    ) -> NDArray[np.complex64]:
        begin = int(self._chance(number, 4) * len(self._pattern.samples)) * self._n_up
        sent = self._baseband(begin + low - start, high - low)
        if self._emitter.drift:
            seconds = np.arange(low, high) / self._world.rate - self._emitter.start
            sent = sent * np.exp(1j * np.pi * self._emitter.drift * seconds**2).astype(np.complex64)
        if mirrored:
            sent = np.conj(sent)
        turns = math.fmod(offset_hz * first / self._world.rate, 1.0)
        rotation = self._rotation_at(offset_hz)[low - first : high - first]
        heard = sent * rotation
        heard *= np.complex64(amplitude * np.exp(2j * np.pi * turns))
        self._keyed(heard, start, stop, low)
        return heard

    def _baseband(self, position: int, n: int) -> NDArray[np.complex64]:
        """Samples `position`... of the endless pattern at the world's rate."""
        samples, n_up = self._pattern.samples, self._n_up
        if n_up == 1:
            return samples.take(np.arange(position, position + n), mode="wrap")
        first, skip = divmod(position, n_up)
        n_coarse = (skip + n - 1) // n_up + 1
        places = np.arange(first - _N_HALF_TAPS, first + n_coarse + _N_HALF_TAPS)
        coarse = samples.take(places, mode="wrap")
        windows = sliding_window_view(coarse, 2 * _N_HALF_TAPS + 1)
        fine = np.empty(n_coarse * n_up, dtype=np.complex64)
        # Real by real: twice as fast as a complex product with real taps.
        fine.real = (np.ascontiguousarray(windows.real) @ self._taps).ravel()
        fine.imag = (np.ascontiguousarray(windows.imag) @ self._taps).ravel()
        return fine[skip : skip + n]

    def _rotation_at(self, offset_hz: float) -> NDArray[np.complex64]:
        if offset_hz not in self._rotation:
            if len(self._rotation) > 1:
                self._rotation.clear()
            turns = offset_hz / self._world.rate * np.arange(self._n_chunk)
            self._rotation[offset_hz] = np.exp(2j * np.pi * turns).astype(np.complex64)
        return self._rotation[offset_hz]

    def _keyed(self, heard: NDArray[np.complex64], start: int, stop: int, low: int) -> None:
        """Raise and lower the burst's edges as a half cosine, in place."""
        n_ramp = min(round(self._emitter.ramp * self._world.rate), (stop - start) // 2)
        high = low + len(heard)
        if n_ramp < 1 or (low >= start + n_ramp and high <= stop - n_ramp):
            return
        at = np.arange(low, high)
        inside = np.clip(np.minimum(at - start + 1, stop - at) / (n_ramp + 1), 0, 1)
        heard *= (0.5 - 0.5 * np.cos(np.pi * inside)).astype(np.float32)
