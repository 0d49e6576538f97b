"""A site's survey over HTTP: asked with a band, answered with nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.people.scope import Scope
from monitor.server import spectrum
from monitor.server.spectrum_views import TemplateView
from tests.unit.monitor.server.conftest import NOON


class Surveys:
    def __init__(self) -> None:
        self.asked = []

    async def view(self, query):
        self.asked.append(query)
        if query.sensor != "roof":
            return None
        return TemplateView(
            surveyed_at=NOON, hour=4, low_hz=query.low_hz, bin_hz=12_500.0,
            p50=[-140.0, None], p90=[-139.0, None], max=[-120.0, None], settings_differ=[],
        )  # fmt: skip


@pytest.fixture
def surveys(world, monkeypatch):
    found = Surveys()
    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), templates=found))
    return found


async def test_the_survey_of_a_band_is_answered_and_none_where_there_was_none(surveys, client):
    answer = await client.get("/api/sensors/roof/template?low_hz=169e6&high_hz=169.1e6&bins=50")
    assert answer.status == 200
    template = (await answer.json())["template"]
    assert (template["p50"], template["hour"]) == ([-140.0, None], 4)
    (query,) = surveys.asked
    assert (query.low_hz, query.high_hz, query.n_bins, query.at) == (169e6, 169.1e6, 50, NOON)
    answer = await client.get("/api/sensors/gate/template?low_hz=1&high_hz=2")
    assert await answer.json() == {"template": None}


@pytest.mark.parametrize(
    "asked", ["", "low_hz=2&high_hz=1", "low_hz=1&high_hz=3e9", "low_hz=1&high_hz=2&bins=0"]
)
async def test_a_band_that_is_none_is_refused(surveys, client, asked):
    answer = await client.get(f"/api/sensors/roof/template?{asked}")
    assert (answer.status, (await answer.json())["code"]) == (400, "bad-parameter")


async def test_what_a_sensor_of_another_venue_hears_is_not_told(surveys, world, connect, monkeypatch):
    class Roof:
        venue = "no1"

    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), held={"roof": Roof()}))
    monkeypatch.setattr(spectrum, "scope_of", lambda _request: Scope(frozenset({"no2"})))
    client = await connect()
    band = "low_hz=169e6&high_hz=169.1e6"
    past = f"{band}&from=2026-06-07T01:00:00Z&to=2026-06-07T02:00:00Z"
    for path in (f"template?{band}", f"history?{past}"):
        assert (await client.get(f"/api/sensors/roof/{path}")).status == 404
    assert surveys.asked == []
