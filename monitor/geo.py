"""Degrees and metres over the few kilometres of a city, and the file that says where the sensors stand.

    sensors:
      - {id: gate, lat: 30.5931, lon: 114.3054}
      - {id: hall-b, lat: 30.5920, lon: 114.3071, offset_db: -2.5}

``offset_db`` is what the sensor reads too high. Instead of lat and lon a plan's x and y in metres will do,
for all sensors alike; ``origin: {lat: …, lon: …}`` then says where x and y are 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from monitor import yamltree
from monitor.faults import Fault, InputError

EARTH_M = 6_371_008.8
"""Mean radius; over 50 km the flat map is off by less than a building."""


@dataclass(frozen=True, slots=True)
class SensorSite:
    """Where a sensor stands, on the flat map, and how it reads."""

    id: str
    x_m: float
    y_m: float
    offset_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the earth, in degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class FlatMap:
    """Metres east and north of an origin. Without one, x and y are a plan's own."""

    lat: float | None = None
    lon: float | None = None

    @property
    def is_geographic(self) -> bool:
        return self.lat is not None and self.lon is not None

    def place(self, lat: float, lon: float) -> tuple[float, float]:
        """x and y in metres."""
        if self.lat is None or self.lon is None:
            raise ValueError("a plan without an origin has no degrees")
        return (
            math.radians(lon - self.lon) * EARTH_M * math.cos(math.radians(self.lat)),
            math.radians(lat - self.lat) * EARTH_M,
        )

    def position(self, x_m: float, y_m: float) -> tuple[float, float]:
        """As GeoJSON writes a position: longitude, latitude; x and y on a plan without an origin."""
        if self.lat is None or self.lon is None:
            return round(x_m, 1), round(y_m, 1)
        lon = self.lon + math.degrees(x_m / (EARTH_M * math.cos(math.radians(self.lat))))
        return round(lon, 6), round(self.lat + math.degrees(y_m / EARTH_M), 6)


class _Origin(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lat: float = Field(ge=-85, le=85, validation_alias=AliasChoices("lat", "latitude"))
    lon: float = Field(ge=-180, le=180, validation_alias=AliasChoices("lon", "lng", "longitude"))


class _Sensor(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    id: str = Field(min_length=1)
    lat: float | None = Field(default=None, ge=-85, le=85, validation_alias=AliasChoices("lat", "latitude"))
    lon: float | None = Field(
        default=None, ge=-180, le=180, validation_alias=AliasChoices("lon", "lng", "longitude")
    )
    x: float | None = None
    y: float | None = None
    offset_db: float = 0.0
    name: str | None = None
    venue: str | None = None
    note: str | None = None
    height_m: float | None = None


class _Sensors(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sensors: list[_Sensor] = Field(min_length=1)
    origin: _Origin | None = None


def read_sensors(path: Path) -> tuple[dict[str, SensorSite], FlatMap]:
    """Where the sensors in `path` stand, by id.

    Raises
    ------
    InputError
        With every fault and its line.
    """
    tree = yamltree.read(path)
    in_list = isinstance(tree.value, list)
    if in_list:
        lines = {("sensors", *where): line for where, line in tree.lines.items()}
        tree = yamltree.Tree(path, {"sensors": tree.value}, lines)
    raw = yamltree.validate(tree, _Sensors)
    faults = [
        Fault(str(path), tree.line(("sensors", number)), message)
        for number, one in enumerate(raw.sensors)
        if (message := _fault(one, raw.sensors[:number], raw.sensors[0]))
    ]
    if faults:
        raise InputError(faults)
    flat = _flat_map(raw)
    return {one.id: _site(one, flat) for one in raw.sensors}, flat


def _fault(one: _Sensor, before: list[_Sensor], first: _Sensor) -> str | None:
    if any(other.id == one.id for other in before):
        return f"sensor '{one.id}' stands here twice"
    degrees, metres = (one.lat, one.lon), (one.x, one.y)
    if (None in degrees) == (None in metres):
        return f"sensor '{one.id}' needs lat and lon, or x and y in metres"
    if (None in degrees) != (first.lat is None):
        return "all sensors must be given in degrees, or all in metres"
    return None


def _flat_map(raw: _Sensors) -> FlatMap:
    if raw.origin is not None:
        return FlatMap(raw.origin.lat, raw.origin.lon)
    places = [(one.lat, one.lon) for one in raw.sensors if one.lat is not None and one.lon is not None]
    if not places:
        return FlatMap()
    return FlatMap(sum(lat for lat, _ in places) / len(places), sum(lon for _, lon in places) / len(places))


def _site(one: _Sensor, flat: FlatMap) -> SensorSite:
    if one.lat is not None and one.lon is not None:
        x_m, y_m = flat.place(one.lat, one.lon)
    else:
        x_m, y_m = one.x or 0.0, one.y or 0.0
    return SensorSite(one.id, x_m, y_m, one.offset_db)


def feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    """One GeoJSON feature (RFC 7946)."""
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
