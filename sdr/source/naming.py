"""What a recording's name says of its rate, its centre and its time.

    g001_433.92M_250k.cu8                                rtl_433
    rtlsdr_868.950M_1M6_samples2.cu8                     by hand
    gqrx_20260607_013210_433920000_2400000_fc.raw        Gqrx: date, time, centre, rate
    SDRSharp_20150804_204602Z_433920000Hz_IQ.wav         SDR#
    HDSDR_20150804_204602Z_433920kHz_RF.wav              HDSDR, SDRuno
    07-Jun-2026 013210.123 433.920MHz 000.wav            SDR Console
    baseband_433920000Hz_01-32-10_07-06-2026.wav         SDR++
    RTL-SDR-20260607_013210-433_92MHz-2MSps-2MHz.complex Universal Radio Hacker

A part counts only if it is written like a frequency: bare numbers mean nothing
outside Gqrx's pattern. Of two numbers in M the greater is the centre. A time counts
only where it says that it is UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sdr.units import parse_frequency

_GQRX = re.compile(r"gqrx_(?P<date>\d{8})_(?P<time>\d{6})_(?P<center>\d+)_(?P<rate>\d+)_fc", re.IGNORECASE)
_URH = re.compile(r"-(?P<center>\d+(?:_\d+)?[kMG]?Hz)-(?P<rate>\d+(?:_\d+)?[kMG]?Sps)(?:-|$)", re.IGNORECASE)
_NO_RATE_IN_NAME = re.compile(
    r"(?:HDSDR|SDRuno|SDRSharp|SDRconnect|baseband)_|\d\d-[A-Z][a-z]{2}-\d{4} \d{6}", re.IGNORECASE
)
"""Programs whose hertz are a centre however low: none writes a rate into a name."""
_STAMP = re.compile(r"(?:^|_)(?P<date>\d{8})_(?P<time>\d{6})Z(?:_|$)")
_HERTZ = re.compile(r"\d+(?:\.\d+)?[kmg]?hz", re.IGNORECASE)
_RATE = re.compile(r"\d+(?:\.\d+)?k|\d+(?:\.\d+)?[km]?sps|\d+[km]\d+", re.IGNORECASE)
_MEGA = re.compile(r"\d+(?:\.\d+)?M")
_LOWEST_CENTER_HZ = 22e6
"""Below this no RTL-SDR tuner goes (24 MHz, less some reach): such a number of hertz is a rate."""


@dataclass(frozen=True, slots=True)
class NameFacts:
    """None where the name is silent."""

    rate_hz: float | None = None
    center_hz: float | None = None
    started_at: datetime | None = None
    is_gqrx: bool = False


def read_name(stem: str) -> NameFacts:
    """The facts in `stem`, a file's name without its folder and ending."""
    if gqrx := _GQRX.fullmatch(stem):
        return NameFacts(
            float(gqrx["rate"]) or None,
            float(gqrx["center"]),
            _instant(gqrx["date"], gqrx["time"]),
            is_gqrx=True,
        )
    if urh := _URH.search(stem):
        rate_hz, center_hz = (_value(urh[name].replace("_", ".")) for name in ("rate", "center"))
        return NameFacts(rate_hz or None, center_hz or None)
    rate_hz: float | None = None
    hertz: list[float] = []
    mega: list[float] = []
    for part in stem.replace(" ", "_").split("_"):
        if not any(digit in part for digit in "123456789"):
            continue
        if _RATE.fullmatch(part):
            rate_hz = rate_hz or _value(part)
        elif _HERTZ.fullmatch(part):
            hertz.append(_value(part))
        elif _MEGA.fullmatch(part):
            mega.append(_value(part))
    only_centers = _NO_RATE_IN_NAME.match(stem) is not None
    centers = [value for value in hertz if only_centers or value >= _LOWEST_CENTER_HZ] + sorted(
        mega, reverse=True
    )
    if rate_hz is None:
        rate_hz = next((value for value in hertz if not only_centers and value < _LOWEST_CENTER_HZ), None)
    if rate_hz is None and len(mega) > 1:
        rate_hz = min(mega)
    stamp = _STAMP.search(stem)
    return NameFacts(
        rate_hz or None,
        (centers[0] or None) if centers else None,
        _instant(stamp["date"], stamp["time"]) if stamp else None,
    )


def _value(part: str) -> float:
    try:
        return parse_frequency(part)
    except ValueError:
        return 0.0


def _instant(date: str, time: str) -> datetime | None:
    try:
        return datetime.strptime(date + time, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
