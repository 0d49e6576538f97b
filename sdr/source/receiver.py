"""What a synthetic receiver adds to the air and takes from it, ending in 8 bits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sdr.source.world import World

_N_PASSBAND_TAPS = 65
QUANTISATION_POWER = 2 / 12 / 127.5**2
"""Of two components rounded to one part in 127.5 of full scale."""


class Receiver:
    """What the receiver adds and takes away."""

    def __init__(self, world: World, n_chunk: int) -> None:
        self._world = world
        self._n_chunk = n_chunk
        self.noise_power = 10 ** (world.noise_dbfs / 10)
        self._taps: NDArray[np.float32] | None = None
        if world.edge_db > 0:
            flat = min(0.99, (world.flat or 0.8 * world.rate) / world.rate)
            at = np.linspace(0, 1, 513)
            fall_db = world.edge_db * np.clip((at - flat) / (1 - flat), 0, None) ** 2
            endless = np.roll(np.fft.irfft(10 ** (-fall_db / 20)), _N_PASSBAND_TAPS // 2)
            taps = endless[:_N_PASSBAND_TAPS] * np.hamming(_N_PASSBAND_TAPS)
            self._taps = taps.astype(np.float32)
            self._spectrum = np.fft.fft(self._taps, n_chunk + _N_PASSBAND_TAPS - 1).astype(np.complex64)
        self._last_noise: tuple[int, NDArray[np.complex64]] | None = None

    def response(self, offset_hz: float) -> float:
        """Amplitude gain at `offset_hz` from the centre."""
        if self._taps is None:
            return 1.0
        turns = offset_hz / self._world.rate * np.arange(len(self._taps))
        return float(np.abs(np.sum(self._taps * np.exp(-2j * np.pi * turns))))

    def digitise(self, iq: NDArray[np.complex64], number: int, gain: float, out: NDArray[np.uint8]) -> None:
        """Write chunk `number` of the sum of senders `iq`, as received, to `out`. Overwrites `iq`."""
        world = self._world
        iq += self._noise(number)
        iq *= np.float32(gain)
        if world.ip3_dbfs is not None:
            iq -= np.float32(10 ** (-world.ip3_dbfs / 10)) * (iq.real**2 + iq.imag**2) * iq
        parts = iq.view(np.float32).reshape(-1, 2)
        if world.imbalance_gain_db or world.imbalance_phase_deg:
            ratio, angle = 10 ** (world.imbalance_gain_db / 20), math.radians(world.imbalance_phase_deg)
            parts[:, 1] *= np.float32(ratio * math.cos(angle))
            parts[:, 1] += np.float32(ratio * math.sin(angle)) * parts[:, 0]
        if world.dc_dbfs is not None:
            parts += np.float32(10 ** (world.dc_dbfs / 20) / math.sqrt(2))
        parts *= np.float32(127.5)
        parts += np.float32(127.5)
        np.rint(parts, out=parts)
        np.clip(parts, 0, 255, out=parts)
        np.copyto(out, parts, casting="unsafe")

    def _noise(self, number: int) -> NDArray[np.complex64]:
        if self._taps is None:
            return self._white(number)
        n_tail = _N_PASSBAND_TAPS - 1
        last = self._last_noise
        before = last[1] if last is not None and last[0] == number - 1 else self._white(number - 1)
        white = self._white(number)
        self._last_noise = (number, white)
        joined = np.concatenate((before[-n_tail:], white))
        # The product of the spectra wraps around into the tail only.
        return np.fft.ifft(np.fft.fft(joined) * self._spectrum)[n_tail:].astype(np.complex64, copy=False)

    def _white(self, number: int) -> NDArray[np.complex64]:
        rng = np.random.Generator(np.random.SFC64([self._world.seed, 1, number + 1]))
        noise = rng.standard_normal(2 * self._n_chunk, dtype=np.float32)
        noise *= np.float32(math.sqrt(self.noise_power / 2))
        return noise.view(np.complex64)
