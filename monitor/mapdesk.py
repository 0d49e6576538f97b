"""The map for people: venues, sensors, what it is drawn on, and the area that an emission may come from."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from monitor.area import located
from monitor.config.model import Sensor
from monitor.geo import FlatMap, SensorSite
from monitor.mapfile import Ground, PlanPicture
from monitor.people.scope import Scope
from monitor.server.map_views import AreaView, MapPlan, MapSensor, MapVenue, MapView, SensorLevel
from monitor.server.views import AlertDetail
from monitor.timetable import Timetable

WINDOW = timedelta(minutes=10)
"""Levels of one alert that are older than its newest by more are left out: a car has moved by then."""


class MapDesk:
    """What the configuration says of places, put together with what was heard."""

    def __init__(self, sensors: Sequence[Sensor], timetable: Timetable, ground: Ground) -> None:
        self._sensors = {sensor.id: sensor for sensor in sensors}
        self._timetable = timetable
        self._ground = ground
        placed = {one.id: one.position for one in sensors if one.position is not None}
        n = max(1, len(placed))
        self._flat = (
            FlatMap(
                sum(one.lat for one in placed.values()) / n,
                sum(one.lon for one in placed.values()) / n,
            )
            if placed
            else FlatMap()
        )
        # Offsets are taken off with the gain, before the levels are shown.
        self._sites = {
            name: SensorSite(name, *self._flat.place(one.lat, one.lon)) for name, one in placed.items()
        }

    @property
    def plan(self) -> PlanPicture | None:
        return self._ground.plan

    def view(self, scope: Scope) -> MapView:
        """What somebody with `scope` is shown."""
        plan = self._ground.plan
        return MapView(
            plan=MapPlan(corners=[(one.lat, one.lon) for one in plan.corners]) if plan is not None else None,
            outlines={"type": "FeatureCollection", "features": list(self._ground.outlines)},
            venues=[
                MapVenue(
                    id=venue,
                    name_en=name.en,
                    name_zh=name.zh,
                    lat=place.lat if place is not None else None,
                    lon=place.lon if place is not None else None,
                )
                for venue, name in self._timetable.venues.items()
                if scope.holds(venue)
                for place in (self._timetable.places.get(venue),)
            ],
            sensors=[
                MapSensor(
                    id=one.id,
                    venue=one.venue,
                    lat=one.position.lat if one.position is not None else None,
                    lon=one.position.lon if one.position is not None else None,
                )
                for one in self._sensors.values()
                if scope.holds(one.venue)
            ],
        )

    async def area(self, alert: AlertDetail) -> AreaView:
        """Where the emission of `alert` may come from, or in words why that cannot be told."""
        read = levels_of(alert.events)
        shown = {name: [self._level(name, level) for level in levels] for name, levels in read.items()}
        told = [self._told(name, levels) for name, levels in shown.items()]
        told.sort(key=lambda one: -one.level_db)
        usable = {name: levels for name, levels in shown.items() if name in self._sites}
        if not told:
            return _nothing(
                "no-levels",
                told,
                "only an emission that a sensor has heard has levels",
                "只有传感器收到的信号才有电平",
            )
        if not usable:
            lost = ", ".join(sorted(read))
            return _nothing(
                "no-positions",
                told,
                f"the configuration does not say where {lost} stands (position:)",
                f"配置中没有 {lost} 的位置（position:）",
            )
        center_hz = alert.event.get("center_hz")
        features, result = await asyncio.to_thread(
            located,
            None,
            center_hz if isinstance(center_hz, float) else None,
            usable,
            self._sites,
            self._flat,
        )
        cautions = self._cautions(usable, set(read) - set(usable))
        return _answer(told, features, result, cautions)

    def _level(self, name: str, level: float) -> float:
        sensor = self._sensors.get(name)
        return level if sensor is None else level - (sensor.gain_db or 0.0) - sensor.offset_db

    def _told(self, name: str, levels: Sequence[float]) -> SensorLevel:
        sensor = self._sensors.get(name)
        position = sensor.position if sensor is not None else None
        return SensorLevel(
            sensor=name,
            level_db=round(median(levels), 1),
            n_read=len(levels),
            lat=position.lat if position is not None else None,
            lon=position.lon if position is not None else None,
        )

    def _cautions(self, usable: Mapping[str, object], unplaced: set[str]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        automatic = sorted(name for name in usable if self._sensors[name].gain_db is None)
        if automatic and len(usable) > 1:
            names = ", ".join(automatic)
            found.append(
                (
                    f"{names}: no fixed gain is set, so the levels may not compare",
                    f"{names} 未设固定增益，电平可能不可比较",
                )
            )
        if unplaced:
            names = ", ".join(sorted(unplaced))
            found.append(
                (f"{names} heard it too, but has no position", f"{names} 也收到该信号，但配置中没有其位置")
            )
        return found


def levels_of(events: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Levels in dBFS by sensor, of the events near the newest in time. Pure."""
    heard = [
        (at, str(event["sensor"]), float(event["peak_dbfs"]))
        for event in events
        if event.get("kind") == "radio"
        and event.get("sensor")
        and isinstance(event.get("peak_dbfs"), int | float)
        and (at := _instant(event.get("at"))) is not None
    ]
    newest = max((at for at, _, _ in heard), default=None)
    levels: defaultdict[str, list[float]] = defaultdict(list)
    for at, sensor, level in heard:
        if newest is not None and newest - at <= WINDOW:
            levels[sensor].append(level)
    return dict(levels)


def _instant(value: object) -> datetime | None:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _nothing(status: str, levels: list[SensorLevel], en: str, zh: str) -> AreaView:
    return AreaView(
        status=status,
        en=en,
        zh=zh,
        strongest=levels[0].sensor if levels else None,
        levels=levels,
        confidence=None,
        area_m2=None,
        area={"type": "FeatureCollection", "features": []},
        cautions_en=[],
        cautions_zh=[],
    )


def _answer(
    levels: list[SensorLevel],
    features: list[dict[str, Any]],
    result: Mapping[str, Any],
    cautions: Sequence[tuple[str, str]],
) -> AreaView:
    area = next((one["properties"] for one in features if one["properties"]["kind"] == "area"), None)
    en, zh = result.get("en", ""), result.get("zh", "")
    if area is not None:
        n_blocks = round(area["area_m2"] / area["block_m"] ** 2)
        extent_en = f"{n_blocks} blocks of {area['block_m']:.0f} m, {area['area_m2'] / 1e4:.0f} hectares"
        extent_zh = f"{n_blocks} 个边长 {area['block_m']:.0f} 米的街区，共 {area['area_m2'] / 1e4:.0f} 公顷"
        said_en = (
            f"The sender is in the marked area with {area['confidence']:.0%}: {extent_en}. One time in "
            "ten it is outside. The levels tell a building block, never a house or a room."
        )
        said_zh = (
            f"发射源在标出区域内的概率为 {area['confidence']:.0%}：{extent_zh}。"
            "十次中约有一次在区域之外。电平只能指到街区，不能指到楼栋或房间。"
        )
        more_en = f" {en[0].upper()}{en[1:]}." if en else ""
        en, zh = said_en + more_en, said_zh + (f"{zh}。" if zh else "")
    return AreaView(
        status=str(result["status"]),
        en=en,
        zh=zh,
        strongest=result.get("strongest"),
        levels=levels,
        confidence=area["confidence"] if area is not None else None,
        area_m2=area["area_m2"] if area is not None else None,
        area={"type": "FeatureCollection", "features": features},
        cautions_en=[one for one, _ in cautions],
        cautions_zh=[one for _, one in cautions],
    )
