"""The spectrum over HTTP: its past, the plan, what is watched and what is not."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor import bandplan
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from monitor.server.spectrum import TUNABLE_HZ, coverage
from monitor.server.views import BandCoverage, BandView, SensorHealth
from monitor.spectrum import HistoryFiles
from sdr.history import History
from sdr.history_feed import Series

PLAN = bandplan.load(Path(__file__).parents[4] / "configs" / "bandplan" / "cn.yml")
NINE = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
N_BINS = 64
QUERY = {
    "from": "2026-06-07T09:00:00+08:00",
    "to": "2026-06-07T09:01:00+08:00",
    "low_hz": "168500000",
    "high_hz": "169500000",
}


@pytest.fixture
async def client(world, tmp_path):
    history = History(tmp_path, "roof")
    series = Series(169_000_000, 1_000_000, N_BINS, 1)
    mean = np.full(N_BINS, 1e-12)
    peak = np.where(np.arange(N_BINS) == 40, 1e-9, mean)
    for second in range(60):
        history.add(series, NINE + timedelta(seconds=second), mean, peak)
    history.close()
    services = ServerServices(
        world.book,
        world.open_evidence,
        world.health,
        lambda: NINE,
        plan=PLAN,
        past=HistoryFiles(tmp_path, ["roof"]),
    )
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield client


async def test_a_stretch_of_the_past_comes_with_its_scale(client):
    async with client.get("/api/sensors/roof/history", params=QUERY) as answer:
        assert answer.status == 200
        view = await answer.json()
    shape = view["n_rows"], view["n_bins"]
    assert shape == (60, N_BINS)
    mean = np.frombuffer(b64decode(view["mean"]), np.uint8).reshape(shape)
    peak = np.frombuffer(b64decode(view["max"]), np.uint8).reshape(shape)
    assert np.all(view["code_1_db"] + (mean - 1.0) * view["step_db"] == -120.0)
    assert np.all(view["code_1_db"] + (peak[:, 40] - 1.0) * view["step_db"] == -90.0)


async def test_where_nobody_listened_the_code_is_0(client):
    later = {**QUERY, "from": "2026-06-07T02:00:00Z", "to": "2026-06-07T03:00:00Z"}
    async with client.get("/api/sensors/roof/history", params=later) as answer:
        view = await answer.json()
    assert set(b64decode(view["mean"])) == {0}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"from": "yesterday"}, "no instant"),
        ({"from": "2026-06-07T09:00:00"}, "time zone"),
        ({"to": "2026-06-07T08:00:00+08:00"}, "end after its start"),
        ({"low_hz": "nan"}, "no frequency"),
        ({"low_hz": "1e400"}, "no frequency"),
        ({"high_hz": "1"}, "high above its low"),
        ({"rows": "0"}, "from 1 to"),
        ({"bins": "99999999999"}, "from 1 to"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_why(client, change, told):
    async with client.get("/api/sensors/roof/history", params={**QUERY, **change}) as answer:
        assert answer.status == 400
        assert told in (await answer.json())["detail"]


async def test_a_sensor_that_is_not_here_is_not_found(client):
    async with client.get("/api/sensors/..%2F..%2Fetc/history", params=QUERY) as answer:
        assert answer.status == 404


async def test_the_band_plan_names_services_in_both_languages(client):
    async with client.get("/api/bandplan") as answer:
        rows = (await answer.json())["rows"]
    quiet = next(row for row in rows if row["low_hz"] == 167e6)
    assert (quiet["service_en"], quiet["service_zh"], quiet["weight"]) == ("broadcasting", "广播", 1.0)
    assert all(row["service_en"] != row["service"] or "-" not in row["service"] for row in rows)


def _sensor(id: str, state: str, low_hz: float, high_hz: float) -> SensorHealth:
    return SensorHealth(
        id=id,
        state=state,
        venue="no1",
        bands=[BandCoverage(low_hz=low_hz, high_hz=high_hz, revisit_s=1.0, intercept_1s=0.6)],
        unwatched=[
            BandView(low_hz=TUNABLE_HZ[0], high_hz=low_hz),
            BandView(low_hz=high_hz, high_hz=TUNABLE_HZ[1]),
        ],
    )


def test_what_one_sensor_of_a_place_hears_is_watched_there():
    view = coverage([_sensor("a", "ok", 167e6, 174e6), _sensor("b", "ok", 170e6, 180e6)], PLAN)
    assert [(one.low_hz, one.high_hz) for one in view.unwatched] == [(24e6, 167e6), (180e6, 1766e6)]
    assert [one.service_zh for one in view.watched] == ["广播", "广播"]
    assert len(view.blind) == 4


def test_a_sensor_that_has_failed_watches_nothing():
    view = coverage([_sensor("a", "failed", 167e6, 174e6)], PLAN)
    assert [(one.low_hz, one.high_hz) for one in view.unwatched] == [TUNABLE_HZ]
    assert not view.watched[0].listening
