"""From features to an answer: soft tests, one product a class, and room for "unknown".

Every test is a logistic step at a limit; its width is the uncertainty of the limit. The limits
lie between the clouds that `python -m benchmarks.modulation` draws (docs/modulation.md), and
each says what physics puts it there. The scores compete with a fixed one for "unknown".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sdr.modulation import audio
from sdr.modulation.features import NARROW_HZ, Features

UNKNOWN_SCORE = 0.15
"""What a class has to beat. Lower values guess more."""

MIN_CONFIDENCE = 0.5
"""Share of the scores under which the answer is "unknown"."""

CALIBRATION = ((0.5, 0.7, 0.8, 0.87), (0.45, 0.65, 0.82, 0.98))
"""From the winner's share of the scores to how often such a winner is right: measured on made signals
at 5 to 30 dB (`python -m benchmarks.modulation`, table of reliability), joined by straight lines."""

WIDE_HZ = 100e3
"""Noise-like emissions under this width are left unknown: narrow data with a shaped envelope."""

SPEECH_WEIGHT = 0.8
"""Power that comes and goes about a carrier is speech on FM, or now and then data on a carrier that idles."""

MIN_SECONDS = 0.01
MIN_TIME_BANDWIDTH = 24.0
"""Fewer independent samples than this say nothing about a law."""
MIN_CHANGES = 5
"""Three pulses, the envelope clean: keying needs no statistics."""


@dataclass(frozen=True, slots=True)
class Identification:
    modulation: str
    """carrier, am, nfm, wfm, ook, fsk2, fsk4, wideband or unknown."""
    confidence: float
    """How often such an answer is right, as measured on made signals."""
    symbol_rate: float | None = None
    deviation_hz: float | None = None
    """From the centre to the outermost symbol of FSK, to the 97th percentile of FM."""
    content: str | None = None
    """voice, tones or data, inside nfm."""
    center_offset_hz: float | None = None
    """The middle between FSK's outer levels, from the clip's 0 Hz: a better centre than the spectrum's."""
    scores: Mapping[str, float] = field(default_factory=dict[str, float])


def _over(value: float, limit: float, width: float) -> float:
    """About 1 when `value` is well over `limit`, 0 well under it."""
    return float(1.0 / (1.0 + np.exp(-np.clip((value - limit) / width, -40, 40))))


def _under(value: float, limit: float, width: float) -> float:
    return 1.0 - _over(value, limit, width)


def _ook(f: Features) -> float:
    k = f.keying
    fast = k.median_run_s * k.bandwidth_hz
    # no burst of noise, PSK or FSK has so deep and so clean an envelope, however short: a few pulses will do
    clean = _under(k.depth, 0.24, 0.02) * _under(k.middle_share, 0.18, 0.012) * _under(fast, 30.0, 5.0)
    return (
        _under(k.depth, 0.33, 0.05)  # thermal noise alone on a constant envelope reaches 0.4 at 12 dB
        * _under(k.middle_share, 0.26, 0.02)  # a Rayleigh envelope is between its levels 0.29 of the time
        * _over(k.n_changes, 7.0 - 2.8 * clean, 1.2 - 0.6 * clean)
        * _over(min(k.low_share, 1 - k.low_share), 0.05, 0.01)
        * _under(fast, 120.0, 15.0)  # longer runs are packets with pauses, not bits
        # a random envelope changes as fast as the bandwidth lets it, and is mostly between its levels
        * max(_over(fast, 2.1, 0.1), _under(k.middle_share, 0.12, 0.015), clean)
    )


def _fsk2(f: Features) -> float:
    eye = f.eye2
    if eye is None:
        return 0.0
    # filtered symbols (GMSK 0.3) close the eye but keep the clock; four levels lie at 0.25 and lose it
    limit = 0.215 if eye.coherence < 0.5 else 0.245
    return (
        _under(eye.spread, limit, 0.012)
        * _over(eye.coherence, 0.25, 0.05)
        * _under(eye.alternation, 0.93, 0.015)  # always changing: a tone, or a preamble and nothing else
        * _over(eye.n_symbols, 22.0, 2.0)
        * _under(f.excess, 0.5, 0.08)
    )


def _fsk4(f: Features) -> float:
    eye = f.eye4
    if eye is None:
        return 0.0
    two = f.eye2.spread if f.eye2 is not None else 0.3
    return (
        _under(eye.spread, 0.205, 0.012)  # 1 / sqrt 12 = 0.29 for no levels
        * _over(two, 0.215, 0.012)  # even levels of four lie at 0.25 about two
        * _over(eye.coherence, 0.12, 0.03)
        * _under(eye.alternation, 0.93, 0.015)
        * _over(eye.n_symbols, 50.0, 5.0)
        * _under(f.excess, 0.4, 0.08)
    )


def _am(f: Features) -> float:
    s = f.swing
    # the noise is the same along and across: their difference needs no estimate of it
    swing = s.in_phase - s.quadrature
    asymmetry = swing / max(abs(swing) + 2 * max(s.quadrature, 0.0) + 4 * s.error, 1e-9)
    return (
        _over(asymmetry, 0.45, 0.07)
        * _over(swing, 0.004, 0.0008)
        * _under(s.in_phase, 1.2, 0.1)  # full-depth tone: 0.5; keying has more than its carrier
        * _over(s.carrier_share, 0.4, 0.04)
        * _under(s.error, 0.012, 0.002)  # keying sunk into the noise leaves a carrier that seems to swing
        * _over(f.seconds, 0.12, 0.02)
    )


def _carrier(f: Features) -> float:
    s = f.swing
    rest = max(s.in_phase, 0.0) + max(s.quadrature, 0.0)
    return (
        _under(rest, 0.05 + 6 * s.error, 0.008)
        * _over(s.carrier_share, 0.85, 0.03)
        * _under(f.excess, 0.25, 0.05)
        * _over(f.seconds, 0.04, 0.005)
    )


def _analogue(f: Features) -> float:
    """Constant envelope, moving phase, no symbol clock."""
    clocked = max(
        (
            eye.coherence
            * _under(eye.alternation, 0.93, 0.015)
            * _over(eye.alternation, 0.3, 0.03)  # half the bits change; a slow wave crosses now and then
            * _under(eye.spread, 0.26 if eye.n_levels == 2 else 0.22, 0.01)
            for eye in (f.eye2, f.eye4)
            if eye is not None
        ),
        default=0.0,
    )
    clocked *= 1 - _steady_tones(f)
    return (
        _under(f.excess, 0.13, 0.015)
        * _over(f.swing.quadrature, 0.03 + 4 * f.swing.error, 0.006)
        * _under(clocked, 0.22, 0.03)
    )


def _speech(f: Features) -> float:
    """Power that leaves the carrier in syllables and comes back in pauses, the whole staying what it is."""
    return max(
        (
            _over(s.high, 0.45, 0.04)  # AM leaves two thirds in the carrier
            * _over(s.high - s.low - 3.5 * s.error, 0.22, 0.03)  # symbols leave the same share at all times
            * _under(
                s.low - 2 * s.error, 0.25, 0.03
            )  # of few symbols a frame may hold more or less, never none
            * _under(s.lift, 1.7, 0.1)  # FM adds nothing; a neighbour that comes and goes does
            * _over(s.n_swings, 1.5, 0.4)
            for s in f.spreads
        ),
        default=0.0,
    ) * _under(np.log2(max(f.measures.bandwidth_hz, 1.0) / NARROW_HZ), 0.0, 0.1)


def _heard_well(f: Features) -> float:
    """Under some 10 dB an eye closes by noise alone: no eye is then no proof of speech."""
    known = f.audio is not None and audio.content(f.audio) in ("voice", "tones")
    return _over(f.measures.snr_db, 6.0 if known else 10.5, 0.7)


def _nfm(f: Features) -> float:
    if f.audio is None:
        return 0.0
    b = f.measures.bandwidth_hz
    return (
        _analogue(f)
        * _heard_well(f)
        * _under(np.log2(max(b, 1.0) / NARROW_HZ), 0.0, 0.1)
        * _over(b, 400.0, 60.0)
        * _over(f.seconds, 0.06, 0.01)
    )


def _wfm(f: Features) -> float:
    if f.audio is None:
        return 0.0
    b = f.measures.bandwidth_hz
    music = max(_over(f.audio.pilot, 30.0, 6.0), _over(f.audio.kurtosis, 2.1, 0.08))
    return (
        _analogue(f)
        * _over(np.log2(max(b, 1.0) / NARROW_HZ), 0.0, 0.1)
        * _under(b, 320e3, 20e3)
        * music
        * _over(f.seconds, 0.04, 0.005)
    )


def _wideband(f: Features) -> float:
    clock = f.eye2.coherence if f.eye2 is not None and f.eye2.spread < 0.2 else 0.0
    return (
        _over(np.log2(max(f.measures.bandwidth_hz, 1.0) / WIDE_HZ), 0.0, 0.08)
        * _over(f.excess, 0.15, 0.03)
        * _under(f.swing.carrier_share, 0.3, 0.05)
        * _under(clock, 0.3, 0.05)
    )


def _steady_tones(f: Features) -> float:
    """One or two tones that never change: they cross zero like a clock, but carry nothing."""
    if f.audio is None:
        return 0.0
    return _over(f.audio.tone_share, 0.9, 0.015) * _under(f.audio.spectrum_variation, 0.08, 0.015)


def _subcarrier(f: Features) -> float:
    """FFSK and AFSK within voice FM: their half-waves may look like symbols, but nothing lies at 0 Hz."""
    if f.audio is None or f.measures.bandwidth_hz > NARROW_HZ or not audio.is_subcarrier(f.audio):
        return 0.0
    return _under(f.excess, 0.3, 0.05) * _over(f.seconds, 0.06, 0.01)


def scores(f: Features) -> dict[str, float]:
    """0 to 1 for each class, not yet in competition."""
    ook = _ook(f)
    am = _am(f)
    sub = _subcarrier(f)
    fsk2 = _fsk2(f) * (1 - sub) * (1 - _steady_tones(f))
    fsk4 = _fsk4(f) * (1 - sub) * (1 - _steady_tones(f)) * (1 - 0.9 * fsk2)
    keyed = max(ook, fsk2, fsk4)
    speech = _speech(f)
    return {
        "carrier": _carrier(f) * (1 - ook) * (1 - am) * (1 - speech),
        "am": am * (1 - keyed) * (1 - speech),
        "nfm": max(_nfm(f), sub, SPEECH_WEIGHT * speech) * (1 - keyed),
        "wfm": _wfm(f) * (1 - keyed),
        "ook": ook * (1 - 0.9 * max(fsk2, fsk4)),
        "fsk2": fsk2,
        "fsk4": fsk4,
        "wideband": _wideband(f) * (1 - keyed),
    }


def decide(f: Features | None) -> Identification:
    """Name what `f` describes, or call it unknown."""
    if f is None:
        return Identification("unknown", 0.0)
    table = scores(f)
    total = sum(table.values()) + UNKNOWN_SCORE
    name = max(table, key=lambda key: table[key])
    is_short = f.seconds < MIN_SECONDS and f.seconds * f.measures.bandwidth_hz < MIN_TIME_BANDWIDTH
    if is_short and not (name == "ook" and f.keying.n_changes >= MIN_CHANGES):
        return Identification("unknown", 1.0, scores=table)
    confidence = table[name] / total
    if confidence < MIN_CONFIDENCE:
        return Identification("unknown", 1.0 - confidence, scores=table)
    confidence = float(np.interp(confidence, *CALIBRATION))
    eye = {"fsk2": f.eye2, "fsk4": f.eye4}.get(name)
    if eye is not None:
        return Identification(
            name,
            confidence,
            symbol_rate=eye.symbol_rate,
            deviation_hz=(eye.high - eye.low) / 2,
            center_offset_hz=f.measures.center_offset_hz + (eye.high + eye.low) / 2,
            scores=table,
        )
    return Identification(
        name,
        confidence,
        symbol_rate=f.keying.symbol_rate if name == "ook" else None,
        deviation_hz=f.deviation_hz if name in ("nfm", "wfm") else None,
        content=audio.content(f.audio) if name == "nfm" else None,
        scores=table,
    )
