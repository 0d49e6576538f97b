"""All that the decision rests on, measured once from a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdr import fourier
from sdr.clip import Clip, narrow, rotate
from sdr.gate import gate, low_bias, quiet_power
from sdr.measure import Measures, measure, spectrum
from sdr.modulation import audio, envelope, symbols
from sdr.modulation.spread import Spread, spreads
from sdr.smooth import low_pass, moving_mean, quantile

MAX_SAMPLES = 1 << 16
"""Of one burst: two seconds of a 12.5 kHz channel. Nothing here gets better with more."""

MAX_SEARCHED = 1 << 19
"""Of one burst, for a place that holds symbols."""

SIDEBANDS_HZ = 6000.0
"""Speech on AM: twice 3 kHz."""

PAUSE_FACTOR = 6.0
"""A receiver's own filters tilt the noise by some decibels over a clip; an emission at 10 dB is over this."""

PAUSE_CONTRAST = 0.02
"""17 dB: a pause, for no speech on AM is that deep for a whole millisecond."""

STILL_CARRIER, STILL_PHASE = 0.85, 0.02
"""Nearly all power in the carrier, and a phase that moves by an eighth of a radian: no symbols, no speech
in FM. Symbols turn the phase by a quarter of a turn and more (MSK)."""

NARROW_HZ = 42e3
"""Voice FM ends at 25 kHz channels (16 to 20 kHz occupied); broadcast FM begins at about 60 kHz."""

KNOWN_FACTOR = 2.0
"""A receiver's floor is surer than what a clip shows of it, unless the clip differs by more than 3 dB: then
something wider lies under the emission, or the passband falls off."""

IF_FACTOR = 0.68
"""Half-width of the filter before the discriminator, in occupied bandwidths: wide enough that the filter
bends no symbol, narrow enough to keep the noise under FM's threshold."""


@dataclass(frozen=True, slots=True)
class Features:
    measures: Measures
    seconds: float
    """Of the burst looked at."""
    n_bursts: int
    excess: float
    keying: envelope.Keying
    swing: envelope.Swing
    eye2: symbols.Eye | None
    eye4: symbols.Eye | None
    audio: audio.AudioFeatures | None
    deviation_hz: float
    spreads: tuple[Spread, ...]
    """Of the power about the carrier, over the whole clip."""


def noise_density(clip: Clip, snr_db: float, known: float | None = None) -> float:
    """Power per hertz of the noise beside the emission, or, where it leaves no room, from its SNR.

    `known` is what the receiver's floor says.

    The lowest fifth of the spectrum is noise (the 80 % method of ITU-R SM.1753), for a clip is cut
    with one and a half times the emission's bandwidth around it.
    """
    n = len(clip.iq)
    if n < 64:
        return 1e-14
    n_bins = max(32, min(512, 1 << (n // 8).bit_length()))
    frequencies, power = spectrum(clip, ((0, n),), n_bins)
    inside = np.sort(power[np.abs(frequencies) <= 0.48 * clip.usable_hz])
    # half-overlapping windows are worth 1.8 times as many averages as windows side by side (Welch 1967)
    bias = low_bias(0.2, 1.8 * n / n_bins)
    lowest = float(inside[: max(1, len(inside) // 5)].mean()) / bias * n_bins / clip.rate_hz
    # a clip is mostly silence around a short burst: its loudest millisecond is the burst's own power
    window = max(1, min(n, int(0.001 * clip.rate_hz)))
    loudest = float(np.max(moving_mean(clip.iq.real**2 + clip.iq.imag**2, window)))
    stated = loudest / (10 ** (snr_db / 10)) / max(clip.bandwidth_hz, 1.0)
    # beside a signal without a quiet edge the lowest fifth still holds signal
    if known is not None and known / KNOWN_FACTOR < lowest < known * KNOWN_FACTOR:
        return known
    rough = max(min(lowest, stated * 4.0), 1e-16)
    # the pauses hear the noise through the same filter; without pauses they are far over the rough value
    paused = quiet_power(clip) / clip.noise_hz
    heard = quantile(clip.iq.real**2 + clip.iq.imag**2, 0.98) / clip.noise_hz
    if 0.5 * rough < paused < PAUSE_FACTOR * rough or paused < PAUSE_CONTRAST * heard:
        return paused
    return rough


def _filtered(iq: NDArray[np.complex64], rate_hz: float, half_width_hz: float) -> NDArray[np.complex64]:
    if half_width_hz >= 0.48 * rate_hz or len(iq) < 64:
        return iq
    return low_pass(iq, rate_hz, half_width_hz)


def _frequency(iq: NDArray[np.complex64], rate_hz: float) -> NDArray[np.float64]:
    """Instantaneous frequency in hertz, the clicks of FM's threshold cut to what the filter can pass."""
    turned = iq[1:] * np.conj(iq[:-1])
    return np.angle(turned).astype(np.float64) * (rate_hz / (2 * np.pi))


def extract(clip: Clip, snr_db: float, known_density: float | None = None) -> Features | None:
    """None when nothing stands out of the noise."""
    density = noise_density(clip, snr_db, known_density)
    found = measure(clip, density)
    if found is None:
        return None
    inner = narrow(clip, found.center_offset_hz, max(found.bandwidth_hz, 500.0))
    bursts = gate(inner, density)
    if not bursts.bursts:
        return None
    first, last = max(bursts.bursts, key=lambda span: float(np.sum(np.abs(inner.iq[span[0] : span[1]]) ** 2)))
    begin, searched = first, min(last - first, MAX_SEARCHED)
    if last - first > MAX_SAMPLES:
        first += (last - first - MAX_SAMPLES) // 4
        last = first + MAX_SAMPLES
    burst = inner.iq[first:last].copy()
    rate = inner.rate_hz
    bandwidth = found.bandwidth_hz
    half_width = max(IF_FACTOR * bandwidth, 300.0)
    tight = _filtered(burst, rate, half_width)
    tight_noise = min(density * 2 * half_width, bursts.noise_power)
    keyed = envelope.keying(burst, rate, bursts.noise_power, bandwidth)
    frequency = _on_only(tight, _frequency(tight, rate), keyed)
    # 99 % of a shallow AM is its carrier alone: the sidebands are looked for wider than the bandwidth
    wide = (
        narrow(clip, found.center_offset_hz, max(bandwidth, SIDEBANDS_HZ))
        if bandwidth < SIDEBANDS_HZ
        else inner
    )
    span = slice(int(first / rate * wide.rate_hz), int(last / rate * wide.rate_hz))
    centred = wide.iq[span].copy()
    rotate(centred, -_line_hz(centred, wide.rate_hz), wide.rate_hz)
    swing = envelope.swing(centred, wide.rate_hz, density * wide.noise_hz)
    still = swing.carrier_share > STILL_CARRIER and swing.quadrature < STILL_PHASE + 3 * swing.error
    # a pager sends a second of preamble first: symbols are looked for in places all over the burst
    long = frequency
    if searched > len(burst):
        all_of_it = _filtered(inner.iq[begin : begin + searched], rate, half_width)
        long = _on_only(all_of_it, _frequency(all_of_it, rate), keyed)
    limits = max(bandwidth / 40, 40.0), min(1.15 * bandwidth, rate / 2)
    eye2, eye4 = (None, None) if still else symbols.best_eyes(long, rate, *limits)
    return Features(
        measures=found,
        seconds=(last - first) / rate,
        n_bursts=len(bursts.bursts),
        excess=envelope.excess(tight, tight_noise),
        keying=keyed,
        swing=swing,
        eye2=eye2,
        eye4=eye4,
        audio=None if still else audio.features(frequency, rate),
        deviation_hz=(quantile(frequency, 0.97) - quantile(frequency, 0.03)) / 2 if len(frequency) else 0.0,
        spreads=spreads(clip, found.center_offset_hz, bandwidth, density) if bandwidth < NARROW_HZ else (),
    )


def _on_only(
    iq: NDArray[np.complex64], frequency: NDArray[np.float64], keyed: envelope.Keying
) -> NDArray[np.float64]:
    """Inside pauses the discriminator hears only noise: hold zero there."""
    if keyed.depth > 0.5 or keyed.low_share < 0.02:
        return frequency
    size = np.abs(iq[1:])
    limit = 0.5 * quantile(size, 0.9)
    middle = float(np.median(frequency[size > limit])) if np.any(size > limit) else 0.0
    return np.where(size > limit, frequency, middle)


def _line_hz(iq: NDArray[np.complex64], rate_hz: float) -> float:
    """The strongest line's frequency."""
    size = min(len(iq), 1 << 15)
    n_bins = 1 << max(4, 2 * size - 1).bit_length()
    padded = np.zeros(n_bins, np.complex64)
    padded[:size] = iq[:size] * np.hanning(size).astype(np.float32)
    bins = fourier.forward(padded)
    at = int((bins.real**2 + bins.imag**2).argmax())
    return (at if at < n_bins // 2 else at - n_bins) * rate_hz / n_bins
