"""What a site sounds like on an ordinary day: the template that a survey leaves and a scan is held against.

    Template ── key        site, receiver, antenna, gain, ppm, bias tee: levels compare only under the same
             ├─ stretches  levels by bin and hour: percentiles, occupancy, noise floor
             └─ emissions  what was heard, with the names that the licence list gave

Levels are dBFS in one bin. Hours are hours of the day in UTC. The file is JSON (or MessagePack, by its
ending) and may be edited by hand: a name filled in, ``known`` set to false for what must be reported.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

VERSION = 1
PERCENTILES = (10, 50, 90, 99)
BIN_HZ = 12_500.0
"""The raster of two-way radio in China; bins are centred on its multiples."""
MAX_BYTES = 512 << 20
"""254 MHz at 24 hours come to about 15 MB."""


class TemplateError(Exception):
    """The template cannot be read, written or extended. The message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Key:
    """Under which conditions a template holds. None: not said."""

    site: str | None = None
    receiver: str | None = None
    antenna: str | None = None
    gain_db: float | None = None
    ppm: float | None = None
    bias_tee: bool | None = None


@dataclass(frozen=True, slots=True)
class HourLevels:
    """One hour of the day on one stretch. Lists hold one value a bin, tenths of a dB kept."""

    hour: int
    """0 to 23, UTC."""
    n_frames: int
    floor_dbfs_hz: float
    """Noise density by the 80 % method (ITU-R SM.1753), averaged over the hour."""
    percentiles: dict[str, list[float]]
    """``p10 p50 p90 p99 max``: level in the bin."""
    occupancy: list[float]
    """Share of frames 5 dB and more over the floor (ITU-R SM.1880)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring bins: number ``first_bin`` is centred on ``first_bin * bin_hz``."""

    first_bin: int
    n_bins: int
    hours: list[HourLevels]

    def hour(self, hour: int) -> HourLevels | None:
        return next((one for one in self.hours if one.hour == hour), None)


@dataclass(frozen=True, slots=True)
class Known:
    """An emission that belongs to the site, or at least was there during the survey."""

    center_hz: float
    bandwidth_hz: float
    """The widest that it was heard."""
    peak_dbfs: float
    """The strongest that it was heard."""
    snr_db: float
    n_heard: int
    hours: list[int]
    """Hours of the day (UTC) in which it was on the air."""
    first_seen: datetime
    last_seen: datetime
    on_time_s: float
    modulation: str | None = None
    name: str | None = None
    """From the licence list, or written in by hand."""
    service: str | None = None
    known: bool = True
    """Set to false to have it reported as new."""


@dataclass(frozen=True, slots=True)
class Template:
    version: int
    key: Key
    started_at: datetime
    ended_at: datetime
    seconds: float
    bin_hz: float
    stretches: list[Stretch]
    emissions: list[Known]
    n_unlisted: int = 0
    """Emissions beyond the longest list kept."""
    frozen_at: datetime | None = None
    """Since then nothing may be added."""
    notes: list[str] = field(default_factory=list[str])

    def stretch_at(self, frequency_hz: float) -> tuple[Stretch, int] | None:
        """The stretch that covers `frequency_hz`, and the bin's place in it."""
        number = round(frequency_hz / self.bin_hz)
        for stretch in self.stretches:
            if 0 <= number - stretch.first_bin < stretch.n_bins:
                return stretch, number - stretch.first_bin
        return None


def freeze(template: Template, at: datetime) -> Template:
    """`template`, closed for the exam."""
    return replace(template, frozen_at=template.frozen_at or at)


def read(path: Path) -> Template:
    """The template in `path`.

    Raises
    ------
    TemplateError
        With the file's name, if it cannot be read, is no template or of another version.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TemplateError(f"{path}: more than {MAX_BYTES >> 20} MiB is no site template")
        raw = path.read_bytes()
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror or error}") from error
    decode: Any = msgspec.msgpack.decode if path.suffix == ".msgpack" else msgspec.json.decode
    try:
        template = decode(raw, type=Template)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: not a site template: {error}") from error
    if template.version != VERSION:
        raise TemplateError(f"{path}: template version {template.version}, this program reads {VERSION}")
    if template.bin_hz <= 0:
        raise TemplateError(f"{path}: not a site template: bin_hz must be above 0")
    _check_lengths(path, template)
    return template


def _check_lengths(path: Path, template: Template) -> None:
    names = {*(f"p{p}" for p in PERCENTILES), "max"}
    for stretch in template.stretches:
        for hour in stretch.hours:
            lists = [*hour.percentiles.values(), hour.occupancy]
            if set(hour.percentiles) != names or any(len(one) != stretch.n_bins for one in lists):
                raise TemplateError(
                    f"{path}: not a site template: hour {hour.hour} of the stretch at "
                    f"{stretch.first_bin * template.bin_hz / 1e6:.4f} MHz does not have {stretch.n_bins} bins"
                )


def write(path: Path, template: Template) -> None:
    """Write `template` to `path`, whole or not at all; a frozen one there is left alone.

    Raises
    ------
    TemplateError
    """
    refuse_frozen(path)
    encode = msgspec.msgpack.encode if path.suffix == ".msgpack" else msgspec.json.encode
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with os.fdopen(handle, "wb") as file:
            file.write(encode(template))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror or error}") from error


def refuse_frozen(path: Path) -> None:
    """Raise `TemplateError` if `path` holds a frozen template."""
    if not path.exists():
        return
    try:
        there = read(path)
    except TemplateError:
        return
    if there.frozen_at is not None:
        raise TemplateError(f"{path}: frozen since {there.frozen_at:%Y-%m-%d %H:%M} UTC; choose another name")
