"""From a clip to sound: NFM and AM, with squelch and de-emphasis.

    clip ──channel filter──> discriminator (NFM), envelope (AM) ──16 kHz──> squelch, de-emphasis, 300-3400 Hz

The squelch needs no level: it opens on what noise does not have. Noise has an envelope that
varies as much as its mean (exponential law), FM a constant one; AM has a line, noise has none.

scipy.signal is loaded when something is demodulated: it costs half a second and 50 MB, which a scan that
hears nothing to decode does not need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.clip import Clip, extract
from sdr.types import SampleFormat

Floats = NDArray[np.float64]

AUDIO_RATE_HZ = 16000
FULL_DEVIATION_HZ = 5000.0
"""Peak deviation in 25 kHz channels (ETSI EN 300 086); half of it in 12.5 kHz channels is half the scale."""

DE_EMPHASIS_S = 1 / (2 * np.pi * 300)
"""6 dB an octave over the speech band (TIA-603): a corner at its lower end."""

SQUELCH_FRAME_S = 0.02
SQUELCH_HANG_S = 0.25
"""Over the pauses between syllables."""

NOISE_VARIATION = 0.45
"""Variance over squared mean of the power: (2 r + 1) / (r + 1)^2 at a signal-to-noise ratio r; 5 dB."""

LINE_SHARE = 0.2
"""Of the power in one line: about 0.05 in noise for the frames used, half and more in AM at 5 dB."""


class Mode(StrEnum):
    NFM = "nfm"
    AM = "am"


CHANNEL_HZ = {Mode.NFM: 15000.0, Mode.AM: 9000.0}
"""Carson's rule for 2.5 kHz deviation (11 kHz), a little wider for 5 kHz; twice the speech band for AM."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    samples: NDArray[np.float32]
    """-1 to 1, silent where the squelch is closed."""
    rate_hz: int
    open_share: float
    """Share of the time in which the squelch was open."""


def _resampled(audio: Floats, rate_hz: float, wanted_hz: int) -> Floats:
    ratio = Fraction(wanted_hz / rate_hz).limit_denominator(4000)
    if ratio == 1 or not len(audio):
        return audio
    from scipy import signal

    return np.asarray(signal.resample_poly(audio, ratio.numerator, ratio.denominator), np.float64)


def _channel(clip: Clip, width_hz: float) -> NDArray[np.complex64]:
    if width_hz >= 0.95 * clip.rate_hz or len(clip.iq) < 128:
        return clip.iq
    from scipy import signal

    taps = signal.firwin(101, width_hz / 2, fs=clip.rate_hz)
    return np.asarray(signal.oaconvolve(clip.iq, taps, mode="same"), np.complex64)


def discriminate(clip: Clip, width_hz: float, rate_hz: int) -> Floats:
    """Instantaneous frequency over 5 kHz, flat, at `rate_hz`: what decoders of tones and pagers want."""
    iq = _channel(clip, width_hz)
    if len(iq) < 2:
        return np.zeros(0)
    turned = np.angle(iq[1:] * np.conj(iq[:-1])).astype(np.float64)
    frequency = np.concatenate([turned[:1], turned]) * clip.rate_hz / (2 * np.pi)
    return _resampled(frequency / FULL_DEVIATION_HZ, clip.rate_hz, rate_hz)


def _frames(iq: NDArray[np.complex64], rate_hz: float) -> NDArray[np.complex64]:
    size = max(8, int(SQUELCH_FRAME_S * rate_hz))
    n = len(iq) // size
    return iq[: n * size].reshape(n, size)


def squelch(iq: NDArray[np.complex64], rate_hz: float, mode: Mode) -> NDArray[np.bool_]:
    """Open or closed, one value for each frame of 20 ms; held open over short pauses, both ways."""
    frames = _frames(iq, rate_hz)
    if not len(frames):
        return np.zeros(0, np.bool_)
    if mode is Mode.NFM:
        power = np.abs(frames).astype(np.float64) ** 2
        mean = power.mean(axis=1)
        is_open = power.var(axis=1) < NOISE_VARIATION * np.maximum(mean, 1e-20) ** 2
    else:
        window = np.hanning(frames.shape[1]).astype(np.float32)
        spectra = np.abs(np.fft.fft(frames * window, axis=1)) ** 2
        line = sum(np.roll(spectra, shift, axis=1) for shift in (-1, 0, 1))
        is_open = np.max(np.asarray(line), axis=1) > LINE_SHARE * np.maximum(spectra.sum(axis=1), 1e-20)
    # a lone frame is chance: two of three neighbours must agree, then the gate hangs
    agreed = np.convolve(is_open.astype(int), np.ones(3, int), mode="same") >= 2
    hang = max(1, round(SQUELCH_HANG_S / SQUELCH_FRAME_S))
    return np.convolve(agreed.astype(int), np.ones(2 * hang + 1, int), mode="same") > 0


def demodulate(clip: Clip, mode: Mode, *, squelched: bool = True) -> Sound:
    """Speech from `clip`, centred on the emission."""
    from scipy import signal

    width_hz = CHANNEL_HZ[mode]
    iq = _channel(clip, width_hz)
    if len(iq) < int(0.03 * clip.rate_hz) + 128:
        return Sound(np.zeros(0, np.float32), AUDIO_RATE_HZ, 0.0)
    if mode is Mode.NFM:
        audio = discriminate(clip, width_hz, AUDIO_RATE_HZ)
        # unity at 1 kHz, where speech is judged
        decay = float(np.exp(-1 / (DE_EMPHASIS_S * AUDIO_RATE_HZ)))
        gain = float(np.sqrt(1 + (1000 / 300) ** 2))
        audio = np.asarray(signal.lfilter([gain * (1 - decay)], [1, -decay], audio), np.float64)
    else:
        size = np.abs(iq).astype(np.float64)
        slow = max(1, int(0.2 * clip.rate_hz))
        level = np.convolve(np.pad(size, slow // 2, mode="edge"), np.ones(slow) / slow, mode="valid")[
            : len(size)
        ]
        level = np.pad(level, (0, len(size) - len(level)), mode="edge")
        audio = _resampled(size / np.maximum(level, 1e-9) - 1, clip.rate_hz, AUDIO_RATE_HZ)
    speech = signal.butter(4, [300, 3400], btype="band", fs=AUDIO_RATE_HZ, output="sos")
    audio = np.asarray(signal.sosfilt(speech, audio), np.float64)
    share = 1.0
    if squelched:
        gate = squelch(iq, clip.rate_hz, mode)
        share = float(gate.mean()) if len(gate) else 0.0
        frame = SQUELCH_FRAME_S * AUDIO_RATE_HZ
        place = np.minimum((np.arange(len(audio)) / frame).astype(int), max(len(gate) - 1, 0))
        opened = gate[place].astype(np.float64) if len(gate) else np.zeros(len(audio))
        ramp = int(0.005 * AUDIO_RATE_HZ)
        audio = audio * np.convolve(opened, np.ones(ramp) / ramp, mode="same")
    return Sound(np.clip(audio, -1, 1).astype(np.float32), AUDIO_RATE_HZ, share)


CHUNK_S = 10.0
OVERLAP_S = 0.5
"""On each side of a chunk: longer than every filter and than the squelch's hang."""


def demodulate_stream(
    blocks: Iterator[NDArray[Any]],
    sample_format: SampleFormat,
    rate_hz: float,
    offset_hz: float,
    mode: Mode,
    *,
    squelched: bool = True,
    chunk_s: float = CHUNK_S,
) -> Iterator[Sound]:
    """Sound of a recording of any length, in pieces that join without a seam.

    `blocks` are raw pairs of shape (n, 2), of any length; memory is that of one chunk. Sound comes
    `chunk_s` and the overlap late, and costs more the shorter the chunk.
    """
    chunk, overlap = round(chunk_s * rate_hz), round(OVERLAP_S * rate_hz)
    held: list[NDArray[Any]] = []
    n_held = 0
    first = True

    def sound_of(raw: NDArray[Any], skip: int, take: int | None) -> Sound:
        clip = extract(raw, sample_format, rate_hz, offset_hz, CHANNEL_HZ[mode])
        whole = demodulate(clip, mode, squelched=squelched)
        start = round(skip / rate_hz * AUDIO_RATE_HZ)
        stop = None if take is None else round((skip + take) / rate_hz * AUDIO_RATE_HZ)
        return Sound(whole.samples[start:stop], whole.rate_hz, whole.open_share)

    for block in blocks:
        held.append(np.array(block))
        n_held += len(block)
        while n_held >= chunk + (1 if first else 2) * overlap:
            raw = np.concatenate(held)
            skip = 0 if first else overlap
            yield sound_of(raw[: skip + chunk + overlap], skip, chunk)
            rest = raw[skip + chunk - overlap :]
            held, n_held, first = [rest], len(rest), False
    if n_held:
        yield sound_of(np.concatenate(held), 0 if first else overlap, None)
