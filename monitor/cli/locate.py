"""``examwatch locate``: from the levels of one emission at several sensors to an area, as GeoJSON.

    {"sensor": "gate", "level_dbfs": -41.2, "center_hz": 169000000, "at": "2026-06-07T01:32:10Z"}
    {"sensor": "hall-b", "peak_dbfs": -52.0, "center_hz": 169000350, …}     a record of scan
    {"sensor": "hall-c", "level_dbm": -80, "emission": "a"}                  named by hand

Lines with the same ``emission`` belong together; without one, those within 12.5 kHz of each other do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from monitor.area import insufficient, located
from monitor.faults import Fault, InputError
from monitor.geo import SensorSite, read_sensors

STDIN = "-"
SAME_HZ = 12_500.0
"""Centres of one sender at receivers that are some ppm apart."""


class _Line(msgspec.Struct):
    sensor: str | int
    level_dbfs: float | None = None
    level_dbm: float | None = None
    level_db: float | None = None
    peak_dbfs: float | None = None
    center_hz: float | None = None
    emission: str | int | None = None

    @property
    def level(self) -> float | None:
        given = (self.level_dbm, self.level_dbfs, self.level_db, self.peak_dbfs)
        return next((value for value in given if value is not None), None)


@dataclass(slots=True)
class _Emission:
    """Levels that are taken for one sender."""

    name: str | None
    center_hz: float | None
    levels: dict[str, list[float]]


def locate(
    levels: Annotated[str, typer.Argument(metavar="LEVELS", help="One JSON object a line; - for stdin.")],
    sensors: Annotated[Path, typer.Option("--sensors", help="Where the sensors stand, as YAML.")],
) -> None:
    """Where an emission may come from: a GeoJSON area that holds it with 90 %. 由多站电平估计发射源区域。

    Example: examwatch locate levels.jsonl --sensors sensors.yml > area.geojson
    """
    sites, flat = read_sensors(sensors)
    faults: list[Fault] = []
    features: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for emission in _emissions(levels, sites, faults):
        found, result = located(emission.name, emission.center_hz, emission.levels, sites, flat)
        features += found
        results.append(result)
    if not results:
        results.append(insufficient(None, None, 0))
    for result in results:
        if result["status"] != "located":
            sys.stderr.write(f"{levels}: {result['en']} / {result['zh']}\n")
    is_located = any(result["status"] == "located" for result in results)
    status = "located" if is_located else results[0]["status"]
    collection = {"type": "FeatureCollection", "status": status, "features": features, "results": results}
    if not flat.is_geographic:
        collection["note"] = "coordinates are metres on the plan of the sensors' file, not degrees"
    sys.stdout.write(msgspec.json.encode(collection).decode() + "\n")
    if faults:
        sys.stdout.flush()
        raise InputError(faults)


def _emissions(file: str, sites: dict[str, SensorSite], faults: list[Fault]) -> list[_Emission]:
    """Lines of one sender put together; a line that cannot be used is added to `faults`."""
    named: dict[str, _Emission] = {}
    unnamed: list[_Emission] = []
    for number, line in _lines(file, faults):
        sensor = str(line.sensor)
        level = line.level
        if sensor not in sites:
            faults.append(Fault(file, number, f"sensor '{sensor}' is not in the sensors' file"))
            continue
        if level is None:
            faults.append(Fault(file, number, "no level: level_dbfs, level_dbm or peak_dbfs"))
            continue
        if line.emission is not None:
            key = str(line.emission)
            emission = named.setdefault(key, _Emission(key, line.center_hz, {}))
        else:
            emission = _near(unnamed, line.center_hz)
        emission.levels.setdefault(sensor, []).append(level)
    return [*named.values(), *unnamed]


def _near(unnamed: list[_Emission], center_hz: float | None) -> _Emission:
    for emission in unnamed:
        if emission.center_hz is None or center_hz is None:
            if emission.center_hz is center_hz:
                return emission
        elif abs(emission.center_hz - center_hz) <= SAME_HZ:
            return emission
    name = f"{center_hz / 1e6:.4f} MHz" if center_hz is not None else None
    unnamed.append(_Emission(name, center_hz, {}))
    return unnamed[-1]


def _lines(file: str, faults: list[Fault]) -> Iterator[tuple[int, _Line]]:
    if file == STDIN:
        raw = sys.stdin.buffer.read()
    else:
        try:
            raw = Path(file).read_bytes()
        except OSError as error:
            raise InputError([Fault(file, 0, error.strerror or str(error))]) from None
    for number, text in enumerate(raw.splitlines(), 1):
        if not text.strip():
            continue
        try:
            record = msgspec.json.decode(text)
            if isinstance(record, dict) and record.get("type") not in (None, "emission", "level"):
                continue
            line = msgspec.convert(record, _Line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            faults.append(Fault(file, number, f"no level: {error}"))
            continue
        yield number, line
