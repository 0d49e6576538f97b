"""multimon-ng: pagers (POCSAG, FLEX), DTMF, selective calls and AFSK, from FM's flat audio.

It wants signed 16-bit samples at 22,050 Hz and prints a line a message, led by the protocol's
name. DTMF and selective calls may be heard in speech: short ones are dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.clip import extract
from sdr.decoders.program import MAX_SECONDS, Rejection, Runner
from sdr.demod import discriminate
from sdr.types import SampleFormat

RATE_HZ = 22_050
PROTOCOLS = ("POCSAG512", "POCSAG1200", "POCSAG2400", "FLEX", "DTMF", "ZVEI1", "CCIR", "AFSK1200", "FMSFSK")
WIDTH_HZ = 16_000.0
"""POCSAG's +-4.5 kHz (ITU-R M.584) at up to 2400 bit/s, by Carson's rule, a little under."""

_TONES = {"DTMF": 3, "ZVEI1": 5, "CCIR": 5}
"""Fewest digits in a row that are not speech."""

_LINE = re.compile(r"(?P<protocol>[A-Z0-9_]+)(?:\|| ?: ?)(?P<text>.*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def form(iq: NDArray[Any], sample_format: SampleFormat, rate_hz: float, offset_hz: float) -> bytes:
    """Flat FM audio of the emission; +-6 kHz is full scale."""
    used = iq[: int(MAX_SECONDS * rate_hz)]
    audio = discriminate(extract(used, sample_format, rate_hz, offset_hz, WIDTH_HZ), WIDTH_HZ, RATE_HZ)
    return (np.clip(audio * 5.0 / 6.0, -1, 1) * 32767).astype("<i2").tobytes()


def parse(text: str) -> tuple[list[dict[str, str]], Counter[Rejection]]:
    """Messages from lines; single tones are joined to calls."""
    messages: list[dict[str, str]] = []
    refused: Counter[Rejection] = Counter()
    digits: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or match["protocol"] not in PROTOCOLS:
            refused[Rejection.MALFORMED] += 1
            continue
        protocol, said = match["protocol"], _CONTROL.sub(" ", match["text"]).strip()
        if protocol in _TONES:
            digits[protocol] = digits.get(protocol, "") + said
        elif said:
            messages.append({"by": "multimon-ng", "text": said, "protocol": protocol})
    messages += [
        {"by": "multimon-ng", "text": called, "protocol": protocol}
        for protocol, called in digits.items()
        if len(called) >= _TONES[protocol]
    ]
    return messages, refused


def decode(
    path: str,
    iq: NDArray[Any],
    sample_format: SampleFormat,
    rate_hz: float,
    offset_hz: float,
    runner: Runner,
) -> tuple[list[dict[str, str]], Counter[Rejection]]:
    wanted = [part for protocol in PROTOCOLS for part in ("-a", protocol)]
    argv = [path, "-q", "-c", "-t", "raw", *wanted, "-"]
    output = runner(argv, form(iq, sample_format, rate_hz, offset_hz))
    messages, refused = parse(output.text)
    if output.rejection is not None:
        refused[output.rejection] += 1
    elif not messages and not refused:
        refused[Rejection.EMPTY] += 1
    return messages, refused
