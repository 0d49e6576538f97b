"""The map over HTTP: the plan is a picture and nothing else, an area is refused for what one may not see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.geo import Place
from monitor.mapdesk import MapDesk
from monitor.mapfile import Ground, PlanPicture
from monitor.timetable import Name, Timetable
from tests.unit.monitor.server.conftest import make_alert

TABLE = Timetable(venues={"v": Name("V", "考点")})


@pytest.fixture
def with_map(world, monkeypatch, tmp_path):
    path = tmp_path / "plan.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    picture = PlanPicture(path, "image/svg+xml", (Place(30.6, 114.3), Place(30.5, 114.4)))
    plain = world.services
    ground = Ground(picture, ({"type": "Feature", "geometry": {}, "properties": {}},))
    monkeypatch.setattr(world, "services", lambda: replace(plain(), map=MapDesk([], TABLE, ground)))
    return path


async def test_the_plan_and_its_corners_are_served_and_a_page_of_it_may_do_nothing(with_map, client):
    shown = await (await client.get("/api/map")).json()
    assert shown["plan"] == {"corners": [[30.6, 114.3], [30.5, 114.4]]}
    assert len(shown["outlines"]["features"]) == 1
    answer = await client.get("/api/map/plan")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with_map.unlink()
    assert (await client.get("/api/map/plan")).status == 404


async def test_an_area_is_told_or_why_there_is_none(with_map, client, world):
    world.book.put(make_alert("a"))
    told = await (await client.get("/api/alerts/a/area")).json()
    assert told["status"] == "no-levels"
    assert told["en"]
    assert told["zh"]
    assert (await client.get("/api/alerts/nothing/area")).status == 404


async def test_without_places_that_is_said(client):
    answer = await client.get("/api/map")
    assert (answer.status, (await answer.json())["code"]) == (409, "no-map")
