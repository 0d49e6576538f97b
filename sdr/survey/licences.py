"""The licence list: which station is allowed where. A CSV as offices export it, in Chinese or English.

    台站名称,频率(MHz),带宽(kHz),业务        name;frequency;bandwidth;service
    市出租车公司,409.75,12.5,陆地移动        Taxi;409.75M;16K0F3E;land mobile

Columns are found by their names in any order; the unit is taken from the heading, else from the number.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sdr.units import parse_frequency

MAX_BYTES = 64 << 20
FREQUENCY_TOLERANCE = 20e-6
"""Two-way radios keep 5 ppm, an uncalibrated receiver about 15 once it is warm."""
WIDEST_HZ = 10e6
WIDE_HZ = 300e3
"""Wider licences are for television and data, which fill them."""

_NAMES: dict[str, tuple[str, ...]] = {
    "frequency": (
        *("发射频率", "中心频率", "工作频率", "使用频率", "指配频率", "频率", "频点"),
        *("txfrequency", "transmitfrequency", "centerfrequency", "centrefrequency", "frequency", "freq"),
    ),
    "low": ("起始频率", "频率下限", "下限频率", "lowfrequency", "startfrequency", "freqlow", "low"),
    "high": ("终止频率", "频率上限", "上限频率", "highfrequency", "stopfrequency", "freqhigh", "high"),
    "name": (
        *("台站名称", "电台名称", "台名", "名称", "设台单位", "使用单位", "设台单位名称", "用户", "呼号"),
        *("stationname", "station", "name", "licensee", "holder", "user", "callsign"),
    ),
    "bandwidth": ("占用带宽", "必要带宽", "信道带宽", "带宽", "发射类别", "bandwidth", "emission", "bw"),
    "service": ("业务类别", "业务类型", "业务", "用途", "service", "use", "purpose"),
}
_UNIT = {"ghz": 1e9, "mhz": 1e6, "khz": 1e3, "hz": 1.0, "兆赫": 1e6, "千赫": 1e3, "吉赫": 1e9, "赫": 1.0}
_DESIGNATOR = re.compile(r"([0-9]{1,3})([HKMG])([0-9]{0,2})[A-Z0-9]*", re.IGNORECASE)
_RANGE = re.compile(r"([0-9.]+)\s*(?:-|–|~|～|至|to)\s*([0-9.]+)\s*(.*)", re.IGNORECASE)


class LicenceError(Exception):
    """The list as a whole cannot be used. The message is one line that begins with the file's name."""


@dataclass(frozen=True, slots=True)
class Licence:
    low_hz: float
    """Of the channel; equal to ``high_hz`` where no bandwidth is given."""
    high_hz: float
    name: str
    service: str | None = None

    @property
    def center_hz(self) -> float:
        return (self.low_hz + self.high_hz) / 2


def read_licences(path: Path) -> tuple[list[Licence], list[str]]:
    """The stations in `path`, lowest first, and a line ``file:line: message`` for each row not understood.

    Raises
    ------
    LicenceError
        If the file cannot be read or has no column of frequencies.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LicenceError(f"{path}: more than {MAX_BYTES >> 20} MiB is no licence list")
        raw = path.read_bytes()
    except OSError as error:
        raise LicenceError(f"{path}: {error.strerror or error}") from error
    return parse_licences(decode(raw, str(path)), str(path))


def decode(raw: bytes, name: str) -> str:
    """Text of `raw`: by its byte order mark, else UTF-8, else GB18030, as spreadsheets in China save it.

    Raises
    ------
    LicenceError
    """
    encodings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise LicenceError(f"{name}: neither UTF-8 nor GB18030 text")


def parse_licences(text: str, name: str) -> tuple[list[Licence], list[str]]:
    """As `read_licences`, of a text; `name` stands in its faults."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t，", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    found: list[Licence] = []
    faults: list[str] = []
    columns: dict[str, tuple[int, float | None]] | None = None
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = _columns(row)
                if "frequency" not in columns and not {"low", "high"} <= columns.keys():
                    raise LicenceError(
                        f"{name}:{reader.line_num}: no column of frequencies (频率, frequency, freq_mhz)"
                    )
                continue
            try:
                found.append(_licence(row, columns))
            except ValueError as error:
                faults.append(f"{name}:{reader.line_num}: {error}")
    except csv.Error as error:
        faults.append(f"{name}:{reader.line_num}: {error}")
    if columns is None:
        raise LicenceError(f"{name}: empty")
    return sorted(found, key=lambda one: (one.center_hz, one.name)), faults


def licence_at(licences: Sequence[Licence], center_hz: float, bandwidth_hz: float) -> Licence | None:
    """The station whose channel holds `center_hz`; the nearest of several, the narrowest of those as near.

    `licences` must be in the order of `read_licences`.
    """
    slack = max(FREQUENCY_TOLERANCE * center_hz, 1000.0)
    centers = [one.center_hz for one in licences]
    low = bisect_left(centers, center_hz - WIDEST_HZ)
    high = bisect_right(centers, center_hz + WIDEST_HZ)
    near = [
        one
        for one in licences[low:high]
        if one.low_hz - slack <= center_hz <= one.high_hz + slack
        and _fits(bandwidth_hz, one.high_hz - one.low_hz)
    ]
    return min(near, key=lambda one: (abs(one.center_hz - center_hz), one.high_hz - one.low_hz), default=None)


def _fits(bandwidth_hz: float, licensed_hz: float) -> bool:
    """Whether an emission so wide can be that station: a carrier in a TV channel is not the channel."""
    if licensed_hz > WIDE_HZ and bandwidth_hz < licensed_hz / 4:
        return False
    return bandwidth_hz <= 2 * max(licensed_hz, 25e3)


def _columns(row: list[str]) -> dict[str, tuple[int, float | None]]:
    """Which column holds what, and the unit that its heading states."""
    found: dict[str, tuple[int, float | None]] = {}
    heads = [re.sub(r"[\s_()\[\]（）/.·:：-]", "", cell.strip("\ufeff ").lower()) for cell in row]
    units = [next((factor for unit, factor in _UNIT.items() if head.endswith(unit)), None) for head in heads]
    bare = [_without_unit(head) for head in heads]
    for kind, names in _NAMES.items():
        places = [bare.index(name) for name in names if name in bare]
        if places:
            found[kind] = (places[0], units[places[0]])
    return found


def _without_unit(head: str) -> str:
    for unit in _UNIT:
        if head.endswith(unit) and head != unit:
            return head[: -len(unit)]
    return head


def _licence(row: list[str], columns: dict[str, tuple[int, float | None]]) -> Licence:
    def cell(kind: str) -> str:
        at = columns.get(kind, (len(row), None))[0]
        return row[at].strip() if at < len(row) else ""

    def unit(kind: str) -> float | None:
        return columns[kind][1]

    if cell("low") and cell("high"):
        low, high = _hertz(cell("low"), unit("low")), _hertz(cell("high"), unit("high"))
    elif pair := _RANGE.fullmatch(cell("frequency")):
        low = _hertz(pair[1] + pair[3], unit("frequency"))
        high = _hertz(pair[2] + pair[3], unit("frequency"))
    else:
        center = _hertz(cell("frequency"), unit("frequency"))
        width = _width(cell("bandwidth"), columns["bandwidth"][1]) if cell("bandwidth") else 0.0
        low, high = center - width / 2, center + width / 2
    if low > high:
        raise ValueError("the lower edge is above the upper one")
    return Licence(low, high, cell("name") or "licensed / 已许可", cell("service") or None)


def _hertz(text: str, unit: float | None) -> float:
    """Hertz; a bare number is MHz up to 6000, as every list has it, else kHz or Hz by its size."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        if not text:
            raise ValueError("no frequency") from None
        return parse_frequency(re.sub(r"\s+", "", text))
    if not 0 < number < 1e12:
        raise ValueError(f"{text!r} is not a frequency")
    if unit is None:
        unit = 1e6 if number <= 6000 else 1e3 if number <= 6e6 else 1.0
    return number * unit


def _width(text: str, unit: float | None) -> float:
    """Hertz from ``12.5`` (kHz), ``12.5k`` or the necessary bandwidth of an emission class (``16K0F3E``)."""
    try:
        return float(text) * (unit or (1.0 if float(text) >= 1000 else 1e3))
    except ValueError:
        pass
    if match := _DESIGNATOR.fullmatch(text.replace(" ", "")):
        scale = {"H": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}[match[2].upper()]
        return float(f"{match[1]}.{match[3] or 0}") * scale
    return parse_frequency(text)
