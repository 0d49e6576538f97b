"""What the map is made of."""

from __future__ import annotations

from typing import Any

from monitor.server.views import View


class MapPlan(View, frozen=True, kw_only=True):
    """The picture of ``/api/map/plan``."""

    corners: list[tuple[float, float]]
    """Latitude and longitude: upper left and lower right, or upper left, upper right and lower left."""


class MapVenue(View, frozen=True, kw_only=True):
    id: str
    name_en: str
    name_zh: str
    lat: float | None
    """None: the timetable does not say where it is."""
    lon: float | None


class MapSensor(View, frozen=True, kw_only=True):
    id: str
    venue: str | None
    lat: float | None
    """None: the configuration does not say where it stands."""
    lon: float | None


class MapView(View, frozen=True, kw_only=True):
    plan: MapPlan | None
    outlines: dict[str, Any]
    """A GeoJSON FeatureCollection; empty where the user gave none."""
    venues: list[MapVenue]
    sensors: list[MapSensor]


class SensorLevel(View, frozen=True, kw_only=True):
    sensor: str
    level_db: float
    """Median of what it read, less its gain and offset: only differences between sensors mean something."""
    n_read: int
    lat: float | None
    lon: float | None


class AreaView(View, frozen=True, kw_only=True):
    """Where an emission may come from, or why that cannot be told."""

    status: str
    """``located``, ``vague``, ``insufficient``, ``no-positions``, ``no-levels``."""
    en: str
    zh: str
    """In words for people: what the area says and what it does not, or what is missing."""
    strongest: str | None
    levels: list[SensorLevel]
    confidence: float | None
    area_m2: float | None
    area: dict[str, Any]
    """A GeoJSON FeatureCollection: the area, and the strongest sensor; empty where neither is known."""
    cautions_en: list[str]
    cautions_zh: list[str]
    """Why the levels may compare badly."""
