"""Sound for narrow uplinks: 4 bit a sample instead of 16, nothing at all while the squelch is closed. Pure.

    half a second, 16 bit, 16 kHz ──VOX ADPCM──> 4 kB: 64 kbit/s, and 20 to 33 dB over what it adds

Why this one: what is listened to is speech of 300 to 3400 Hz, whose noise is louder than the coder's. The
coder is one of libsndfile's, without a header or lengths to believe, so that bytes of a stranger decode to
wrong sound and nothing worse. Opus (libsndfile too) takes 31 kbit/s, but 16 ms of processor a piece instead
of 0.4, and its seams are heard. FLAC of a channel with noise takes 250.

Each piece is coded for itself, after some of the sound before it: the coder has found its step by the seam.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile

from monitor.earphone import PCM_RATE_HZ

CODER = "VOX_ADPCM"
LEAD = 64
"""Samples, of the piece before."""
BYTES_PER_S = 8_800
"""Of one listener, with all that is around it."""
MOST_SAMPLES = 2 * PCM_RATE_HZ


class Packer:
    """Packs the pieces of one listening, in order."""

    def __init__(self) -> None:
        self._lead = np.zeros(LEAD, "<i2")

    def pack(self, pcm: bytes) -> bytes:
        """`pcm`, signed 16 bit, as few bytes; none where it is silent."""
        samples = np.frombuffer(pcm, "<i2")
        led = np.concatenate((self._lead, samples))
        self._lead = led[-LEAD:]
        if not samples.any():
            return b""
        packed = io.BytesIO()
        # The coder takes two samples a byte.
        even = np.append(led, np.int16(0)) if len(led) % 2 else led
        soundfile.write(packed, even.astype(np.int16), PCM_RATE_HZ, format="RAW", subtype=CODER)
        return packed.getvalue()


def unpacked(content: bytes, n_samples: int) -> bytes:
    """What `Packer.pack` was given.

    Raises
    ------
    ValueError
        If it cannot be so many samples.
    """
    if not 0 <= n_samples <= MOST_SAMPLES:
        raise ValueError(f"a piece of sound of {n_samples} samples")
    if not content:
        return bytes(2 * n_samples)
    n_led = LEAD + n_samples
    if len(content) != (n_led + 1) // 2:
        raise ValueError(f"{len(content)} bytes are not {n_samples} samples of sound")
    read, _ = soundfile.read(
        io.BytesIO(content), dtype="int16", format="RAW", subtype=CODER, channels=1, samplerate=PCM_RATE_HZ
    )
    return read[LEAD:n_led].astype("<i2").tobytes()
