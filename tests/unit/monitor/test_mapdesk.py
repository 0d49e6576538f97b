"""The map's words and areas: where a sender may be, or what is missing to tell."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from monitor.config.model import Sensor
from monitor.geo import FlatMap, Place
from monitor.mapdesk import MapDesk, levels_of
from monitor.mapfile import Ground
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.views import AlertDetail, AlertView
from monitor.timetable import Name, Timetable
from tests.unit.monitor.server.conftest import make_alert

AT = datetime(2026, 6, 7, 1, 32, tzinfo=UTC)
FLAT = FlatMap(30.59, 114.30)
PLACES = {"gate": (0.0, 0.0), "hall": (400.0, 0.0), "roof": (0.0, 400.0), "yard": (400.0, 400.0)}
SENDER = (120.0, 150.0)


def sensor(name: str, **more) -> Sensor:
    lon, lat = FLAT.position(*PLACES[name])
    values = {
        "id": name,
        "source": "rtl:0",
        "venue": "no1",
        "gain_db": 20.0,
        "position": {"lat": lat, "lon": lon},
    }
    return Sensor.model_validate({**values, **more})


def heard(name: str, level: float | None = None, at: datetime = AT) -> dict:
    x, y = PLACES[name]
    distance = math.hypot(x - SENDER[0], y - SENDER[1])
    return {
        "kind": "radio",
        "sensor": name,
        "at": at.isoformat(),
        "center_hz": 169e6,
        "peak_dbfs": level if level is not None else 20.0 - 35 * math.log10(distance),
    }


def alert(*events: dict) -> AlertDetail:
    shown = make_alert("f", event={"center_hz": 169e6})
    values = {name: getattr(shown, name) for name in AlertView.__struct_fields__}
    return AlertDetail(**values, events=list(events))


TABLE = Timetable(
    venues={"no1": Name("No. 1", "一中"), "no2": Name("No. 2", "二中")}, places={"no1": Place(30.59, 114.3)}
)


def desk(*names: str, **more) -> MapDesk:
    return MapDesk([sensor(name, **more) for name in names], TABLE, Ground())


def holds(area: dict, x: float, y: float) -> bool:
    lon, lat = FLAT.position(x, y)
    found = next(one for one in area["features"] if one["properties"]["kind"] == "area")
    geometry = found["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    inside = False
    for ring in (ring for polygon in polygons for ring in polygon):
        for (x0, y0), (x1, y1) in pairwise(ring):
            if (y0 > lat) != (y1 > lat) and lon < x0 + (lat - y0) / (y1 - y0) * (x1 - x0):
                inside = not inside
    return inside


async def test_four_sensors_give_an_area_that_holds_the_sender_and_says_how_sure_it_is():
    seen = await desk(*PLACES).area(alert(*(heard(name) for name in PLACES)))
    assert seen.status == "located"
    assert seen.strongest == "gate"
    assert seen.confidence == 0.9
    assert holds(seen.area, *SENDER)
    assert "never a house or a room" in seen.en
    assert "不能指到楼栋或房间" in seen.zh
    assert "90%" in seen.en
    assert seen.cautions_en == []
    assert seen.levels[0].sensor == "gate"


async def test_two_sensors_are_too_few_and_that_is_said_in_both_languages():
    seen = await desk("gate", "hall").area(alert(heard("gate"), heard("hall")))
    assert (seen.status, seen.strongest, seen.area_m2) == ("insufficient", "gate", None)
    assert "3 are needed" in seen.en
    assert "至少需要 3 处" in seen.zh
    assert [one["properties"]["kind"] for one in seen.area["features"]] == ["strongest"]


async def test_without_positions_or_levels_the_reason_is_said():
    lost = MapDesk([Sensor(id="gate", source="rtl:0")], TABLE, Ground())
    seen = await lost.area(alert(heard("gate")))
    assert (seen.status, seen.levels[0].lat) == ("no-positions", None)
    assert "position:" in seen.en
    assert "position:" in seen.zh
    nothing = await desk("gate").area(alert({"kind": "web", "text": "x"}))
    assert (nothing.status, nothing.levels) == ("no-levels", [])


async def test_gain_and_offset_are_taken_off_and_what_compares_badly_is_said():
    louder = MapDesk(
        [sensor("gate", gain_db=40.0, offset_db=3.0), sensor("hall", gain_db=None), sensor("roof")],
        TABLE,
        Ground(),
    )
    seen = await louder.area(
        alert(heard("gate", -30.0), heard("hall", -70.0), heard("roof", -80.0), heard("yard"))
    )
    levels = {one.sensor: one.level_db for one in seen.levels}
    assert (levels["gate"], levels["hall"], levels["roof"]) == (-73.0, -70.0, -100.0)
    assert [text.split(":")[0] for text in seen.cautions_en] == [
        "hall",
        "yard heard it too, but has no position",
    ]
    assert len(seen.cautions_zh) == 2


def test_levels_are_those_near_the_newest_and_nonsense_is_left_out():
    old = AT - timedelta(minutes=11)
    read = levels_of(
        [
            heard("gate", -10.0, old),
            heard("gate", -40.0),
            heard("gate", -44.0, AT - timedelta(minutes=3)),
            {**heard("hall"), "peak_dbfs": None},
            {**heard("roof"), "at": "yesterday"},
            {**heard("yard"), "at": "2026-06-07T01:32:00"},
        ]
    )
    assert read == {"gate": [-40.0, -44.0]}


def test_the_map_shows_what_is_in_scope_and_where_it_is_known():
    made = MapDesk([sensor("gate"), Sensor(id="far", source="rtl:1", venue="no2")], TABLE, Ground())
    whole = made.view(EVERYTHING)
    assert [(one.id, one.lat) for one in whole.venues] == [("no1", 30.59), ("no2", None)]
    assert [one.id for one in whole.sensors] == ["gate", "far"]
    assert whole.sensors[0].lat == pytest.approx(30.59, abs=1e-5)
    part = made.view(Scope(frozenset({"no2"})))
    assert [one.id for one in part.sensors] == ["far"]
    assert [one.name_zh for one in part.venues] == ["二中"]
