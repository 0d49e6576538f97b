"""rtl_433: remotes, weather sensors, tyre sensors and some hundred other devices of daily life.

It wants unsigned bytes at 250 kS/s and prints a JSON object a line. Whatever it decodes is a
known device: its checksums make a chance decode rare, though not impossible.
"""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sdr.clip import extract
from sdr.decoders.program import MAX_SECONDS, Rejection, Runner
from sdr.types import SampleFormat

RATE_HZ = 250_000
_LEVELS = frozenset({"time", "mod", "freq", "freq1", "freq2", "rssi", "snr", "noise", "mic", "model", "type"})
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("tyre sensor", frozenset({"pressure_kPa", "pressure_PSI", "pressure_bar"})),
    (
        "weather sensor",
        frozenset({"temperature_C", "temperature_F", "humidity", "rain_mm", "wind_avg_km_h", "wind_avg_m_s"}),
    ),
    ("meter", frozenset({"power_W", "energy_kWh", "consumption", "consumption_data", "volume_m3"})),
    ("remote", frozenset({"button", "cmd", "command", "state", "unit", "dipswitch", "tristate"})),
)
"""The first kind with one of its fields in the message; names as in rtl_433's docs/DATA_FORMAT.md."""


def form(iq: NDArray[Any], sample_format: SampleFormat, rate_hz: float, offset_hz: float) -> bytes:
    """The emission as cu8 at 250 kS/s, centred, at a level the slicer likes."""
    used = iq[: int(MAX_SECONDS * rate_hz)]
    clip = extract(used, sample_format, rate_hz, offset_hz, min(RATE_HZ / 2.5, rate_hz / 2.5))
    ratio = Fraction(RATE_HZ / clip.rate_hz).limit_denominator(4000)
    z = clip.iq
    if ratio != 1 and len(z):
        # Loaded when something is decoded: see sdr/demod.py.
        from scipy import signal

        z = np.asarray(signal.resample_poly(z, ratio.numerator, ratio.denominator), np.complex64)
    peak = float(np.percentile(np.abs(z), 99.9)) if len(z) else 1.0
    pairs = np.ascontiguousarray(z).view(np.float32) * (100.0 / max(peak, 1e-9)) + 127.5
    return np.clip(np.round(pairs), 0, 255).astype(np.uint8).tobytes()


def _kind(fields: dict[str, Any]) -> str:
    if fields.get("type") == "TPMS":
        return "tyre sensor"
    return next((kind for kind, names in _KINDS if names & fields.keys()), "known device")


def parse(text: str) -> tuple[list[dict[str, str]], Counter[Rejection]]:
    """Messages from JSON lines, each once however often it was repeated."""
    messages: dict[tuple[str, str], dict[str, str]] = {}
    refused: Counter[Rejection] = Counter()
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            read: object = json.loads(line)
        except ValueError:
            refused[Rejection.MALFORMED] += 1
            continue
        fields = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
        model = fields.get("model")
        if not isinstance(model, str):
            refused[Rejection.MALFORMED] += 1
            continue
        said = " ".join(f"{name}={value}" for name, value in fields.items() if name not in _LEVELS)
        message = {
            "by": "rtl_433",
            "text": f"{model} {said}".strip(),
            "model": model,
            "device": _kind(fields),
        }
        messages.setdefault((model, said), message)
    return list(messages.values()), refused


def decode(
    path: str,
    iq: NDArray[Any],
    sample_format: SampleFormat,
    rate_hz: float,
    offset_hz: float,
    runner: Runner,
) -> tuple[list[dict[str, str]], Counter[Rejection]]:
    argv = [path, "-s", str(RATE_HZ), "-r", "cu8:-", "-F", "json", "-M", "level"]
    output = runner(argv, form(iq, sample_format, rate_hz, offset_hz))
    messages, refused = parse(output.text)
    if output.rejection is not None:
        refused[output.rejection] += 1
    elif not messages and not refused:
        refused[Rejection.EMPTY] += 1
    return messages, refused
