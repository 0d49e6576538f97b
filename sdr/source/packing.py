"""How the numbers of a file become I/Q pairs in one of the four formats that the radio room computes in.

    in the file                             to the reader
    u8, i8, i16 and f32, low byte first     as they lie: a view of the map, no copy
    i16 high byte first, u16                cs16
    i24, i32, u32, f64, f32 high byte first cf32, full scale 1
    one number a sample (real)              cf32 at half the rate: its positive frequencies

A real recording shows every signal twice, at +f and -f. The half above zero is
kept and moved down by a quarter of its rate, so that nothing is heard twice:

    z[n] = x[n] (-j)^n,   y[m] = (h * z)[2m]     h a half-band low-pass, zero phase

Every second tap of a half-band filter is zero (Crochiere and Rabiner 1983, 4.3): I is
every even sample as it lies, Q comes from the odd ones alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sdr.types import SampleFormat

_N_SIDE = 32
"""Taps on each side of Q's filter."""
_KAISER_BETA = 8.0
"""Mirrors 80 dB down from 2 % of the rate off either edge (measured in tests)."""


def _odd_taps() -> NDArray[np.float64]:
    """h[2d-1] for d from 1-`_N_SIDE` to `_N_SIDE`; the gain of 2 gives a sine its amplitude back."""
    k = 2 * np.arange(1 - _N_SIDE, _N_SIDE + 1) - 1
    window = np.kaiser(4 * _N_SIDE + 1, _KAISER_BETA)[k + 2 * _N_SIDE]
    return np.sinc(k / 2) * window


_TAPS = _odd_taps()


@dataclass(frozen=True, slots=True)
class Packing:
    """One number's kind, width and order, and whether two of them are one sample."""

    kind: Literal["u", "i", "f"]
    n_bits: int
    """8, 16, 24 (signed, low byte first) or 32; floats 32 or 64."""
    big_endian: bool = False
    is_real: bool = False

    @property
    def format(self) -> SampleFormat:
        """What a reader gets."""
        if self.is_real:
            return SampleFormat.CF32
        plain = {("u", 8): SampleFormat.CU8, ("i", 8): SampleFormat.CS8}
        wide = SampleFormat.CS16 if self.n_bits == 16 else SampleFormat.CF32
        return plain.get((self.kind, self.n_bits), wide)

    @property
    def n_per_sample(self) -> int:
        """Numbered samples of the file that become one."""
        return 2 if self.is_real else 1

    def spectrum(self, rate_hz: float, center_hz: float) -> tuple[float, float]:
        """Rate and centre to the reader; `center_hz` is what 0 Hz in the file stands for."""
        return (rate_hz / 2, center_hz + rate_hz / 4) if self.is_real else (rate_hz, center_hz)

    @property
    def n_pair_bytes(self) -> int:
        """Of two numbers: one complex sample, or the two real ones that become one."""
        return 2 * self.n_bits // 8

    def map(self, buffer: Any, first_byte: int, n_pairs: int) -> NDArray[Any]:
        """A view of the numbers in `buffer`: shape (n_pairs, 2), of bytes (n_pairs, 2, 3) for 24 bits."""
        if self.n_bits == 24:
            flat = np.frombuffer(buffer, np.uint8, 6 * n_pairs, first_byte)
            return flat.reshape(n_pairs, 2, 3)
        dtype = np.dtype(f"{'>' if self.big_endian else '<'}{self.kind}{self.n_bits // 8}")
        return np.frombuffer(buffer, dtype, 2 * n_pairs, first_byte).reshape(n_pairs, 2)

    def unpack(self, stored: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
        """Pairs `start` to `stop` of what `map` returned, in `format`: shape (stop - start, 2)."""
        if self.is_real:
            return self._analytic(stored, start, stop)
        part = stored[start:stop]
        dtype = self.format.dtype
        if part.dtype == dtype:
            return part
        if self.format is SampleFormat.CS16:
            signed = part.astype(np.uint16) ^ 0x8000 if self.kind == "u" else part
            return signed.astype(dtype, copy=False) if self.kind == "i" else signed.view(dtype)
        return self._to_floats(part)

    def _to_floats(self, part: NDArray[Any]) -> NDArray[np.float32]:
        """Full scale 1."""
        if self.kind == "f":
            with np.errstate(over="ignore"):
                return part.astype(np.float32)
        if self.n_bits == 24:
            shifted = np.zeros((*part.shape[:2], 4), np.uint8)
            shifted[..., 1:] = part  # into the high bytes: the sign comes with them
            return shifted.view("<i4")[..., 0].astype(np.float32) / np.float32(2**31)
        half = 2.0 ** (self.n_bits - 1)
        middle = half - 0.5 if (self.kind, self.n_bits) == ("u", 8) else half if self.kind == "u" else 0.0
        return ((part.astype(np.float64) - middle) / half).astype(np.float32)

    def _analytic(self, stored: NDArray[Any], start: int, stop: int) -> NDArray[np.float32]:
        low, high = start - _N_SIDE, stop + _N_SIDE
        there = slice(max(low, 0), min(high, len(stored)))
        # What is no number is passed over by the reader; its neighbours must not become none either.
        values = np.nan_to_num(self._to_floats(stored[there]), nan=0.0, posinf=0.0, neginf=0.0)
        sign = np.where(np.arange(there.start, there.stop) % 2, np.float32(-1), np.float32(1))
        values = values * sign[:, None]
        odd = np.zeros(high - low, np.float32)
        odd[there.start - low : there.stop - low] = values[:, 1]
        quadrature = -np.convolve(odd, _TAPS, "valid")[: stop - start]
        inside = values[start - there.start : stop - there.start, 0]
        return np.stack((inside, quadrature.astype(np.float32)), axis=1)


PLAIN: dict[SampleFormat, Packing] = {
    SampleFormat.CU8: Packing("u", 8),
    SampleFormat.CS8: Packing("i", 8),
    SampleFormat.CS16: Packing("i", 16),
    SampleFormat.CF32: Packing("f", 32),
}
"""Those that lie in the file as a reader gets them."""
